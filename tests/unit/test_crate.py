import csv
import json
import subprocess
from importlib.metadata import version
from importlib.util import find_spec

import pytest
from sarfusion.core.files import read_json
from sarfusion.provenance import crate, facts

ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # sha256 of "abc"
STUDY = {"study": "s", "seeds": [1, 2], "training": {"updates": 5, "learning_rate": 0.1}}
STEPS = [
    {"rule": "scene", "script": "scripts/a.py", "inputs": [], "outputs": ["r/raw x.tif"]},
    {
        "rule": "tabulate",
        "script": "scripts/a.py",
        "inputs": ["given.yaml", "r/raw x.tif"],
        "outputs": ["r/log.csv", "r/tables/a.csv"],
    },
]


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A run of two steps in the working folder, as write_crate wants it: (run, copies, files)."""
    monkeypatch.chdir(tmp_path)
    names = ["Snakefile", "scripts/a.py", "config.yaml", "given.yaml"]
    for name in [*names, "r/raw x.tif", "r/log.csv", "r/tables/a.csv"]:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("abc")
    copies = {name: name for name in names[:3]} | {"r/tables/a.csv": "tables/a.csv"}
    known = {
        "command": "snakemake x",
        "engine": "9.0",
        "packages": {"python": "3.12", "numpy": "2"},
    }
    run = {"study": STUDY, "steps": STEPS, "commit": "c0ffee", "agent": "Ada", **known}
    run["version"] = "1.2.3"
    return run, copies, facts.describe_files(STEPS)


def entities(folder):
    graph = read_json(folder / crate.METADATA)["@graph"]
    assert len({entity["@id"] for entity in graph}) == len(graph)
    return {entity["@id"]: entity for entity in graph}


def test_a_table_leads_to_its_rule_its_script_and_its_inputs(run, tmp_path):
    crate.write_crate(tmp_path / "crate", *run)
    found = entities(tmp_path / "crate")
    (step,) = [entity for entity in found.values() if entity.get("name") == "tabulate"]
    assert step["result"] == {"@id": "tables/a.csv"}
    assert step["instrument"] == {"@id": "scripts/a.py"}
    assert found["scripts/a.py"]["sha256"] == ABC
    assert step["object"] == [{"@id": "#given.yaml"}, {"@id": "#r/raw%20x.tif"}]
    assert found["#r/raw%20x.tif"]["name"] == "r/raw x.tif"
    assert found["#r/raw%20x.tif"]["sha256"] == ABC
    assert (tmp_path / "crate/tables/a.csv").read_text() == "abc"
    assert found["tables/a.csv"]["sha256"] == ABC
    assert found["tables/a.csv"]["contentSize"] == "3"


def test_the_run_has_its_inputs_and_everything_is_named_as_a_part(run, tmp_path):
    crate.write_crate(tmp_path / "crate", *run)
    found = entities(tmp_path / "crate")
    assert found["#run"]["description"] == "snakemake x"
    assert found["#run"]["agent"] == {"@id": "#agent"}
    objects = [entity["@id"] for entity in found["#run"]["object"]]
    assert objects[:2] == ["config.yaml", "#given.yaml"]
    assert found["Snakefile"]["version"] == "1.2.3+c0ffee"
    assert found["https://pypi.org/project/numpy/"]["softwareVersion"] == "2"
    parts = {part["@id"] for part in found["./"]["hasPart"]}
    files = [path for path in (tmp_path / "crate").rglob("*") if path.is_file()]
    there = {str(path.relative_to(tmp_path / "crate")) for path in files}
    assert parts == there - {crate.METADATA}


def test_settings_are_parameters_with_their_types(run, tmp_path):
    crate.write_crate(tmp_path / "crate", *run)
    found = entities(tmp_path / "crate")
    said = {
        name: (found[f"#parameter-{name}"]["additionalType"], found[f"#value-{name}"]["value"])
        for name in ("study", "seeds", "training.updates", "training.learning_rate")
    }
    assert said == {
        "study": ("Text", "s"),
        "seeds": ("Text", "[1, 2]"),
        "training.updates": ("Integer", 5),
        "training.learning_rate": ("Float", 0.1),
    }
    assert {"@id": "#parameter-seeds"} in found["Snakefile"]["input"]


def test_falsehood_zero_and_nothing_are_values_too(tmp_path):
    made = crate.Crate(tmp_path)
    for name, value in {"no": False, "zero": 0, "none": None, "empty": []}.items():
        made.add_setting(name, value)
    values = {name: made.entities[f"#value-{name}"]["value"] for name in ("no", "zero")}
    assert values == {"no": False, "zero": 0}
    assert made.entities["#value-none"]["value"] == "null"
    assert made.entities["#value-empty"]["value"] == "[]"


def test_a_crate_is_the_same_each_time(run, tmp_path):
    for name in ("one", "two"):
        crate.write_crate(tmp_path / name, *run)
    one, two = ((tmp_path / name / crate.METADATA).read_bytes() for name in ("one", "two"))
    assert one == two


def test_what_is_not_known_is_left_out(run, tmp_path):
    known, *rest = run
    unknown = {**known, "commit": None, "agent": None, "packages": {}}
    crate.write_crate(tmp_path / "crate", unknown, *rest)
    found = entities(tmp_path / "crate")
    assert "#agent" not in found
    assert "null" not in json.dumps(list(found.values()))
    assert found["Snakefile"]["version"] == "1.2.3"
    assert "softwareRequirements" not in found["Snakefile"]


def test_the_list_of_files_says_how_each_came_about(run, tmp_path):
    crate.write_crate(tmp_path / "crate", *run)
    with (tmp_path / "crate/files.csv").open(newline="") as stream:
        rows = {row["path"]: row for row in csv.DictReader(stream)}
    assert list(rows) == ["given.yaml", "r/log.csv", "r/raw x.tif", "r/tables/a.csv"]
    assert rows["r/log.csv"] == {
        "path": "r/log.csv",
        "bytes": "3",
        "sha256": ABC,
        "rule": "tabulate",
        "script": "scripts/a.py",
        "made_from": "given.yaml;r/raw x.tif",
    }
    assert rows["given.yaml"]["rule"] == ""


def test_flattening_loses_nothing():
    nested = {"a": {"b": {"c": 1, "options": {}}, "d": [1, {"e": 2}]}, "f": None, "g": False}
    assert dict(crate.flatten(nested)) == {
        "a.b.c": 1,
        "a.b.options": {},
        "a.d": [1, {"e": 2}],
        "f": None,
        "g": False,
    }


def git(folder, *arguments):
    subprocess.run(["git", "-C", folder, *arguments], check=True, capture_output=True)


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """A git repository with one commit, in place of the project's folder."""
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, "/dev/null")
    monkeypatch.delenv("SARFUSION_COMMIT", raising=False)
    monkeypatch.setattr(facts, "ROOT", tmp_path)
    (tmp_path / "Snakefile").write_text("abc")
    git(tmp_path, "init")
    git(tmp_path, "config", "user.name", "Ada Lovelace")
    git(tmp_path, "config", "user.email", "ada@example.org")
    git(tmp_path, "add", "Snakefile")
    git(tmp_path, "commit", "-m", "first")
    return tmp_path


