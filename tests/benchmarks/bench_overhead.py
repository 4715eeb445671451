"""Where the time of a study goes, in a run from nothing; run by hand.

    python tests/benchmarks/bench_overhead.py [config/demo.yaml]

Runs Snakemake as `./reproduce` does, on all cores, in a folder of its own, which is deleted. The
table is in seconds of a core: with two cores there are two of them in each second of the clock.
What is left when the jobs are taken off is Snakemake's own (reading rules, choosing jobs), and
cores with nothing to do.
"""

import argparse
import csv
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/benchmarks")]

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
STAGES = {  # by the first word of a rule
    "fuse": "fusing",
    "evaluate": "scoring",
    "compare": "scoring",
    "plot": "figures",
    "simulate": "making the scenes",
}


def costs_of_jobs(results, column):
    """Return {rule: [number of each job]}: a column of the tables of Snakemake's benchmarks."""
    jobs = {}
    for path in (results / "benchmarks").rglob("*.tsv"):
        with path.open() as table:
            rule = path.relative_to(results / "benchmarks").parts[0].removesuffix(".tsv")
            number = next(csv.DictReader(table, delimiter="\t"))[column]
            jobs.setdefault(rule, []).append(0 if number == "NA" else float(number))
    return jobs


def shares(results, elapsed):
    """Return {what: seconds of a core}, which add up to all that the cores had."""
    jobs = costs_of_jobs(results, "s")
    found = Counter()
    for rule, seconds in jobs.items():
        found[STAGES.get(rule.split("_")[0], "other steps")] += sum(seconds)
    starts = Counter()
    for path in (results / "logs").rglob("*.log"):
        rule = path.relative_to(results / "logs").parts[0].removesuffix(".log")
        said = re.search(r"^started in ([\d.]+) s$", path.read_text(), re.MULTILINE)
        if said and rule in jobs:
            starts[STAGES.get(rule.split("_")[0], "other steps")] += float(said[1])
    records = [json.loads(path.read_text()) for path in (results / "models").rglob("*.json")]
    training = sum(record["training_seconds"] for record in records)
    found.subtract(starts)
    found["other steps"] -= training
    found["training"] = training
    processes = sum(map(len, jobs.values()))
    found[f"starts and imports, {processes} jobs"] = starts.total()
    found["Snakemake, and cores without work"] = CORES * elapsed - found.total()
    return found


def time_study(study, name):
    """Run a study file and print its table. name: of what was run, for the line below it."""
    from children import table

    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, ROOT / "command/terminal/snakemake_with.py", "plain"]
        command += [
            "--snakefile",
            ROOT / "Snakefile",
            "--configfile",
            study,
            "--directory",
            folder,
            "--cores",
            str(CORES),
        ]
        start = time.perf_counter()
        if subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode:
            sys.exit("error: the study failed; the message of Snakemake is above")
        elapsed = time.perf_counter() - start
        (results,) = (Path(folder) / "results").iterdir()
        found = shares(results, elapsed)
        memory = max(map(max, costs_of_jobs(results, "max_rss").values())) * 2**20
    rows = [(what, f"{s:.0f}", f"{s / found.total():.0%}") for what, s in found.most_common()]
    print(table([("where the time goes", "seconds of a core", "share"), *rows]))
    print(f"\n{name}: {elapsed:.0f} s on {CORES} cores, at most {memory / 1e9:.1f} GB in a job.")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("study", nargs="?", default="config/demo.yaml")
    study = parser.parse_args().study
    time_study(ROOT / study, study)
