"""What Snakemake asks of conda, told by a stand-in for conda that only makes empty folders."""

import os
import re

import pytest

CONDA = """#!/bin/sh
case "$*" in
    --version) echo conda 26.7.0 ;;
    "info --json") echo '{"conda_prefix": "/nowhere", "platform": "linux-64"}' ;;
    "config --get "*) echo '{"get": {"channel_priority": "strict"}}' ;;
    "create "*.pin.txt*) mkdir -p "$(echo "$*" | sed 's/.*--prefix \\([^ ]*\\).*/\\1/')" ;;
    "clean "*) ;;
    *) exit 1 ;;
esac
"""


@pytest.fixture
def conda(tmp_path, monkeypatch):
    """A command `conda` that can create environments from pins, and from nothing else."""
    command = tmp_path / "bin/conda"
    command.parent.mkdir()
    command.write_text(CONDA)
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{command.parent}{os.pathsep}{os.environ['PATH']}")


@pytest.mark.parametrize(
    ("device", "training"), [("auto", "train"), ("cpu", "train"), ("cuda", "train-cuda")]
)
@pytest.mark.usefixtures("conda")
def test_snakemake_takes_the_pins_and_the_study_chooses_cuda(project, device, training):
    printed = project.run(
        *("--sdm", "conda", "--conda-create-envs-only"), change={"training": {"device": device}}
    )
    pins = re.findall(r"Using pinnings from .+/envs/(.+)\.linux-64\.pin\.txt", printed)
    assert set(pins) >= {"data", "figures", "metrics", training}
    assert [name for name in pins if name.startswith("train")] == [training]
    assert len(pins) == printed.count("Creating conda environment")
    assert "Failed to install" not in printed
