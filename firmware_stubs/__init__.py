"""Simulated devices of a pod that speak the real protocols; independent of edgeagent."""
