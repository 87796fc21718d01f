"""A small kubelet and kube-proxy: pods of the simulated cluster that run as real processes of this machine.

Pods that carry the label `luxima.id/slot` are left alone by kwok (`stages`) and taken over here, on whatever simulated
node the scheduler put them. Which program stands for which image is said by the image table (`table`); everything else
about a pod is done by the real Deployment controller, scheduler and EndpointSlice controller.

The API server refuses endpoints on loopback, so a pod has the address 10.42.x.y and its process listens on 127.42.x.y;
the same holds for Services (`addresses`).
"""
