"""Overhead of a job: on this machine, and through a real Slurm on it; run by hand.

    python tests/benchmarks/bench_cluster.py [--jobs 24]

Needs root and Debian's slurm-wlm and munge. The jobs do nothing, two at a time, so that all the
time is overhead: of Slurm, and of Snakemake, which starts anew in every Slurm job and for each rule
in it. Snakemake looks at Slurm jobs twice a second here; else it waits 40 s before the first look,
and then up to 3 minutes between looks that find nothing new.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[folder]) for folder in (0, 1)]

SNAKEFILE = """\
rule all:
    input:
        expand("done/{n}", n=range(NUMBER)),

rule nothing:
    output:
        "done/{n}",
    threads: 1
    resources:
        mem_mb=500,
        runtime=30,
    shell:
        "touch {output}"
"""
SLURM = [
    *("--executor", "slurm", "--cores", "2", "--jobs", "2", "--latency-wait", "10"),
    *("--slurm-status-command", "squeue", "--slurm-init-seconds-before-status-checks", "1"),
]


def contenders(number):
    """Return {what: options of Snakemake}."""
    half = f"many={(number + 1) // 2}"
    return {
        "this machine": ["--cores", "2"],
        "Slurm, a job of its own for each": SLURM,
        "Slurm, two groups": [*SLURM, "--groups", "nothing=many", "--group-components", half],
    }


def seconds(options, number, cluster):
    """Return how long a run of `number` jobs took."""
    from slurm_study import write_hasty_python

    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        (folder / "Snakefile").write_text(SNAKEFILE.replace("NUMBER", str(number)))
        python = write_hasty_python(folder / "python")
        command = [python, "-m", "snakemake", "--quiet", "all", *options]
        start = time.perf_counter()
        subprocess.run(command, cwd=folder, env=cluster.environment, check=True)
        elapsed = time.perf_counter() - start
        assert len(list((folder / "done").iterdir())) == number
        return elapsed


def main(number):
    """Run all contenders and print the table."""
    from children import table
    from servers.slurm import run_cluster, why_not

    if reason := why_not():
        print(f"Not measured: {reason}")
        return
    rows = [("where", "jobs", "whole run (s)", "overhead of a job (s)")]
    with run_cluster() as cluster:
        for what, options in contenders(number).items():
            empty, full = (seconds(options, n, cluster) for n in (2, number))
            each = 2 * (full - empty) / (number - 2)  # two at a time
            rows.append((what, number, f"{full:.1f}", f"{each:.2f}"))
    print(table(rows))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=24)
    main(parser.parse_args().jobs)
