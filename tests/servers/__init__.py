"""Servers on loopback, and the made scenes that they serve."""
