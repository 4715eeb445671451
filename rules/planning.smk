# Faster planning of many sites; tests/benchmarks/bench_scale.py measures it. No rules.

import functools
import re
from itertools import groupby

import smart_open

# Snakemake parses the path of each script three times per job, and smart_open makes a class for
# each result: with many sites, a fifth of the memory.
smart_open.parse_uri = functools.cache(smart_open.parse_uri)


def one_of(names):
    """Return a wildcard constraint that matches `names`, and nothing if there are none."""
    return tree_of(sorted(set(names))) if names else r"(?!)"


def tree_of(names):
    """Return a regular expression of sorted names as a tree of their letters.

    Snakemake matches each file many times. In a plain list of alternatives it would try every name.
    """
    branches = [
        re.escape(letter) + tree_of([name[1:] for name in group]) if letter else ""
        for letter, group in groupby(names, key=lambda name: name[:1])
    ]
    return branches[0] if len(branches) == 1 else f"(?:{'|'.join(reversed(branches))})"
