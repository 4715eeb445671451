"""What a run says about itself, checked by another program, another reader and Snakemake itself."""

import csv
import shutil

import pytest
import yaml
from crate_validator import Validator
from project import Project
from rocrate.rocrate import ROCrate
from sarfusion.core.files import read_json, sha256, write_json
from sarfusion.provenance import facts
from sarfusion.provenance.crate import METADATA
from sarfusion.study.config import resolve

TEMPLATE = {"paper/paper.typ", "paper/style.typ", "paper/references.bib"}


@pytest.fixture(scope="module")
def crate(finished):
    """The crate of the finished run, read by the library of RO-Crate."""
    return ROCrate(finished.results() / "provenance")


@pytest.fixture(scope="module")
def rows(finished):
    """{path: row} of the list of all files."""
    with (finished.results() / "provenance/files.csv").open(newline="") as stream:
        return {row["path"]: row for row in csv.DictReader(stream)}


@pytest.fixture(scope="module")
def validator(tmp_path_factory):
    return Validator(tmp_path_factory.mktemp("validator"))


def published(project):
    """The tables and figures of the tiny study and its paper, as paths in its results."""
    parts = ("tables/*", "figures/*", "paper.pdf")
    found = [path for part in parts for path in project.results().glob(part)]
    return [str(path.relative_to(project.results())) for path in found]


def listed(value):
    return value if isinstance(value, list) else [value]


def test_the_crate_is_valid(finished, validator):
    assert validator.complaints(finished.results() / "provenance") == []


LACKS = {"./": "license", "Snakefile": "programmingLanguage", "#run": "instrument"}


@pytest.fixture(scope="module")
def complaints(finished, validator, tmp_path_factory):
    """The complaints about a crate that lacks a figure, and each entity in LACKS that property."""
    folder = tmp_path_factory.mktemp("broken") / "crate"
    shutil.copytree(finished.results() / "provenance", folder)
    metadata = read_json(folder / METADATA)
    for entity, lacks in LACKS.items():
        (broken,) = [item for item in metadata["@graph"] if item["@id"] == entity]
        del broken[lacks]
    write_json(folder / METADATA, metadata)
    (folder / "figures/claims.png").unlink()
    return " ".join(validator.complaints(folder))


@pytest.mark.parametrize("complaint", ["license", "language", "instrument", "figures/claims.png"])
def test_a_crate_that_lacks_something_is_not(complaints, complaint):
    assert complaint in complaints


def test_every_table_and_figure_leads_to_its_rule_script_and_inputs(finished, crate, rows):
    actions = listed(crate.root_dataset["mentions"])
    made_by = {
        made.id: action
        for action in actions
        if action.id != "#run"
        for made in listed(action["result"])
    }
    for name in published(finished):
        copy, action = crate.get(name), made_by[name]
        path = finished.results() / name
        assert copy["sha256"] == sha256(path) == sha256(crate.source / name)
        assert int(copy["contentSize"]) == path.stat().st_size
        script = action["instrument"]
        assert script["sha256"] == sha256(finished.folder / script.id)
        row = rows[f"results/tiny/{name}"]
        assert (row["rule"], row["script"]) == (action["name"], script.id)
        sums = {source["sha256"] for source in listed(action["object"])}
        assert sums == {rows[source]["sha256"] for source in row["made_from"].split(";")}


def test_every_table_and_figure_leads_back_to_the_scenes(finished, rows):
    for name in published(finished):
        seen, open_paths = set(), [f"results/tiny/{name}"]
        while open_paths:
            path = open_paths.pop()
            if path not in seen:
                seen.add(path)
                open_paths += filter(None, rows[path]["made_from"].split(";"))
        assert "results/tiny/scenes/village/optical.tif" in seen, name
        given = {path for path in seen if not rows[path]["rule"]}
        allowed = {"CITATION.cff", "config/claims.yaml", "config/claims.schema.yaml", *TEMPLATE}
        assert given <= allowed


def test_the_list_says_what_snakemake_says(finished, rows):
    """Compared with Snakemake's own table of rules and inputs, from which our list is not made."""
    pages = ("results/tiny/paper.pdf", "results/tiny/viewer/index.html")
    printed = finished.run("--detailed-summary", "tables", "figures", *pages)
    lines = printed[printed.index("output_file\t") :].splitlines()
    says = {line["output_file"]: line for line in csv.DictReader(lines, delimiter="\t")}
    ours = {path for path, row in rows.items() if row["rule"]}
    assert ours == says.keys()
    for path in ours:
        assert rows[path]["rule"] == says[path]["rule"]
        made_from, inputs = rows[path]["made_from"], says[path]["input-file(s)"]
        assert set(made_from.split(";")) == set(inputs.split(","))


def test_the_list_has_the_sums_of_all_files(finished, rows):
    assert {path for path in rows if path.endswith((".safetensors", ".tif"))} >= {
        str(path.relative_to(finished.folder))
        for kind in ("models/**/*.safetensors", "fused/**/*.tif")
        for path in finished.results().glob(kind)
    }
    for path, row in rows.items():
        assert row["sha256"] == sha256(finished.folder / path)
        assert int(row["bytes"]) == (finished.folder / path).stat().st_size


def test_who_when_and_with_what(finished, crate, rows, monkeypatch):
    run = crate.get("#run")
    monkeypatch.setattr(facts, "ROOT", finished.folder)
    assert run.get("agent", {"name": None})["name"] == facts.user_name()
    assert run["description"].startswith("snakemake --configfile tests/studies/tiny.yaml")
    times = [
        facts.modification_time(finished.folder / path) for path, row in rows.items() if row["rule"]
    ]
    assert [run["startTime"], run["endTime"]] == [min(times), max(times)]
    assert crate.root_dataset["datePublished"] == run["endTime"]
    packages = {item["name"]: item for item in crate.mainEntity["softwareRequirements"]}
    record = next(finished.results().glob("models/**/*.json"))
    software = read_json(record)["software"]
    assert {name: packages[name]["softwareVersion"] for name in software} == software
    assert crate.mainEntity["programmingLanguage"]["version"]


def test_the_saved_settings_are_the_study(finished):
    """They are valid and complete, and running them again finds nothing to do."""
    saved = finished.results() / "config.yaml"
    settings = yaml.safe_load(saved.read_text())
    assert resolve(settings) == settings
    assert settings["bootstrap"]["draws"] == 1000  # a default
    assert saved.read_bytes() == (finished.results() / "provenance/config.yaml").read_bytes()
    assert finished.planned(study="results/tiny/config.yaml") == set()


def test_the_crate_can_be_run(finished, tmp_path):
    """It contains all that the workflow needs, so everything could be made from it alone."""
    rerun = Project.copy(finished.results() / "provenance", tmp_path / "crate")
    planned = rerun.planned(study="config.yaml")
    assert planned >= {"simulate_scene", "train_model", "plot_tables", "describe_run"}
