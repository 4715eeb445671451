"""What a study with raw radar adds to the environment, and when."""

import pytest
from reproduce_command import environment, reproduce, studies


@pytest.fixture
def installed(project, noted, monkeypatch):
    """The locks that would be installed; nothing is installed."""
    locks = []
    monkeypatch.setattr(reproduce, "ready", lambda: environment.venv_folder().mkdir(exist_ok=True))
    monkeypatch.setattr(reproduce, "run", lambda command: 0)
    monkeypatch.setattr(environment, "install_lock", lambda lock: locks.append(lock.name))
    return locks


def study(project, site):
    (project / "config/city.yaml").write_text(f"study: rio\nsites:\n  here: {site}\n")


def test_packages_are_added_once_and_only_for_raw_radar(project, installed):
    study(project, "{source: files}")
    assert reproduce.main(["city", "-n"]) == 0
    assert installed == []
    study(project, "{source: grd}")
    for _ in range(2):
        assert reproduce.main(["city", "-n"]) == 0
    assert installed == ["requirements-grd.lock"]
    environment.GRD_LOCK.write_text("# new\n")
    assert reproduce.main(["city", "-n"]) == 0
    assert len(installed) == 2


@pytest.mark.parametrize(
    ("text", "is_raw"),
    [
        ("source: grd", True),
        ("  source:   'grd' # raw", True),
        ('{"sites": {"a": {"source": "grd"}}}', True),
        ("source: grdx", False),
        ("data: grd", False),
    ],
)
def test_a_site_with_raw_radar_is_found(tmp_path, text, is_raw):
    path = tmp_path / "a.yaml"
    path.write_text(text)
    assert studies.has_raw_radar(path) == is_raw
