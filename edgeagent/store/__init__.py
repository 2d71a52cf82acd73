"""The store: records kept on the pod's own disk until the NOC holds them, and what must survive a power cut."""
