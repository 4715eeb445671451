"""How bands are fused: networks and methods without training."""
