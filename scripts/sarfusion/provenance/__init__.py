"""Provenance of results: versions of the code, facts of the run, and its RO-Crate."""
