"""What the pod sets: outlets and loads. Only the executor calls `apply`."""
