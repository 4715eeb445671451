"""The commands check-archive, pack, unpack and the options of lock: what they run and refuse."""

import json

import pytest
from reproduce_command import archives, environment, reproduce


@pytest.fixture
def calls(noted, project, monkeypatch):
    """The commands that would run, as lists of words; nothing runs."""
    for module in (archives, reproduce):
        monkeypatch.setattr(module, "ready", lambda: None)
    monkeypatch.chdir(project)
    return noted


def test_check_archive(calls):
    assert archives.check_archive_command(["demo"]) == 0
    assert [call[1:] for call in calls] == [["scripts/check_archive.py", "config/demo.yaml"]]


def test_pack(calls, project, capsys):
    (project / "config/rio.lock.json").write_text(json.dumps({}))
    assert archives.pack_command(["config/city.yaml", "--creator", "A. B.", "--creator", "C"]) == 0
    assert [call[1:] for call in calls] == [
        [
            *("scripts/pack_scenes.py", "config/city.yaml", "config/rio.lock.json"),
            "results/rio/rio-scenes.tar",
            *("--creator", "A. B.", "--creator", "C"),
        ]
    ]
    assert capsys.readouterr().out == "pack     results/rio/rio-scenes.tar\n"


def test_what_is_not_locked_cannot_be_packed(calls):
    with pytest.raises(environment.Problem, match="lock the scenes first: ./reproduce lock demo"):
        archives.pack_command(["demo"])
    assert calls == []


def test_unpack(calls, project, tmp_path_factory):
    tar = tmp_path_factory.mktemp("sent") / "rio-scenes.tar"
    tar.touch()
    assert archives.unpack_command([str(tar)]) == 0
    assert [call[1:] for call in calls] == [
        ["scripts/unpack_scenes.py", str(tar), "config", "results/.packed"]
    ]
    with pytest.raises(environment.Problem, match="no such file: none.tar"):
        archives.unpack_command(["none.tar"])


@pytest.mark.parametrize(
    "command", [archives.check_archive_command, archives.unpack_command, reproduce.lock_command]
)
@pytest.mark.parametrize("arguments", [[], ["a", "b"]])
def test_the_usage_is_told(calls, command, arguments):
    with pytest.raises(environment.Problem, match="usage: ./reproduce") as refused:
        command(arguments)
    assert refused.value.code == 2


def test_a_lock_may_be_impatient(calls, project, monkeypatch, capsys):
    monkeypatch.setattr(reproduce.os, "environ", {})
    monkeypatch.setattr(reproduce, "unlock_snakemake", lambda config, lock: None)

    def made(command, name, lock):
        calls.append(command)
        search = project / "results/rio/search"
        search.mkdir(parents=True)
        (search / "lock.json").write_text("{}")
        (search / "lock.txt").write_text("place: locked")

    monkeypatch.setattr(reproduce, "run_snakemake", made)
    assert reproduce.lock_command(["--impatient", "config/city.yaml"]) == 0
    assert reproduce.os.environ == {"SARFUSION_IMPATIENT": "1"}
    assert (project / "config/rio.lock.json").read_text() == "{}"
    assert "--impatient" not in calls[0]
