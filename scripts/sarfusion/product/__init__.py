"""The cloud-free picture of a site: clouds filled by a trained method, with its uncertainty."""
