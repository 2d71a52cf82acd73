"""Autonomy: from the image to outputs, by tables."""
