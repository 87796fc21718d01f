"""The outside world on one machine: the servers that the platform needs, and the engine that drives them.

`python -m sandbox up --stack dev` starts a Kubernetes control plane, an object store, a Proxmox API and a DNS server on
loopback and runs this checkout's own program against them. Nothing here is needed by a real deployment.
"""
