"""The commands verify, envelope and reference: what they run, and what they refuse."""

import json

import pytest
from reproduce_command import environment, running, verifying


@pytest.fixture
def calls(noted, project, monkeypatch):
    """What would be run, as lists of words; nothing is."""
    monkeypatch.setattr(verifying, "ready", lambda: None)
    refer(project, "demo")
    return noted


def refer(project, study):
    """Let there be reference results of a study."""
    (project / "results/reference" / study).mkdir(parents=True)
    (project / "results/reference" / study / "config.yaml").touch()


def kinds(calls):
    """What each call is: the name of a script, or the targets of Snakemake."""
    return [
        next((word.split("/")[-1] for word in call if word.startswith("scripts/")), call[-1])
        for call in calls
    ]


def test_verify_makes_again_and_compares(calls, project):
    (project / "results/.verify/run").mkdir(parents=True)
    (project / "results/.verify/run/left").touch()
    assert verifying.verify_command(["--cores", "2"]) == 0
    stage, snakemake, compare = calls
    assert kinds(calls) == ["stage_models.py", "spot", "verify_results.py"]
    assert stage[-9:-1] == [
        *("config/demo.yaml", "results/reference/demo", "results/.verify"),
        *("--scenes", "results/demo", "--spot", "3", "--dice"),
    ]
    assert stage[-1].isdigit()
    assert snakemake[4:9] == [
        *("config/demo.yaml", "results/.verify/place.json", "results/.verify/weights.json"),
        *("results/.verify/spot.json", "--snakefile"),
    ]
    assert snakemake[snakemake.index("--directory") + 1] == "results/.verify/run"
    assert {"--nolock", "--keep-going"} <= set(snakemake)
    assert snakemake[snakemake.index("--cores") + 1] == "2"
    assert compare[-7:] == [
        *("config/demo.yaml", "results/reference/demo", "results/.verify/run/results/demo"),
        *stage[-4:],
    ]
    assert not (project / "results/.verify/run/left").exists()  # nothing of an earlier one


def test_verify_takes_all_references_unless_a_study_is_named(calls, project):
    (project / "config/lima.yaml").write_text("study: lima\n")
    refer(project, "lima")
    verifying.verify_command(["--study", "lima"])
    assert calls[0][-9:-7] == ["config/lima.yaml", "results/reference/lima"]
    assert len(calls) == 3
    calls.clear()
    assert verifying.verify_command([]) == 0
    assert [call[-9] for call in calls[::3]] == ["config/demo.yaml", "config/lima.yaml"]


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
    assert calls[-1][-5] == "results/.verify/trained/results/demo"


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
    """Let what is named end with these exit codes."""
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
        pytest.raises(environment.Problem, match="at work here"),
    ):
        verifying.verify_command([])
    assert not calls


@pytest.fixture
def processor(tmp_path, monkeypatch):
    """Let the processor have these flags."""

    def has(*flags):
        path = tmp_path / "cpuinfo"
        path.write_text(f"processor\t: 0\nflags\t\t: {' '.join(flags)}\n\nprocessor\t: 1\n")
        monkeypatch.setattr(verifying, "CPUINFO", path)

    return has


def test_the_envelope_runs_each_variant_twice(calls, project, processor, capsys):
    processor("sse4_2", "avx2", "avx512f", "avx512_bf16")
    (project / "results/.envelope").mkdir()
    (project / "results/.envelope/envelope.md").write_text("# How far\n")
    assert verifying.envelope_command([]) == 0
    assert capsys.readouterr().out == "# How far\n\n"
    first, stage, *variants, tabulate = calls
    assert first[4] == "config/demo.yaml"
    assert "--directory" not in first
    assert stage[-1] == "--first-band"
    assert kinds([tabulate]) == ["tabulate_envelope.py"]
    folders = [call[call.index("--directory") + 1] for call in variants]
    names = [name for name in verifying.VARIANTS if name != "gpu"]  # this build is for the CPU
    assert folders == [
        *(f"results/.envelope/{name}/{kind}" for name in names for kind in ("fused", "trained")),
        "results/.envelope/bfloat16/trained",
    ]
    change = {
        kind: json.loads((project / f"results/.envelope/avx2/{kind}/change.json").read_text())
        for kind in ("fused", "trained")
    }
    assert change["fused"]["weights"] == str(project / "results/.envelope/staged/weights")
    assert change["trained"]["seeds"] == [1]
    for call, folder in zip(variants, folders, strict=True):
        assert (call[0] == "env") == (folder.split("/")[2] in ("sse4", "avx2", "avx512"))
        assert ("train_model=4" in call) == ("threads4" in folder)
    assert "ONEDNN_MAX_CPU_ISA=AVX2" in variants[folders.index("results/.envelope/avx2/fused")]


