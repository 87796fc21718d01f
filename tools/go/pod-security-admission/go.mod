module tools/pod-security-admission

go 1.25.0

require k8s.io/pod-security-admission v0.36.3
