"""Raw scenes: where they come from and what their numbers mean."""
