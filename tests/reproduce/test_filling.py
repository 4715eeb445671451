"""The command fill: what it runs, and what it refuses."""

import json

import pytest
from reproduce_command import environment, filling, studies

SCENE = "config/city.yaml"  # of the study rio


@pytest.fixture
def calls(noted, project, monkeypatch):
    """The commands that would run, as lists of words; nothing runs."""
    monkeypatch.setattr(filling, "ready", lambda: None)
    monkeypatch.delenv("SARFUSION_OFFLINE", raising=False)
    monkeypatch.chdir(project)
    (project / "results/demo/models").mkdir(parents=True)
    return noted


def test_models_are_chosen_and_the_target_fill_is_run(calls, project, capsys):
    facts = project / "results/rio/products/centre/cloud_free.json"
    facts.parent.mkdir(parents=True)
    facts.write_text(json.dumps({"pixels": {"measured": 75, "filled": 25, "no_data": 9}}))
    assert filling.fill_command([SCENE, "--with", "demo", "--cores", "1"]) == 0
    stage, snakemake = calls
    assert stage[1:] == [
        *("scripts/stage_filling.py", "results/demo", "results/rio/fill_with.json"),
    ]
    assert snakemake[3:6] == ["--configfile", SCENE, "results/rio/fill_with.json"]
    assert snakemake[snakemake.index("--snakefile") + 2 :] == ["fill", "--cores", "1"]
    assert capsys.readouterr().out == "results/rio/products/centre/cloud_free.tif  (25.0% filled)\n"


def test_a_folder_a_site_and_the_override(calls, project, tmp_path_factory, monkeypatch):
    sent = tmp_path_factory.mktemp("sent")
    (sent / "models").mkdir()
    monkeypatch.setattr(filling.os, "environ", {})
    options = ["--site", "hue", "--anyway", "--offline"]
    filling.fill_command([SCENE, "--with", str(sent), *options])
    stage, snakemake = calls
    assert stage[2] == str(sent)
    assert stage[-3:] == ["--site", "hue", "--anyway"]
    assert not {"--site", "--anyway", "--offline"} & {*snakemake}
    assert filling.os.environ == {"SARFUSION_OFFLINE": "1"}


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (
            [SCENE, "--with", "nowhere"],
            "no trained models in nowhere: name a study that has been run, or a",
        ),
        ([SCENE, "--with", "config"], "no trained models in config"),
        (["none.yaml", "--with", "demo"], "no such study file: none.yaml"),
        (
            ["demo", "--with", "demo"],
            "these models belong to demo itself: ./reproduce demo products",
        ),
    ],
)
def test_what_cannot_be_is_refused(calls, arguments, problem):
    with pytest.raises(environment.Problem, match=problem) as refused:
        filling.fill_command(arguments)
    assert refused.value.code == 2
    assert not calls


def test_a_study_with_models_of_its_own_is_not_filled_by_others(calls, project):
    (project / "results/rio/models").mkdir(parents=True)
    with pytest.raises(environment.Problem, match="has models of its own; give the scene a study"):
        filling.fill_command([SCENE, "--with", "demo"])
    assert not calls


def test_a_dry_run_leaves_nothing(calls, project, capsys):
    (project / "results/rio/products/centre").mkdir(parents=True)
    (project / "results/rio/products/centre/cloud_free.json").write_text("{}")  # of an earlier fill
    assert filling.fill_command([SCENE, "--with", "demo", "-n"]) == 0
    stage, snakemake = calls
    assert snakemake[-2:] == ["fill", "-n"]
    assert stage[3] == snakemake[5]
    assert not (project / "results/rio/fill_with.json").exists()
    assert project.name not in stage[3]
    assert not capsys.readouterr().out


def test_keep_going_fills_the_other_sites_and_ends_with_the_failed_one(calls, project, monkeypatch):
    missing = project / "results/rio/missing_sites.json"

    def fail_first(command, name, lock):
        calls.append(command)
        if str(missing.relative_to(project)) not in map(str, command):
            missing.parent.mkdir(parents=True, exist_ok=True)
            why = {"rule": "read_scene", "reason": "no such file", "log": "a.log"}
            missing.write_text(json.dumps({"missing_sites": {"port": why}}))
            raise environment.Problem("the run failed", 1)

    for module in (filling, studies):
        monkeypatch.setattr(module, "run_snakemake", fail_first)
    with pytest.raises(environment.Problem, match=r"(?s)without port.*no such file"):
        filling.fill_command([SCENE, "--with", "demo", "--keep-going"])
    again = [str(word) for word in calls[-1]]
    assert again[5:7] == [
        str(project / "results/rio/fill_with.json"),
        "results/rio/missing_sites.json",
    ]
    assert again[-2:] == ["fill", "--keep-going"]


@pytest.mark.parametrize("arguments", [[], [SCENE], ["--with", "demo"]])
def test_scene_and_models_are_both_named(calls, arguments, capsys):
    with pytest.raises(SystemExit):
        filling.fill_command(arguments)
    assert "required" in capsys.readouterr().err
    assert not calls
