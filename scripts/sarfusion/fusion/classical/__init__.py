"""The methods without training, in the module of their protocol."""
