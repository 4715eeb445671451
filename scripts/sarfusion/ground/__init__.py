"""Ground and grids: split, patches, gaps, degradation, normalisation."""
