"""Two runs at once, a full disk, and what a person sees of a run: real Snakemake."""

import os
import re
import signal
import subprocess
import time

import pytest
from project import TINY
from small_disk import enlarge, small_disk

PATCHES = "results/tiny/patches/village.parquet"


@pytest.fixture
def held(project):
    """A Snakemake that holds the folder's lock and is stopped until it is sent SIGCONT."""
    run = subprocess.Popen(
        project.command(PATCHES),
        cwd=project.folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + 1200
        while not list(project.folder.glob(".snakemake/locks/*.output.lock")):
            assert run.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        os.killpg(run.pid, signal.SIGSTOP)
        yield run
    finally:
        if run.poll() is None:
            os.killpg(run.pid, signal.SIGKILL)
            run.wait()


def test_the_second_of_two_runs_is_refused_and_the_first_ends_well(project, held):
    printed = project.run(PATCHES, fails=True)
    assert "Directory cannot be locked" in printed
    printed = project.reproduce(TINY, PATCHES, "--cores", "2", fails=True)
    told = [line for line in printed.splitlines() if line.startswith("error: ")]
    assert len(told) == 1
    assert "another Snakemake is running this study" in told[0]
    assert "LockException" not in printed
    assert "running now" in project.reproduce("status", TINY, code=3)
    os.killpg(held.pid, signal.SIGCONT)
    assert held.wait(timeout=3000) == 0
    assert project.planned(PATCHES) == set()
    assert not list(project.results().rglob(".part-*"))


def test_a_full_disk_is_one_clear_error_and_the_run_goes_on_when_there_is_space(project, tmp_path):
    """Also what a person reads: each step and each error once; then the status."""
    with small_disk(tmp_path / "disk", 1500) as folder:
        (project.folder / "results").symlink_to(folder)
        printed = project.reproduce(TINY, PATCHES, "--cores", "2", fails=True)
        said = re.findall(r"^ *error: .+$", printed, re.M)
        assert len(said) == 1, printed
        assert re.search(r"village/\w+\.tif: could not be written .* [01]\.\d MB free", said[0])
        assert "FAILED  Simulate the raw scenes of village" in printed
        log = "log: results/tiny/logs/simulate_scene/village.log"
        assert printed.count(log) == 1
        assert "warning: disk: this study takes about" in printed
        left = [path.name for path in project.results().rglob("*") if path.is_file()]
        assert left == ["village.log"]

        printed = project.reproduce("status", TINY, code=4)
        assert said[0].strip() in printed
        assert log in printed
        assert "0 of 21 steps are done" in printed

        enlarge(folder, 100_000)
        printed = project.reproduce(TINY, PATCHES, "--cores", "2")
        steps = [re.sub(r" \([\d a-z]+\)$", "", line) for line in printed.splitlines()[1:]]
        said_while_waiting = ("_tiff", "  running: ")  # on a slow machine
        assert [line for line in steps if not line.startswith(said_while_waiting)] == [
            "3 steps to do",
            "1/3  Simulate the raw scenes of village",
            "2/3  Mask, scale and align the scenes of village",
            "3/3  Index the patches of village",
        ]
        printed = project.reproduce(TINY, PATCHES, "--cores", "2")
        assert printed.splitlines()[1:] == [
            "Nothing to be done (all requested files are present and up to date)."
        ]

        with (project.folder / "scripts/sarfusion/ground/patches.py").open("a") as module:
            module.write("# edited\n")
        printed = project.reproduce("status", TINY, code=3)
        assert re.search(r"^patches +1$", printed, re.M)  # in the column of what is stale
        assert re.search(
            r"^  patches +1  scripts/sarfusion/ground/patches.py changed$", printed, re.M
        )
        assert "2 of 21 steps are done" in printed


def test_an_import_that_fails_is_told_as_what_it_is(project):
    """It is not reported as a killed job, and the next status shows it, too."""
    module = project.folder / "scripts/sarfusion/scenes/simulate.py"
    text = module.read_text()
    assert "\nimport " in text
    module.write_text(text.replace("\nimport ", "\nimport no_such_module\nimport ", 1))
    printed = project.reproduce(TINY, PATCHES, "--cores", "2", fails=True, warm=False)
    error = "error: ModuleNotFoundError: No module named 'no_such_module'"
    log = "results/tiny/logs/simulate_scene/village.log"
    failed = printed.split("FAILED  ")[1].splitlines()[:3]
    assert failed == [
        "Simulate the raw scenes of village",
        f"        {error}",
        f"        log: {log}",
    ]
    traceback = (project.folder / log).read_text()
    assert 'simulate.py", line' in traceback
    assert error in project.reproduce("status", TINY, code=4)


@pytest.mark.parametrize("kept", [True, False])
def test_who_lacks_disk_may_let_go_of_what_can_be_made_again(project, kept):
    study, reduced = "tests/studies/protocols.yaml", "stack/village.reduced.tif"
    bicubic = "results/protocols/fused/village/sharpening/red/bicubic-none/seed0.tif"
    if not kept:
        profile = project.folder / "profiles/default/config.yaml"
        profile.write_text(profile.read_text().replace("notemp: true", "notemp: false"))
    project.run(bicubic, study=study)
    assert (project.results("protocols") / reduced).exists() == kept
    assert project.planned(bicubic, study=study) == set()