def test_a_clean_clone_has_a_commit_and_a_person(clone):
    assert len(facts.commit()) == 40
    assert facts.user_name() == "Ada Lovelace"


@pytest.mark.parametrize("name", ["Snakefile", "new.py"])
def test_a_changed_or_new_file_is_told(clone, name):
    clean = facts.commit()
    (clone / name).write_text("changed")
    assert facts.commit() == f"{clean}-dirty"


def test_a_folder_inside_another_clone_has_no_commit(clone, monkeypatch):
    (clone / "inner").mkdir()
    monkeypatch.setattr(facts, "ROOT", clone / "inner")
    assert facts.commit() is None
    monkeypatch.setenv("SARFUSION_COMMIT", "c0ffee")  # as in the container image
    assert facts.commit() == "c0ffee"


def test_without_git_and_without_a_login_name_nothing_fails(clone, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("LOGNAME", "someone")
    assert (facts.commit(), facts.user_name()) == (None, "someone")

    def no_name():
        raise OSError("No username set in the environment")

    monkeypatch.setattr(facts.getpass, "getuser", no_name)
    assert facts.user_name() is None


def test_packages_are_those_that_are_asked_for():
    found = facts.packages()
    assert found["jsonschema"] == version("jsonschema")
    for name in ("numpy", "torch", "snakemake", "rasterio"):  # in some environments only
        assert (name in found) == (find_spec(name) is not None)
    assert "python" in found
    assert "pytest" not in found


def test_sources_are_the_whole_workflow_and_no_study():
    found = {str(path.relative_to(facts.ROOT)) for path in facts.source_files()}
    assert {
        "Snakefile",
        "rules/common.smk",
        "scripts/train_model.py",
        "config/claims.yaml",
    } <= found
    assert {
        "scripts/sarfusion/fusion/networks/cnn.py",
        "envs/train.yaml",
        "config/schema.yaml",
    } <= found
    assert "command/terminal/snakemake_logger_plugin_steps/__init__.py" in found
    assert not {"config/demo.yaml", "config/hanoi.yaml"} & found
