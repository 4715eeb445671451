"""A release: what it requires, what it packs, and that it pushes nothing."""

import hashlib
import json
import subprocess
import zipfile

import pytest
import yaml
from crate_validator import Validator
from describe_release import main as describe
from reproduce_command import ROOT, environment, releasing, reproduce

DAY = "2026-12-01"


def git(folder, *arguments):
    who = ("-c", "user.name=a", "-c", "user.email=a@b.c")
    command = ["git", "-C", folder, *who, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def checks():
    """The checks that would run."""
    return []


@pytest.fixture
def ready(project, checks, monkeypatch):
    """A committed project whose version 1.2.3 is ready for release."""
    citation = (ROOT / "CITATION.cff").read_text().replace(releasing.project_version(), "1.2.3")
    (project / "CITATION.cff").write_text(f"{citation}date-released: {DAY}\n")
    (project / "CHANGELOG.md").write_text(f"# Changes\n\n## 1.2.3, {DAY}\n\n## 1.2.2, 2026-11-01\n")
    (project / "Snakefile").write_text("rule all:\n")
    (project / ".gitignore").write_text("/dist/\n/.snakemake/\n__pycache__/\n")
    git(project, "init", "--quiet")
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", "first")
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "a")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "a@b.c")

    def note(command):
        checks.append(command[2:])
        return 0

    monkeypatch.setattr(releasing, "run", note)
    monkeypatch.setattr(releasing, "ready", lambda: None)
    monkeypatch.setattr(releasing, "project_version", lambda: "1.2.3")
    monkeypatch.setattr(releasing, "run_script", lambda lock, name, *given: describe(*given))
    return project


def test_a_release_is_checked_packed_and_tagged(ready, checks, capsys, tmp_path_factory):
    assert reproduce.main(["release", "1.2.3"]) == 0
    assert checks == [["lint"], ["test", "--all"], ["verify"]]
    assert all(check[0] in reproduce.COMMANDS for check in checks)
    head = git(ready, "rev-parse", "HEAD").strip()
    assert git(ready, "rev-parse", "v1.2.3^{commit}").strip() == head
    assert "Nothing was pushed" in capsys.readouterr().out
    archive = ready / "dist/sarfusion-1.2.3.crate.zip"
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    assert (ready / "dist/sarfusion-1.2.3.crate.zip.sha256").read_text() == (
        f"{digest}  sarfusion-1.2.3.crate.zip\n"
    )
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(archive) as members:
        members.extractall(folder)
    tracked = set(git(ready, "ls-files").split())
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert files == tracked | {"ro-crate-metadata.json", ".zenodo.json"}
    graph = json.loads((folder / "ro-crate-metadata.json").read_text())["@graph"]
    entities = {entity["@id"]: entity for entity in graph}
    assert entities["./"]["mainEntity"] == {"@id": "Snakefile"}
    assert entities["Snakefile"]["version"] == f"1.2.3+{head}"
    parts = {part["@id"] for part in entities["./"]["hasPart"]}
    assert parts == files - {"ro-crate-metadata.json"}
    content = (folder / "reproduce").read_bytes()
    assert entities["reproduce"]["sha256"] == hashlib.sha256(content).hexdigest()
    validator = Validator(tmp_path_factory.mktemp("validator"))
    assert validator.complaints(folder, "workflow-ro-crate") == []


def test_zenodo_is_told_what_the_citation_says(ready, tmp_path_factory):
    commit = git(ready, "rev-parse", "HEAD").strip()
    made = releasing.pack(tmp_path_factory.mktemp("pack"), "s", DAY, commit)
    with zipfile.ZipFile(made) as members:
        told = json.loads(members.read(".zenodo.json"))
    citation = yaml.safe_load((ready / "CITATION.cff").read_text())
    assert told["version"] == "1.2.3"
    assert told["publication_date"] == DAY
    assert told["upload_type"] == "software"
    assert told["license"] == citation["license"]
    assert told["description"] == citation["abstract"]
    assert told["creators"] == [{"name": author["name"]} for author in citation["authors"]]


def test_an_archive_has_the_same_bytes_each_time_and_everywhere(
    ready, tmp_path_factory, monkeypatch
):
    commit = git(ready, "rev-parse", "HEAD").strip()
    made = []
    for zone in ("Asia/Tokyo", "America/Lima"):
        monkeypatch.setenv("TZ", zone)
        archive = releasing.pack(tmp_path_factory.mktemp("pack"), "s", DAY, commit)
        made.append(archive.read_bytes())
    assert made[0] == made[1]


CHANGES = {
    "another version": ("CITATION.cff", None, "states version 1.2.3, not 1.2.4"),
    "no heading": ("CHANGELOG.md", "## 1.2.2, 2026-11-01\n", "does not begin with a heading"),
    "no day": ("CHANGELOG.md", "## 1.2.3, not released yet\n", "with the day of the release"),
    "another day": ("CHANGELOG.md", "## 1.2.3, 2026-12-02\n", "date-released: 2026-12-02"),
    "an edit": ("Snakefile", "rule any:\n", "commit first: Snakefile"),
    "a new file": ("notes.txt", "x", "commit first: notes.txt"),
}


@pytest.mark.parametrize(("name", "text", "message"), CHANGES.values(), ids=CHANGES)
def test_what_is_not_ready_is_one_line_and_changes_nothing(ready, checks, name, text, message):
    if text:
        (ready / name).write_text(text)
    with pytest.raises(environment.Problem, match=message):
        releasing.release_command(["1.2.3" if text else "1.2.4"])
    assert checks == []
    assert git(ready, "tag") == ""
    assert not (ready / "dist").exists()


def test_no_version_is_released_twice(ready):
    git(ready, "tag", "v1.2.3")
    with pytest.raises(environment.Problem, match=r"there is already a tag v1\.2\.3"):
        releasing.release_command(["1.2.3"])


def test_a_failed_check_ends_it(ready, monkeypatch):
    monkeypatch.setattr(releasing, "run", lambda command: int(command[-1] == "verify"))
    with pytest.raises(environment.Problem, match="no release: a check failed"):
        releasing.release_command(["1.2.3"])
    assert git(ready, "tag") == ""
    assert not (ready / "dist").exists()


@pytest.mark.parametrize("arguments", [[], ["--help"], ["1.2.3", "more"]])
def test_it_takes_a_version(arguments):
    with pytest.raises(environment.Problem, match=r"usage: ./reproduce release VERSION"):
        releasing.release_command(arguments)


def test_outside_git_there_is_no_release(project, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(project.parent))
    with pytest.raises(environment.Problem, match="git status: .*not a git repository"):
        releasing.check_clean()
