import shutil

import pytest
from reproduce_command import (
    COMMANDS,
    ROOT,
    archives,
    environment,
    filling,
    refer,
    references,
    reproduce,
    studies,
    verifying,
)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A copy of the command with two studies, and everything in this process pointed at it."""
    shutil.copy(ROOT / "reproduce", tmp_path)
    for part in ("command", "envs"):
        unwanted = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / part, tmp_path / part, ignore=unwanted)
    (tmp_path / "scripts/sarfusion/core").mkdir(parents=True)
    for module in ("__init__", "core/__init__", "core/variables", "core/version"):
        path = f"scripts/sarfusion/{module}.py"
        shutil.copy(ROOT / path, tmp_path / path)
    (tmp_path / "config").mkdir()
    (tmp_path / "config/demo.yaml").write_text("# first\nstudy: demo  # a demo\n")
    (tmp_path / "config/city.yaml").write_text("study: 'rio'\n")
    (tmp_path / "config/sites.yaml").write_text("sites:\n  study: no\n")
    for module in (reproduce, *COMMANDS):
        monkeypatch.setattr(module, "ROOT", tmp_path)
    for name in ("LOCK", "DEV_LOCK", "EXPORT_LOCK", "GRD_LOCK", "TORCH"):
        monkeypatch.setattr(
            environment, name, tmp_path / getattr(environment, name).relative_to(ROOT)
        )
    monkeypatch.setenv("SARFUSION_VENV", str(tmp_path / "venv"))
    monkeypatch.setenv("SARFUSION_TORCH", "cpu")
    monkeypatch.delenv("SARFUSION_TORCH_INDEX", raising=False)
    return tmp_path


@pytest.fixture
def noted(project, monkeypatch):
    """The commands that would run, as lists of words; nothing runs."""
    calls = []

    def note(command, lock=None):
        calls.append([str(word).removeprefix(f"{project}/") for word in command])
        return 0

    for module in (verifying, studies, archives, filling):
        monkeypatch.setattr(module, "run", note)
    return calls


@pytest.fixture
def calls(noted, project, monkeypatch):
    """What verify, envelope and reference would run, as lists of words; nothing runs."""
    for module in (verifying, references):
        monkeypatch.setattr(module, "ready", lambda: None)
    refer(project, "demo")
    return noted
