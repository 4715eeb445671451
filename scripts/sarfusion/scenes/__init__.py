"""Raw scenes: their sources, formats and units."""
