"""What was run, and on which machine, as tables of the paper."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from ...study.methods import method_label
from .texts import listed, number, table_of, whole


def describe_run(
    run: Mapping[str, Any], times: pd.DataFrame, sums: Sequence[tuple[str, int, str]]
) -> dict[str, Any]:
    """Return the command, facts on the run and the machine, times of training, and checksums.

    run, sums: see `content`; times: the table of training times in seconds.
    """
    machine = run["machine"]
    facts = {
        "sarfusion": run["version"],
        "commit": run["commit"] or "not known",
        "Snakemake": run["engine"],
        "system": machine["system"],
        "processor": machine["processor"],
        "cores": str(machine["cores"]),
        "memory": f"{number(machine['memory_bytes'] / 2**30)} GiB"
        if machine["memory_bytes"]
        else "not known",
        "trained on": listed(sorted(set(times["device"]))) or "nothing",
    }
    versions = ", ".join(f"{name} {version}" for name, version in run["packages"].items())
    return {
        "command": run["command"] or "(not known)",
        "facts": table_of(
            ["", "of the run and of the machine that typeset this paper"],
            [list(row) for row in facts.items()],
        ),
        "versions": f"{versions}."
        if versions
        else "Each job ran in the conda environment of its rule, whose pin (envs/*.pin.txt) names"
        " every version.",
        "times": table_of(
            ["protocol", "method", "trainings", "mean (s)", "shortest", "longest"],
            [
                [
                    row["protocol"].replace("_", " "),
                    method_label(row["model"], row["input"]),
                    whole(row["models"]),
                    *(f"{row[key]:.1f}" for key in ("mean", "min", "max")),
                ]
                for row in times.to_dict("records")
            ],
            left=2,
        ),
        "sums": table_of(
            ["file", "bytes", "SHA-256"],
            [[path, whole(size), digest] for path, size, digest in sums],
            left=1,
            names=[2],
        ),
    }
