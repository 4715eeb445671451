"""Describe what was run, on what data, by whom and when: the study's settings, and a crate."""

from sarfusion.core.job import run

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from sarfusion.core.files import read_json, write_text
from sarfusion.core.version import project_version
from sarfusion.provenance import facts
from sarfusion.provenance.crate import CONFIG, write_crate
from sarfusion.study.config import read_study


def main(
    *,
    study: Mapping[str, Any],
    steps: Sequence[facts.Step],
    kept: Sequence[str],
    lock: Sequence[str],
    shards: Sequence[str],
    results: str,
    engine: str,
    conda: bool,
    config: str,
    crate: str,
) -> None:
    """Save the study's settings as a file that can be run, and write the crate.

    steps: how each file was made (see facts.describe_files); kept: the results to copy into the
    crate; lock: the lock files of the study, one or none; shards: files with the steps of shards
    (note_steps.py); results: folder of the study's results; engine: version of Snakemake; conda:
    whether each job ran in the conda environment of its rule.
    """
    plain = json.loads(json.dumps(study))  # or YAML writes repeated objects as `*id001`
    write_text(config, yaml.safe_dump(plain, allow_unicode=True, sort_keys=False))
    read_study(config)
    steps = facts.merged([steps, *map(read_json, shards)])
    sources = facts.source_files()
    copies = {
        **{os.path.relpath(path): str(path.relative_to(facts.ROOT)) for path in sources},
        **{path: f"config/{Path(path).name}" for path in lock},
        **{path: str(Path(path).relative_to(results)) for path in kept},
        config: CONFIG,
    }
    run = {
        "study": study,
        "steps": steps,
        "command": os.environ.get("SARFUSION_COMMAND", "")
        + (" (each job in the conda environment of its rule)" * conda),
        "engine": engine,
        # The packages in the conda environments of other rules cannot be seen from here.
        "packages": {} if conda else facts.packages(),
        "version": project_version(),
        "commit": facts.commit(),
        "agent": facts.user_name(),
    }
    write_crate(crate, run, copies, facts.describe_files(steps))


if __name__ == "__main__":
    run(main, snakemake)
