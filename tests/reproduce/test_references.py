"""What verify compares with: which variants are run, and what is kept of them."""

import json

import pytest
from reproduce_command import environment, kinds, references


@pytest.fixture
def processor(tmp_path, monkeypatch):
    """Make the processor appear to have these flags."""

    def has(*flags):
        path = tmp_path / "cpuinfo"
        path.write_text(f"processor\t: 0\nflags\t\t: {' '.join(flags)}\n\nprocessor\t: 1\n")
        monkeypatch.setattr(references, "CPUINFO", path)

    return has


def test_the_envelope_runs_each_variant_twice(calls, project, processor, capsys):
    processor("sse4_2", "avx2", "avx512f", "avx512_bf16")
    (project / "results/.envelope").mkdir()
    (project / "results/.envelope/envelope.md").write_text("# How far\n")
    assert references.envelope_command([]) == 0
    assert capsys.readouterr().out == "# How far\n\n"
    first, stage, *variants, tabulate = calls
    assert first[4] == "config/demo.yaml"
    assert "--directory" not in first
    assert stage[-1] == "--first-band"
    assert kinds([tabulate]) == ["tabulate_envelope.py"]
    folders = [call[call.index("--directory") + 1] for call in variants]
    names = [name for name in references.VARIANTS if name != "gpu"]  # this build is for the CPU
    assert folders == [
        *(f"results/.envelope/{name}/{kind}" for name in names for kind in ("fused", "trained")),
        "results/.envelope/bfloat16/fused",
        "results/.envelope/bfloat16/trained",
    ]
    change = {
        kind: json.loads((project / f"results/.envelope/avx2/{kind}/change.json").read_text())
        for kind in ("fused", "trained")
    }
    assert change["fused"]["weights"] == str(project / "results/.envelope/staged/weights")
    assert change["trained"]["seeds"] == [1]
    fewer = json.loads((project / "results/.envelope/bfloat16/fused/change.json").read_text())
    assert fewer == {"weights": change["fused"]["weights"], "fusing": {"precision": "bfloat16"}}
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
        references.envelope_command([])
        messages = capsys.readouterr().err
        run = {call[call.index("--directory") + 1].split("/")[2] for call in calls[2:-1]}
        assert "bfloat16" not in run
        assert "Variant bfloat16 is left out: this processor has no instructions" in messages
        for name in ("sse4", "avx2", "avx512"):
            assert (name not in run) == (name in left_out)
            message = f"Variant {name} is left out: this processor lacks the instruction set"
            assert (message in messages) == (name in left_out)
    monkeypatch.setattr(references, "CPUINFO", project / "none")  # as on macOS
    assert references.processor_flags() == set()


def test_one_variant_is_measured_beside_those_that_are_kept(calls, project, processor, capsys):
    processor("avx2", "amx_bf16")
    (project / "results/.envelope").mkdir()
    (project / "results/.envelope/envelope.md").write_text("# How far\n")
    assert references.envelope_command(["bfloat16"]) == 0
    run = [call[call.index("--directory") + 1] for call in calls if "--directory" in call]
    assert run == ["results/.envelope/bfloat16/fused", "results/.envelope/bfloat16/trained"]
    assert calls[-1][-2:] == ["results/envelope", "bfloat16"]
    assert (project / "results/envelope/envelope.md").read_text() == "# How far\n"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("avx1024", "no variant 'avx1024'; there are again, .*, gpu, bfloat16"),
        ("avx512", "variant avx512: this processor lacks the instruction set"),
        ("bfloat16", "variant bfloat16: this processor has no instructions for it"),
        ("gpu", "variant gpu: this is not the CUDA build of PyTorch"),
    ],
)
def test_a_variant_that_cannot_be_measured_is_refused(calls, processor, name, message):
    processor("avx2")
    with pytest.raises(environment.Problem, match=message):
        references.envelope_command(["avx2", name])
    assert not calls


def test_a_gpu_is_measured_where_there_is_one(calls, project, monkeypatch):
    monkeypatch.setenv("SARFUSION_TORCH", "cuda")
    (project / "results/.envelope").mkdir()
    (project / "results/.envelope/envelope.md").write_text("")
    references.envelope_command([])
    change = json.loads((project / "results/.envelope/gpu/trained/change.json").read_text())
    assert change["training"] == {"device": "cuda"}
    assert change["bands"] == ["red"]


def test_a_reference_is_collected_and_stated_last(calls, project, capsys):
    (project / "results/.envelope").mkdir()
    (project / "results/.envelope/tolerances.csv").write_text("new")
    assert references.reference_command([]) == 0
    assert kinds(calls)[-2:] == ["collect_reference.py", "state_outcomes.py"]
    assert calls[-2][-3:] == ["config/demo.yaml", "results/demo", "results/reference/demo"]
    assert "results/reference/demo, results/envelope and the README" in capsys.readouterr().out
    assert (project / "results/envelope/tolerances.csv").read_text() == "new"


def test_a_reference_of_another_study_leaves_the_envelope_alone(calls, project, capsys):
    (project / "config/place.yaml").write_text("study: place\n")
    (project / "results/envelope").mkdir()
    (project / "results/envelope/tolerances.csv").write_text("old")
    assert references.reference_command(["place"]) == 0
    run, collected, stated = calls[-3:]
    assert run[run.index("--configfile") + 1].endswith("config/place.yaml")
    assert collected[-3:] == ["config/place.yaml", "results/place", "results/reference/place"]
    assert stated[-1] == "results/reference"
    assert not any("envelope" in word for call in calls for word in call)
    assert "results/reference/place and the README" in capsys.readouterr().out
    assert (project / "results/envelope/tolerances.csv").read_text() == "old"


@pytest.mark.parametrize(
    ("command", "given"),
    [("reference", ["demo", "demo"]), ("reference", ["--all"])],
)
def test_these_take_no_such_arguments(calls, command, given):
    with pytest.raises(environment.Problem, match=f"usage: ./reproduce {command}"):
        getattr(references, f"{command}_command")(given)
    assert not calls