def test_an_instruction_set_that_is_not_there_is_left_out_and_named(
    calls, project, processor, monkeypatch, capsys
):
    (project / "results/.envelope").mkdir()
    (project / "results/.envelope/envelope.md").write_text("")
    for flags, left_out in (
        (["sse4_2", "avx2"], {"avx512"}),
        (["sse4_2"], {"avx2", "avx512"}),
        ([], {"sse4", "avx2", "avx512"}),
    ):
        processor(*flags)
        calls.clear()
        verifying.envelope_command([])
        messages = capsys.readouterr().err
        run = {call[call.index("--directory") + 1].split("/")[2] for call in calls[2:-1]}
        for name in ("sse4", "avx2", "avx512"):
            assert (name not in run) == (name in left_out)
            message = f"Variant {name} is left out: this processor lacks the instruction set"
            assert (message in messages) == (name in left_out)
    monkeypatch.setattr(verifying, "CPUINFO", project / "none")  # as on macOS
    assert verifying.processor_flags() == set()


def test_a_gpu_is_measured_where_there_is_one(calls, project, monkeypatch):
    monkeypatch.setenv("SARFUSION_TORCH", "cuda")
    (project / "results/.envelope").mkdir()
    (project / "results/.envelope/envelope.md").write_text("")
    verifying.envelope_command([])
    change = json.loads((project / "results/.envelope/gpu/trained/change.json").read_text())
    assert change["training"] == {"device": "cuda"}
    assert change["bands"] == ["red"]


def test_a_reference_is_collected_and_stated_last(calls, project, capsys):
    (project / "results/.envelope").mkdir()
    (project / "results/.envelope/tolerances.csv").write_text("new")
    assert verifying.reference_command([]) == 0
    assert kinds(calls)[-2:] == ["collect_reference.py", "state_outcomes.py"]
    assert calls[-2][-3:] == ["config/demo.yaml", "results/demo", "results/reference/demo"]
    assert "results/reference/demo, results/envelope and the README" in capsys.readouterr().out
    assert (project / "results/envelope/tolerances.csv").read_text() == "new"


def test_a_reference_of_another_study_leaves_the_envelope_alone(calls, project, capsys):
    (project / "config/place.yaml").write_text("study: place\n")
    (project / "results/envelope").mkdir()
    (project / "results/envelope/tolerances.csv").write_text("old")
    assert verifying.reference_command(["place"]) == 0
    run, collected, stated = calls[-3:]
    assert run[run.index("--configfile") + 1].endswith("config/place.yaml")
    assert collected[-3:] == ["config/place.yaml", "results/place", "results/reference/place"]
    assert stated[-1] == "results/reference"
    assert not any("envelope" in word for call in calls for word in call)
    assert "results/reference/place and the README" in capsys.readouterr().out
    assert (project / "results/envelope/tolerances.csv").read_text() == "old"


@pytest.mark.parametrize(
    ("command", "given"),
    [("envelope", ["demo"]), ("reference", ["demo", "demo"]), ("reference", ["--all"])],
)
def test_these_take_no_such_arguments(calls, command, given):
    with pytest.raises(environment.Problem, match=f"usage: ./reproduce {command}"):
        getattr(verifying, f"{command}_command")(given)
    assert not calls
