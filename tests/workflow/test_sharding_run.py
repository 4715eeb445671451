"""A study in several plans makes the same as in one, and says what is missing."""

import pytest
from project import Project
from sarfusion.core.files import read_json

STUDY = "tests/studies/shards.yaml"


@pytest.fixture(scope="module")
def sharded(tmp_path_factory):
    """The study in two shards and a last plan. Tests leave its results as they are."""
    project = Project(tmp_path_factory.mktemp("sharded") / "project")
    project.reproduce(STUDY, "--shards", "2", "--cores", "2")
    return project


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The study in one plan. Tests leave its results as they are."""
    project = Project(tmp_path_factory.mktemp("whole") / "project")
    project.reproduce(STUDY, "--cores", "2")
    return project


def published(project):
    """{file: bytes} of the scores of sites, and of all tables and figures."""
    results = project.results("shards")
    paths = [*results.glob("metrics/*/*"), *results.glob("tables/*"), *results.glob("figures/*")]
    return {path.relative_to(results): path.read_bytes() for path in paths}


def test_shards_make_the_bytes_of_one_plan(sharded, whole):
    made = published(sharded)
    assert len(made) > 40
    assert made == published(whole)


def crate(project):
    """{identifier: entity} of the provenance."""
    graph = read_json(project.results("shards") / "provenance/ro-crate-metadata.json")["@graph"]
    return {entity["@id"]: entity for entity in graph}


def test_the_crate_leads_back_to_the_same_as_that_of_one_plan(sharded, whole):
    assert set(crate(sharded)) == set(crate(whole))
    step = "#step-scenes/port/scene.json"  # of a site that the last plan has no jobs of
    when = {"endTime": ""}
    assert crate(sharded)[step] | when == crate(whole)[step] | when
    assert "./reproduce tests/studies/shards.yaml --shards 2" in str(crate(sharded))


def test_what_people_read_is_there(sharded, whole):
    for name in ("paper.pdf", "report.html", "viewer/index.html", "config.yaml"):
        assert (sharded.results("shards") / name).exists()
    settings = [project.results("shards") / "config.yaml" for project in (sharded, whole)]
    assert settings[0].read_bytes() == settings[1].read_bytes()


def test_a_second_run_and_the_status_find_all_done(sharded):
    printed = sharded.reproduce(STUDY, "--shards", "2", "-n")
    assert printed.count("Nothing to be done") == 3
    printed = sharded.reproduce("status", STUDY, "--shards", "2")
    assert "stale" not in printed.splitlines()
    assert "3 of 3 sites are done" in printed


def test_the_last_plan_names_the_site_whose_file_is_missing(sharded, monkeypatch):
    monkeypatch.setenv("SARFUSION_PART", "last/2")
    table = sharded.results("shards") / "metrics/port/reconstruction.csv"
    kept = table.rename(table.with_suffix(".kept"))
    try:
        printed = sharded.run(study=STUDY, fails=True)
    finally:
        kept.rename(table)
    lines = [line for line in printed.splitlines() if line.startswith("error: ")]
    assert lines == [
        "error: site port: results/shards/metrics/port/reconstruction.csv is missing, which a shard"
        " makes; run ./reproduce STUDY --shards 2, which continues from what is there"
    ]


def test_more_shards_than_sites_are_refused_once(project):
    printed = project.reproduce(STUDY, "--shards", "4", fails=True)
    assert printed.count("error: --shards 4: the study has 3 sites; give at most 3") == 1
    assert "Shard 2" not in printed
