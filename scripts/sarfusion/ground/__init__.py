"""Ground and grids: split, patches, gaps, degraded bands, scaling."""
