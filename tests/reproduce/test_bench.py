"""The command bench: which benchmarks run, and the page that they make."""

import sys

import pytest
from reproduce_command import benchmarks, environment


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
    assert "| a | /peers/python\n" in text  # Keras is a peer of training alone
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


def test_what_fails_or_is_unknown_is_said(page):
    with pytest.raises(
        environment.Problem, match="no benchmark 'sorting'; there are scoring, train"
    ):
        benchmarks.bench_command(["sorting"])
    page.with_name("bench_scoring.py").write_text('"""Fails."""\nraise SystemExit(3)\n')
    with pytest.raises(environment.Problem):
        benchmarks.bench_command(["scoring"])
    assert not page.exists()
