"""Scenes from a STAC catalogue: found, locked, downloaded."""
