# What makes the planning of many sites fast. No rules. tests/benchmarks/bench_scale.py times it.

import functools
import gc
import re
from itertools import groupby

import smart_open

# The plan of many sites is millions of objects, all of which stay: searching them for garbage takes
# long. The Snakefile has it begin before the first job; as a module, it is not asked.
if not workflow.modifier.is_module:
    gc.disable()
# Snakemake has the path of each script taken apart three times a job, and smart_open makes a class
# for each answer: a fifth of the memory of many sites.
smart_open.parse_uri = functools.cache(smart_open.parse_uri)


def one_of(names):
    """A wildcard constraint: one of `names`, or nothing at all."""
    return tree_of(sorted(set(names))) if names else r"(?!)"


def tree_of(names):
    """The pattern of one of some sorted names, letter by letter.

    Each file is matched against it many times, and of a plain list every name would be tried.
    """
    branches = [
        re.escape(letter) + tree_of([name[1:] for name in group]) if letter else ""
        for letter, group in groupby(names, key=lambda name: name[:1])
    ]
    return branches[0] if len(branches) == 1 else f"(?:{'|'.join(reversed(branches))})"
