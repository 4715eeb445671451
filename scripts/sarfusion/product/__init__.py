"""The cloud-free image of a site: clouds filled by a trained method, with its uncertainty."""
