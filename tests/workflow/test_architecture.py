"""The page on the layout: its drawing shows what the rules do, its tables what folders contain."""

import re

import pytest
from pages import ROOT, blocks, lines_on_screen, rows
from project import Project
from reproduce_command import status
from sarfusion.scenes.sources import SOURCES

PAGE = ROOT / "docs/architecture.md"
STUDIES = ("config/demo.yaml", "tests/studies/transfer.yaml")  # together, all stages of a study
SCRIPTS = ("script", "date_script", "land_script", "built_up_script")  # of a source
# The first two start from the results of another run; the third has a rule only with --shards.
ELSEWHERE = {"fill", "verify", "parts"}
EDGE = re.compile(r"^ +(\w+) --> (\w+)$", re.M)


@pytest.fixture(scope="module")
def drawn():
    (drawing,) = blocks(PAGE, "mermaid")
    return {*EDGE.findall(drawing)}


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """The pairs of stages of which rules of the second read what rules of the first make."""
    stages = status.stages_of_rules()
    for source in SOURCES.values():
        stages |= dict.fromkeys(filter(None, [getattr(source, kind) for kind in SCRIPTS]), "scenes")
    project = Project(tmp_path_factory.mktemp("architecture") / "project")
    found = set()
    for study in STUDIES:
        graph = project.run("--rulegraph", study=study)
        names = dict(re.findall(r'(\d+)\[label = "(\w+)', graph))
        stage = {
            key: "figures" if name.startswith("plot_") else stages.get(name)
            for key, name in names.items()
        }
        assert [name for key, name in names.items() if not stage[key]] == ["all"]
        found |= {(stage[one], stage[two]) for one, two in re.findall(r"(\d+) -> (\d+)", graph)}
    return {(one, two) for one, two in found if one != two and two}


def reach(edges):
    """All pairs of which one leads to the other, by any number of edges."""
    found = set(edges)
    while more := {(a, d) for a, b in found for c, d in found if b == c} - found:
        found |= more
    return found


def test_every_arrow_is_a_file_that_is_read(drawn, real):
    assert drawn - real == set()


def test_whatever_is_read_can_be_followed_along_arrows(drawn, real):
    assert real - reach(drawn) == set()
    assert not [stage for stage, other in reach(drawn) if stage == other]


def test_every_file_of_rules_is_a_box_or_named_apart(drawn):
    (drawing,) = blocks(PAGE, "mermaid")
    boxes = set(re.findall(r'^ +(\w+)\["\1(?:: [^"]+)?"\]$', drawing, re.M))
    assert boxes == {stage for edge in drawn for stage in edge}
    with_rules = {
        path.stem
        for path in ROOT.glob("rules/*.smk")
        if re.search(r"^ *(use )?rule\b.*:$", path.read_text(encoding="utf-8"), re.M)
    }
    assert boxes | ELSEWHERE == with_rules
    assert all(f"`rules/{name}.smk`" in PAGE.read_text(encoding="utf-8") for name in ELSEWHERE)


def test_every_folder_is_named():
    named = " ".join(row[0] for row in rows(PAGE))
    there = {path.parent.name for path in ROOT.glob("*/*") if path.is_file()}
    there = {name for name in there if not name.startswith((".", "__")) and name != "docs"}
    assert {name for name in there if f"`{name}/" not in named} == set()
    assert lines_on_screen(PAGE) <= 110
