"""The files that describe the project agree with the workflow and with each other."""

import re
from pathlib import Path

import pytest
import yaml
from project import Project

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def codecheck():
    return yaml.safe_load((ROOT / "codecheck.yml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def citation():
    return yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))


def test_codecheck_lists_what_the_demo_publishes(codecheck, tmp_path):
    printed = Project(tmp_path / "project").run(
        *("--summary", "tables", "figures", "viewer", "results/demo/paper.pdf"),
        study="config/demo.yaml",
    )
    folders = r"(?:tables|figures|viewer)/\S+|paper\.pdf"
    published = re.findall(rf"^(results/demo/(?:{folders}))", printed, re.M)
    assert len(published) > 60
    assert sorted(entry["file"] for entry in codecheck["manifest"]) == sorted(published)


def test_codecheck_says_what_each_file_is_and_names_its_specification(codecheck):
    assert (ROOT / "codecheck.yml").read_text().startswith("%YAML 1.1\n---\n")
    assert codecheck["version"] == "https://codecheck.org.uk/spec/config/1.0/"
    for entry in codecheck["manifest"]:
        assert entry.keys() == {"file", "comment"}
        assert len(entry["comment"]) > 10


def test_the_paper_has_one_title(codecheck, citation):
    readme = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    (paper,) = citation["references"]
    assert f"C. T. Ha et al., *{paper['title']}*" in readme
    assert codecheck["paper"]["title"] == paper["title"]
    assert codecheck["paper"]["authors"] == [{"name": "C. T. Ha"}]


def test_the_citation_agrees_with_the_licence(citation):
    """Its form is checked by ./reproduce lint, with cffconvert."""
    licence = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert licence.startswith(f"{citation['license']} License")
    (author,) = citation["authors"]
    assert f" {author['name']}\n" in licence


def test_the_catalogue_is_told_only_what_is_there():
    usage = yaml.safe_load((ROOT / ".snakemake-workflow-catalog.yml").read_text())["usage"]
    chosen = re.fullmatch(r"--configfile (\S+)", usage["mandatory-flags"]["flags"])[1]
    assert (ROOT / chosen).is_file()
    rules = "".join(path.read_text() for path in ROOT.glob("rules/*.smk"))
    deployment = usage["software-stack-deployment"]
    assert deployment["conda"] == ("conda:" in rules)
    assert deployment["apptainer"] == ("\ncontainer:" in (ROOT / "Snakefile").read_text())
    ways = (ROOT / "docs/where-it-runs.md").read_text()
    assert all((f"--sdm {way}`" in ways) == deployment[way] for way in ("conda", "apptainer"))
    assert not deployment["apptainer+conda"]
    assert usage["report"] == ("report(" in rules)
    readme = (ROOT / "README.md").read_text().lower()  # what it searches GitHub for
    assert "snakemake" in readme
    assert "workflow" in readme
