"""The command bench: which benchmarks run, and the page that they make."""

import sys

import pytest
from reproduce_command import ROOT, benchmarks, environment


@pytest.fixture
def page(project, monkeypatch):
    """Two benchmarks that print their arguments, and the page that is made of them."""
    monkeypatch.setattr(benchmarks, "ready", lambda dev: None)
    monkeypatch.setattr(benchmarks, "venv_python", lambda: sys.executable)
    folder = project / "tests/benchmarks"
    folder.mkdir(parents=True)
    for name in ("scoring", "training"):
        code = f'"""Speed of {name}; by hand."""\nimport sys\nprint("| a |", *sys.argv[1:])\n'
        (folder / f"bench_{name}.py").write_text(code)
    return folder / "README.md"


def test_a_page_is_made_of_all_of_them(page, monkeypatch, capsys):
    monkeypatch.setenv("SARFUSION_PEERS", "/peers/python")
    assert benchmarks.bench_command([]) == 0
    text = page.read_text()
    assert text.index("## Speed of scoring\n\n| a |\n") < text.index("## Speed of training\n")
    assert "| a | /peers/python\n" in text  # Keras is a peer only of training
    assert text.count("/peers/python") == 1
    assert "cores of" in text
    assert "| a |" in capsys.readouterr().out


def test_one_alone_leaves_the_others_as_they_were(page):
    benchmarks.bench_command([])
    scoring = page.with_name("bench_scoring.py")
    scoring.write_text(scoring.read_text().replace("| a |", "| new |"))
    benchmarks.bench_command(["scoring"])
    assert "## Speed of scoring\n\n| new |\n" in page.read_text()
    assert "## Speed of training\n\n| a |\n" in page.read_text()


def test_each_kind_of_machine_has_its_figures(page, monkeypatch):
    scoring = page.with_name("bench_scoring.py")

    def run(machine, figures):
        monkeypatch.setattr(benchmarks, "machine", lambda: machine)
        scoring.write_text(f'"""Speed of scoring; by hand."""\nprint("{figures}")\n')
        benchmarks.bench_command(["scoring"])
        return page.read_text()

    benchmarks.bench_command([])
    run("2 cores of A", "| slow |")
    run("16 cores of B, NVIDIA H200", "| fast |")
    text = run("2 cores of A", "| faster |")
    assert "| slow |" not in text
    fast, faster, training = (text.index(word) for word in ("| fast |", "| faster |", "training"))
    assert fast < text.index("16 cores of B, NVIDIA H200, 2") < faster
    assert faster < text.index("2 cores of A, 2") < training
    assert text.count("## Speed of scoring\n") == 1


def test_what_is_not_measured_takes_no_place(page, capsys):
    scoring = page.with_name("bench_scoring.py")
    scoring.write_text('"""Speed of scoring; by hand."""\nprint("Not measured: no GPU here.")\n')
    benchmarks.bench_command(["scoring"])
    assert "Not measured: no GPU here." in page.read_text()
    scoring.write_text('"""Speed of scoring; by hand."""\nprint("| 5 |")\n')
    benchmarks.bench_command(["scoring"])
    assert "Not measured" not in page.read_text()
    scoring.write_text('"""Speed of scoring; by hand."""\nprint("Not measured: no GPU here.")\n')
    benchmarks.bench_command(["scoring"])
    assert "| 5 |" in page.read_text()
    assert "Not measured" not in page.read_text()
    assert "keeps what was measured" in capsys.readouterr().err


def test_the_readme_says_how_long_the_demo_takes(page, project, monkeypatch):
    readme = project / "README.md"
    scoring = page.with_name("bench_scoring.py")
    line = "config/demo.yaml: 299 s on 2 cores, at most 1.1 GB in a job."
    scoring.write_text(f'"""Speed of scoring; by hand."""\nprint("{line}")\n')
    monkeypatch.setattr(benchmarks, "machine", lambda: "2 cores of A (AVX2)")
    readme.write_text("It took <!-- demo -->long<!-- end -->.\n")
    benchmarks.bench_command(["training"])
    assert "long" in readme.read_text()
    benchmarks.bench_command(["scoring"])
    assert readme.read_text() == (
        "It took <!-- demo -->5 min on 2 cores of A (AVX2),"
        " and at most 1.1 GB in one job<!-- end -->.\n"
    )
    readme.write_text("nothing\n")
    with pytest.raises(environment.Problem, match="no <!-- demo --> and"):
        benchmarks.bench_command(["scoring"])


def test_the_time_in_the_readme_is_one_of_the_page(tmp_path):
    text = (ROOT / "README.md").read_text()
    readme = tmp_path / "README.md"
    found = []
    for figures in benchmarks.by_machine((ROOT / "tests/benchmarks/README.md").read_text()):
        readme.write_text(text)
        benchmarks.state_time(readme, figures)
        found.append(readme.read_text() == text and benchmarks.TIME.search(figures) is not None)
    assert any(found)


def test_gpus_are_named(page, monkeypatch, tmp_path):
    smi = tmp_path / "nvidia-smi"
    smi.write_text("#!/bin/sh\necho NVIDIA H100 80GB HBM3\n")
    smi.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert benchmarks.machine().endswith(", NVIDIA H100 80GB HBM3")
    smi.write_text("#!/bin/sh\necho No devices were found\nexit 6\n")
    assert "devices" not in benchmarks.machine()


def test_what_fails_or_is_unknown_is_said(page):
    with pytest.raises(
        environment.Problem, match="no benchmark 'sorting'; there are scoring, train"
    ):
        benchmarks.bench_command(["sorting"])
    page.with_name("bench_scoring.py").write_text('"""Fails."""\nraise SystemExit(3)\n')
    with pytest.raises(environment.Problem):
        benchmarks.bench_command(["scoring"])
    assert not page.exists()
