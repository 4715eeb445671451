"""The command export: what it adds to the environment, and what it passes on."""

import pytest
from reproduce_command import environment, exporting


@pytest.fixture
def ran(project, monkeypatch):
    """What was installed, and which program was run."""
    asked = []
    monkeypatch.setattr(exporting, "ready", lambda: environment.venv_folder().mkdir(exist_ok=True))
    monkeypatch.setattr(environment, "run_quietly", lambda *command: asked.append(command) or "")
    monkeypatch.setattr(exporting, "run", lambda command: asked.append(command) or 0)
    return asked


def test_what_writes_onnx_files_is_added_once(ran):
    assert exporting.export_command(["city", "cloud_gap"]) == 0
    check, install, program = ran
    assert install[-1].endswith("envs/requirements-export.lock")
    assert program[1].endswith("command/terminal/export_models.py")
    assert program[2].endswith("config/city.yaml")
    assert program[3:] == ["cloud_gap"]
    assert check == [*program[:2], "--check", *program[2:]]
    exporting.export_command(["city"])
    assert len(ran) == 4
    environment.EXPORT_LOCK.write_text("# new\n")
    exporting.export_command(["city"])
    assert len(ran) == 7


def test_what_fails_or_is_not_asked_well_is_said(ran, monkeypatch):
    with pytest.raises(environment.Problem, match="usage"):
        exporting.export_command([])
    monkeypatch.setattr(exporting, "run", lambda command: 1)
    with pytest.raises(environment.Problem, match="reason is above") as raised:
        exporting.export_command(["city"])
    assert raised.value.code == 1
    assert not ran  # nothing is installed
