"""The version of the project: stated once, in CITATION.cff."""

import re
import subprocess

import pytest
import yaml
from pages import ROOT
from sarfusion.core import version
from sarfusion.core.version import project_version


def test_it_is_the_one_that_programs_read_in_the_citation():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == project_version()


def test_no_other_file_states_it():
    """Except the changelog, which names every version."""
    listed = subprocess.run(
        ["git", "ls-files", "*.py", "*.smk", "*.md", "*.cff", "*.yml", "*.yaml", "envs/*file"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    stated = re.compile(rf"version\W+{re.escape(project_version())}\b", re.I)
    names = [n for n in listed.stdout.split() if (ROOT / n).exists()]
    found = [n for n in names if stated.search((ROOT / n).read_text(encoding="utf-8"))]
    assert set(found) - {"CHANGELOG.md"} == {"CITATION.cff"}


@pytest.mark.parametrize(
    "text", ["title: x\n", "version: 1.2\n", "version: 1.2.3\nversion: 1.2.4\n", "xversion: 1.2.3"]
)
def test_a_citation_without_one_plain_version_is_an_error(tmp_path, monkeypatch, text):
    path = tmp_path / "CITATION.cff"
    monkeypatch.setattr(version, "CITATION", path)
    path.write_text("cff-version: 1.2.0\nversion: 10.0.12\n")
    assert project_version() == "10.0.12"
    path.write_text("cff-version: 1.2.0\n" + text)
    with pytest.raises(ValueError, match="CITATION.cff: needs one line"):
        project_version()
