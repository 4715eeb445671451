"""The viewer: one HTML file with all layers of a site, which needs no network."""
