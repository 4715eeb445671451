"""What Snakemake passes to Apptainer, recorded by a stand-in that then fails."""

import os
import re
from pathlib import Path

APPTAINER = """#!/bin/sh
if [ "$1" = --version ]; then
    echo "apptainer version 1.4.5"
else
    echo "$*" >>"{calls}"
    exit 1
fi
"""


def test_rules_run_in_the_image_that_the_study_names(project, tmp_path, monkeypatch):
    calls, command = tmp_path / "calls", tmp_path / "bin/apptainer"
    command.parent.mkdir()
    command.write_text(APPTAINER.format(calls=calls))
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{command.parent}{os.pathsep}{os.environ['PATH']}")
    apptainer = lambda: project.run(  # noqa: E731
        "--sdm", "apptainer", change={"container": "city.sif"}, fails=True
    )
    assert "container: no such image: city.sif; envs/apptainer.def says how to" in apptainer()
    (project.folder / "city.sif").touch()
    apptainer()
    asked = calls.read_text()
    assert asked.startswith("exec ")
    assert " city.sif bash -c " in asked
    assert "simulate_scene.py" in asked
    # The library is found where it is, beside config/, and not under the name of a mount.
    mounted = re.findall(r"--bind (\S+):/mnt/snakemake_searchpaths/", asked)
    assert mounted
    assert not [folder for folder in mounted if Path(folder, "sarfusion").exists()]
