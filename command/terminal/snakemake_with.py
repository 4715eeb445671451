"""Snakemake, with one of the loggers in this folder, for `reproduce`.

    python command/terminal/snakemake_with.py LOGGER ARGUMENTS OF SNAKEMAKE

The folder of this file is on Python's path, so that Snakemake finds its plugins there. The logger
is not left among the arguments of the process: these are recorded, and hold without it too.
"""

import sys

from snakemake.cli import main

main(["--logger", sys.argv.pop(1), *sys.argv[1:]])
