"""What Snakemake passes to conda, recorded by a stand-in that only makes empty folders."""

import os
import re

import pytest

CONDA = """#!/bin/sh
case "$*" in
    --version) echo conda 26.7.0 ;;
    "info --json") echo '{"conda_prefix": "PREFIX", "platform": "linux-64"}' ;;
    "config --get "*) echo '{"get": {"channel_priority": "strict"}}' ;;
    "create "*.pin.txt*) mkdir -p "$(echo "$*" | sed 's/.*--prefix \\([^ ]*\\).*/\\1/')" ;;
    "clean "*) ;;
    *) exit 1 ;;
esac
"""
PYTHON = """#!/bin/sh
echo "$@"
cat
"""


@pytest.fixture
def conda(tmp_path, monkeypatch):
    """A command `conda` that can create environments from pins, and from nothing else.

    They contain only a `python` that records its arguments and input; this file is returned.
    """
    told = tmp_path / "told.txt"
    commands = {"conda": CONDA.replace("PREFIX", str(tmp_path)), "activate": ""}
    commands["python"] = PYTHON.replace('"$@"', f'"$@" >> {told}').replace("cat", f"cat >> {told}")
    for name, text in commands.items():
        command = tmp_path / "bin" / name
        command.parent.mkdir(exist_ok=True)
        command.write_text(text)
        command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{command.parent}{os.pathsep}{os.environ['PATH']}")
    return told


@pytest.mark.parametrize(
    ("device", "training"), [("auto", "train"), ("cpu", "train"), ("cuda", "train-cuda")]
)
def test_snakemake_takes_the_pins_and_the_study_chooses_cuda(project, conda, device, training):
    printed = project.run(
        *("--sdm", "conda", "--conda-create-envs-only"), change={"training": {"device": device}}
    )
    pins = re.findall(r"Using pinnings from .+/envs/(.+)\.linux-64\.pin\.txt", printed)
    assert set(pins) >= {"data", "figures", "metrics", "paper", training}
    assert [name for name in pins if name.startswith("train")] == [training]
    assert len(pins) == printed.count("Creating conda environment")
    assert "Failed to install" not in printed
    # Once, in the environment of the paper: what conda-forge does not have.
    assert conda.read_text().count("pip install") == 1
    assert "--require-hashes" in conda.read_text()
    assert "typst==" in conda.read_text()
