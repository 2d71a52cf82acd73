"""What the pod's readings say together: power of the feeds, room if one is lost, where water condenses."""
