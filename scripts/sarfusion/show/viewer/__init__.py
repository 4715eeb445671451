"""The viewer: one HTML file that shows every layer of a site and needs no network."""
