"""The library of the study: pure functions and small classes that know nothing of Snakemake."""
