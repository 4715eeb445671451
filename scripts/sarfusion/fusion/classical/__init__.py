"""The methods without training, each in the module of its protocol."""
