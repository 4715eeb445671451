"""Fusing bands: networks, and methods without training."""
