"""Every rule gives its script exactly the names that its `main` takes."""

from pathlib import Path

import pytest
from rule_names import parameters, rules

# Params that make a job run again, or say what it runs or shows: no function takes them.
TRIGGERS = {"code", "network", "locked", "script"}
GIVEN = ("input", "output", "params")  # what a rule names so that its script takes it


def problems(rule, about, main):
    """Return in words what is wrong with the names of a rule, for the parameters of its main."""
    found = []
    named = {section: set(about[section]) for section in (*GIVEN, "wildcards")}
    named["params"] -= TRIGGERS
    named["job"] = {"threads", "wildcards"}
    for name, has_default in main.items():
        where = [section for section, names in named.items() if name in names]
        if len(where) > 1:
            found.append(f"{rule}: {name} is in {where}")
        if not where and not has_default:
            found.append(f"{rule}: nothing is named {name}")
        if where == ["input"] and not about["input"][name] and not has_default:
            found.append(f"{rule}: some jobs have no input {name}, which has no default")
    unused = set().union(*(named[section] for section in GIVEN)) - set(main)
    return found + [f"{rule}: the script takes no {name}" for name in sorted(unused)]


@pytest.fixture(scope="module")
def by_name(tmp_path_factory):
    """The rules, planned in a shell in which conda or QGIS left its database of PROJ."""
    other = tmp_path_factory.mktemp("proj")
    (other / "proj.db").write_text("no database")
    return rules(tmp_path_factory.mktemp("rules"), PROJ_DATA=str(other), GDAL_SKIP="GTiff")


def test_rules_name_what_their_scripts_take(by_name):
    assert {"train_model", "keep_lock", "calibrate_grd", "fuse_transfer"} <= set(by_name)
    assert {"simulate_scene", "import_scene", "plot_cloud_gap", "plot_tables"} <= set(by_name)
    for about in by_name.values():
        assert "    run(main, snakemake)\n" in Path(about["script"]).read_text(encoding="utf-8")
    assert [
        problem
        for rule, about in by_name.items()
        for problem in problems(rule, about, parameters(about["script"]))
    ] == []


def test_no_parameter_has_a_variable_of_paths(by_name):
    unresolved = {rule: about["unresolved"] for rule, about in by_name.items()}
    assert {rule: names for rule, names in unresolved.items() if names} == {}
