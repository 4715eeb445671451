"""Packages of the library are layers: a module imports from its own and from those below it."""

import ast

import pytest
from pages import ROOT, rows
from sarfusion.provenance.code_version import LIBRARY

SCRIPTS = LIBRARY.parent
# A study describes scenes and their ground; these know nothing of studies.
LAYERS = (
    *("core", "scenes", "ground", "study", "fusion"),
    *("scoring", "product", "show", "provenance", "verify"),
)


def imported(path):
    """The dotted names of modules, and of names in them, that a file of scripts/ imports."""
    here = path.relative_to(SCRIPTS).with_suffix("").parts
    for node in ast.walk(ast.parse(path.read_text(), str(path))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = [*here[: len(here) - node.level]] if node.level else []
            module = [*package, *filter(None, [node.module])]
            yield from (".".join([*module, alias.name]) for alias in node.names)


def packages(path):
    """The packages of the library that a file imports from."""
    names = [name.split(".") for name in imported(path)]
    return {name[1] for name in names if name[0] == "sarfusion" and len(name) > 1}


def test_every_package_is_a_layer():
    assert {path.parent.name for path in LIBRARY.glob("*/__init__.py")} == set(LAYERS)
    assert [path.name for path in LIBRARY.glob("*.py")] == ["__init__.py"]


def test_the_page_on_the_layout_has_them_in_this_order():
    named = [row[0].strip("`") for row in rows(ROOT / "docs/architecture.md")]
    assert tuple(name for name in named if name in LAYERS) == LAYERS


@pytest.mark.parametrize("layer", LAYERS)
def test_no_import_goes_up(layer):
    above = set(LAYERS[LAYERS.index(layer) + 1 :])
    paths = sorted((LIBRARY / layer).rglob("*.py"))
    assert paths
    upward = {
        (path.relative_to(LIBRARY).as_posix(), package)
        for path in paths
        for package in packages(path) & above
    }
    assert not upward


# train_spots.py trains several models in one process, each by the same function that a run uses.
BETWEEN_SCRIPTS = {("train_spots", "train_model")}


def test_no_script_imports_another():
    scripts = {path.stem: path for path in SCRIPTS.glob("*.py")}
    between = {
        (name, other)
        for name, path in scripts.items()
        for other in {module.split(".")[0] for module in imported(path)} & scripts.keys()
    }
    assert between == BETWEEN_SCRIPTS


def test_relative_imports_are_resolved(tmp_path, monkeypatch):
    monkeypatch.setattr(f"{__name__}.SCRIPTS", tmp_path)
    path = tmp_path / "sarfusion/show/figures/maps.py"
    path.parent.mkdir(parents=True)
    path.write_text("from . import inset\nfrom ...verify import checks\nfrom ..tables import x\n")
    assert list(imported(path)) == [
        *("sarfusion.show.figures.inset", "sarfusion.verify.checks", "sarfusion.show.tables.x"),
    ]
    assert packages(path) == {"show", "verify"}
