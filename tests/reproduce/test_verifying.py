"""The command verify: what it runs, and what it refuses."""

import pytest
from reproduce_command import environment, kinds, refer, running, verifying


def test_verify_makes_again_and_compares(calls, project):
    (project / "results/.verify/run").mkdir(parents=True)
    (project / "results/.verify/run/left").touch()
    assert verifying.verify_command(["--cores", "2"]) == 0
    stage, snakemake, compare = calls
    assert kinds(calls) == ["stage_models.py", "spot", "verify_results.py"]
    assert stage[-8:-1] == [
        *("config/demo.yaml", "results/reference/demo", "results/.verify"),
        *("--scenes", "results/demo", "--spot", "--dice"),
    ]
    assert stage[-1].isdigit()
    assert snakemake[4:9] == [
        *("config/demo.yaml", "results/.verify/place.json", "results/.verify/weights.json"),
        *("results/.verify/spot.json", "--snakefile"),
    ]
    assert snakemake[snakemake.index("--directory") + 1] == "results/.verify/run"
    assert {"--nolock", "--keep-going"} <= set(snakemake)
    assert snakemake[snakemake.index("--cores") + 1] == "2"
    assert compare[-6:] == [
        *("config/demo.yaml", "results/reference/demo", "results/.verify/run/results/demo"),
        *stage[-3:],
    ]
    assert not (project / "results/.verify/run/left").exists()  # nothing is left of an earlier run


def test_verify_takes_all_references_unless_a_study_is_named(calls, project):
    (project / "config/lima.yaml").write_text("study: lima\n")
    refer(project, "lima")
    verifying.verify_command(["--study", "lima"])
    assert calls[0][-8:-6] == ["config/lima.yaml", "results/reference/lima"]
    assert len(calls) == 3
    calls.clear()
    assert verifying.verify_command([]) == 0
    assert [call[-8] for call in calls[::3]] == ["config/demo.yaml", "config/lima.yaml"]


def test_verify_fails_if_one_reference_does(calls, project, monkeypatch):
    (project / "config/lima.yaml").write_text("study: lima\n")
    refer(project, "lima")
    note = verifying.run
    failing = ("verify_results.py", "reference/demo")
    monkeypatch.setattr(
        verifying,
        "run",
        lambda command, lock=None: (
            note(command, lock) or int(all(word in str(command) for word in failing))
        ),
    )
    assert verifying.verify_command([]) == 1
    assert len(calls) == 6


def test_verify_trains_again_if_asked(calls):
    verifying.verify_command(["--retrain"])
    assert kinds(calls) == ["stage_models.py", "spot", "figures", "verify_results.py"]
    assert calls[2][4:7] == ["config/demo.yaml", "results/.verify/place.json", "--snakefile"]
    assert calls[-1][-4] == "results/.verify/trained/results/demo"


def test_results_of_another_person_are_held_against_ones_own(calls, project, tmp_path_factory):
    sent = tmp_path_factory.mktemp("sent")
    with pytest.raises(environment.Problem, match="no results of your own .* ./reproduce city"):
        verifying.verify_command(["--study", "city", "--against", str(sent)])
    assert not calls
    (project / "results/rio/tables").mkdir(parents=True)
    dice = ["--spot", "5", "--dice", "my own"]
    verifying.verify_command(["--study", "city", "--against", str(sent), *dice])
    assert calls[-1][-8:] == [
        *("config/city.yaml", str(sent), "results/.verify/run/results/rio", "results/rio"),
        *dice,
    ]


def test_results_that_are_not_there(calls, project):
    for arguments in (["--against", "nowhere"], ["--study", "city"]):
        with pytest.raises(environment.Problem, match="no results in "):
            verifying.verify_command(arguments)
    with pytest.raises(environment.Problem, match="no study or command 'mars'"):
        verifying.verify_command(["--study", "mars"])
    assert not calls


def ending(monkeypatch, **codes):
    """Make commands that contain a name end with its exit code."""
    note = verifying.run

    def end(command, lock=None):
        note(command, lock)
        return next((code for name, code in codes.items() if name in str(command)), 0)

    monkeypatch.setattr(verifying, "run", end)


def test_without_the_models_nothing_is_compared(calls, monkeypatch):
    ending(monkeypatch, stage_models=1)
    with pytest.raises(environment.Problem, match="the run failed"):
        verifying.verify_command([])
    assert kinds(calls) == ["stage_models.py"]


def test_a_stopped_run_ends(calls, monkeypatch):
    ending(monkeypatch, snakemake=130)
    with pytest.raises(environment.Problem, match="stopped") as problem:
        verifying.verify_command([])
    assert problem.value.code == 130
    assert kinds(calls) == ["stage_models.py", "spot"]


def test_what_could_not_be_made_again_is_told_among_the_checks(calls, monkeypatch):
    ending(monkeypatch, snakemake=1, verify_results=1)
    assert verifying.verify_command([]) == 1
    assert kinds(calls)[-1] == "verify_results.py"


def test_verify_waits_for_no_other_run(calls):
    with (
        running.project_lock("study demo"),
        pytest.raises(environment.Problem, match="running here"),
    ):
        verifying.verify_command([])
    assert not calls
