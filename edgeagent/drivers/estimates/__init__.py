"""What a device's own readings say about each other: implausible ones are marked, and more is derived from them."""
