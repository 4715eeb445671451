"""What new contributors find: checks on GitHub, issue forms, the changelog."""

import os
import re

import pytest
import yaml
from pages import ROOT
from reproduce_command import reproduce
from sarfusion.core.version import project_version
from test_locks import PYTHONS

FORMS = sorted(set(ROOT.glob(".github/ISSUE_TEMPLATE/*.yml")) - {*ROOT.glob("**/config.yml")})
KINDS = {"markdown", "textarea", "input", "dropdown", "checkboxes"}  # GitHub's syntax of forms
REPORT = "./reproduce report-problem STUDY"


@pytest.fixture(scope="module")
def checks():
    return yaml.safe_load((ROOT / ".github/workflows/checks.yml").read_text(encoding="utf-8"))


def runs(job):
    return [step["run"] for step in job["steps"] if "run" in step]


def test_linux_runs_everything_with_each_python_and_macos_the_quick_tests(checks):
    linux, macos = checks["jobs"]["linux"], checks["jobs"]["macos"]
    assert linux["strategy"]["matrix"] == {"python": PYTHONS}
    assert linux["container"]["image"].startswith("python:${{ matrix.python }}-")
    assert runs(linux)[-1] == ".ci/run"
    assert os.access(ROOT / ".ci/run", os.X_OK)
    assert runs(macos) == ["./reproduce test"]
    assert os.access(ROOT / "reproduce", os.X_OK)
    setup = next(step for step in macos["steps"] if "setup-python" in step.get("uses", ""))
    assert setup["with"]["python-version"] in PYTHONS
    assert (linux["runs-on"][:6], macos["runs-on"][:5]) == ("ubuntu", "macos")


def test_checks_see_the_whole_history_and_may_write_nothing(checks):
    assert checks["permissions"] == {"contents": "read"}
    assert {"push", "pull_request"} <= checks[True].keys()  # YAML 1.1 reads `on` as true
    for job in checks["jobs"].values():
        assert job["timeout-minutes"] <= 120
        first, *others = job["steps"]
        assert first["uses"].startswith("actions/checkout@v")
        assert first["with"] == {"fetch-depth": 0, "persist-credentials": False}
        assert all(re.match(r"actions/[\w-]+@v\d+$", s["uses"]) for s in others if "uses" in s)


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_a_form_is_one_that_github_shows(path):
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert form.keys() == {"name", "description", "labels", "body"}
    assert all(isinstance(form[key], str) and form[key] for key in ("name", "description"))
    names = [part["id"] for part in form["body"]]
    assert len(set(names)) == len(names)
    for part in form["body"]:
        assert part.keys() <= {"type", "id", "attributes", "validations"}
        assert part["type"] in KINDS
        assert part["attributes"]["label"]
        options = part["attributes"].get("options", [])
        assert all(isinstance(option, str) for option in options)
        assert bool(options) == (part["type"] == "dropdown")


@pytest.mark.parametrize("name", ["problem", "result"])
def test_a_problem_comes_with_its_report(name):
    (path,) = [form for form in FORMS if form.stem == name]
    body = yaml.safe_load(path.read_text(encoding="utf-8"))["body"]
    (report,) = [part for part in body if f"`{REPORT}`" in part["attributes"]["label"]]
    assert report["validations"] == {"required": True}
    assert "render" not in report["attributes"]  # it is Markdown, with blocks of its own
    assert REPORT.split()[1] in reproduce.COMMANDS


def test_commands_in_forms_exist():
    texts = [path.read_text(encoding="utf-8") for path in ROOT.glob(".github/**/*.*")]
    named = set(re.findall(r"`?\./reproduce ([a-z-]+)", "\n".join(texts)))
    assert {"test", "lint", "verify", "report-problem"} <= named <= reproduce.COMMANDS.keys()


def test_the_changelog_begins_with_this_version_and_goes_down():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    heads = re.findall(r"^## (\d+\.\d+\.\d+), (not released yet|\d{4}-\d\d-\d\d)$", text, re.M)
    assert len(heads) == len(re.findall("^## ", text, re.M))
    assert heads[0][0] == project_version()
    assert all(when != "not released yet" for _, when in heads[1:])
    versions = [tuple(map(int, version.split("."))) for version, _ in heads]
    assert versions == sorted(versions, reverse=True)
    assert len(set(versions)) == len(versions)
