"""Run Snakemake with one of the loggers in this folder, for `reproduce`.

    python command/terminal/snakemake_with.py LOGGER ARGUMENTS OF SNAKEMAKE

The folder of this file is on Python's path, so Snakemake finds the loggers as plugins. LOGGER is
removed from the arguments of the process: Snakemake records these, and they must work without it.
"""

import sys

from snakemake.cli import main

main(["--logger", sys.argv.pop(1), *sys.argv[1:]])
