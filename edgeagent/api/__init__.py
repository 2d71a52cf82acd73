"""The local API: liveness, metrics and the pod's status, on a Unix socket and on loopback."""
