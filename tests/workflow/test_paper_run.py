"""The paper of runs of Snakemake: what it contains, and what typesets it again."""

import re

import pandas as pd
import pytest
from pypdf import PdfReader


def pages_of(results):
    """The text of each page, with single spaces."""
    texts = [page.extract_text() for page in PdfReader(results / "paper.pdf").pages]
    return [" ".join(text.split()) for text in texts]


@pytest.fixture(scope="module")
def tiny(finished):
    return pages_of(finished.results())


@pytest.fixture(scope="module")
def gaps(protocols):
    return pages_of(protocols.results("protocols"))


def verdicts(results):
    claims = pd.read_csv(results / "tables/claims.csv")
    return claims[claims["band"] == "overall"].set_index("claim")["verdict"]


def test_the_first_page_says_what_it_is_and_that_the_scenes_are_simulated(tiny, gaps):
    for first in (tiny[0], gaps[0]):
        assert "Simulated scenes: no satellite took them" in first
        assert "Abstract." in first
        assert "the simulated city village" in first


def test_each_claim_stands_there_with_its_verdict(finished, protocols, tiny, gaps):
    for pages, results in ((tiny, finished.results()), (gaps, protocols.results("protocols"))):
        for name, verdict in verdicts(results).items():
            assert f"{name}, {verdict}." in " ".join(pages)


def test_scores_are_those_of_the_tables(protocols, gaps):
    summary = pd.read_csv(protocols.results("protocols") / "tables/summary.csv")
    rmse = summary.query("metric == 'rmse' and region == 'gap'").groupby(["method", "input"])
    text = " ".join(gaps)
    for (method, _), mean in rmse["mean"].mean().items():
        if method != "unet":
            assert re.search(rf"{method.capitalize()} {mean:.4f}", text)
        assert f"{mean:.4f}" in text
    assert not re.search(r"\bnan\b|\bNone\b|\{|\}", text)


def test_what_was_not_run_is_not_told_of(tiny, gaps, protocols):
    tiny, gaps = " ".join(tiny), " ".join(gaps)
    assert "Cloud gaps" not in tiny
    assert "Sharpening" not in tiny
    assert "Reconstruction" not in gaps
    # Two seeds are too few for a verdict.
    *first, last = verdicts(protocols.results("protocols")).index
    assert len(first) >= 6
    assert f"{', '.join(first)} and {last} were not tested" in gaps
    assert "Copying it would be perfect" not in tiny + gaps  # which is said of a verdict


def test_captions_say_that_scenes_are_simulated_and_figures_are_there(gaps):
    captions = re.findall(r"(Figure|Table) (\d+)\. .*?Simulated scenes\.", " ".join(gaps))
    figures = {int(number) for kind, number in captions if kind == "Figure"}
    assert figures == set(range(1, 10))


def test_it_is_small_and_went_without_a_warning(finished, protocols):
    for results in (finished.results(), protocols.results("protocols")):
        assert (results / "paper.pdf").stat().st_size < 20e6
        assert "warning" not in (results / "logs/typeset_paper.log").read_text()


def test_typeset_again_it_is_the_same_bytes(copy_of_finished, monkeypatch):
    """With the same command, which is in its appendix."""
    monkeypatch.setenv(
        "SARFUSION_COMMAND", "snakemake --configfile tests/studies/tiny.yaml --cores 2"
    )
    paper = copy_of_finished.results() / "paper.pdf"
    before = paper.read_bytes()
    paper.unlink()
    copy_of_finished.run("results/tiny/paper.pdf")
    assert paper.read_bytes() == before


def test_an_edit_of_its_text_typesets_it_anew_and_nothing_else(copy_of_finished):
    template = copy_of_finished.folder / "paper/paper.typ"
    template.write_text(template.read_text().replace("= Summary", "= In short"))
    assert copy_of_finished.planned() == {"typeset_paper", "describe_run"}


def test_a_mistake_in_the_template_stops_the_run_in_one_line(copy_of_finished):
    template = copy_of_finished.folder / "paper/paper.typ"
    template.write_text(template.read_text() + "\n#nothing-of-this-name\n")
    before = (copy_of_finished.results() / "paper.pdf").read_bytes()
    printed = copy_of_finished.run("results/tiny/paper.pdf", fails=True)
    assert "unknown variable: nothing-of-this-name" in printed
    assert not list(copy_of_finished.results().glob(".part-*"))
    assert before.startswith(b"%PDF")
