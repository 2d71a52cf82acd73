"""Devices we read: drivers, their settings, and the poller that keeps each on its own schedule."""
