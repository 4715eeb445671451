"""What the command status reports from Snakemake's dry runs."""

import json
import os
import subprocess
import sys

import pytest
from reproduce_command import environment, running, status

PARAMS = "Params have changed since last execution: Union of exclusive params before and now across"
SAR, CNN = "scripts/sarfusion/scenes/sar.py", "scripts/sarfusion/fusion/networks/cnn.py"


def params(before, now):
    """Return Snakemake's message that parameters changed."""
    return f"{PARAMS} all output: before: {before} now: {now} ; Code has changed"


def job(output, rule="train_model", log=(), what="Train", reason="Forced execution", **wildcards):
    return {
        "rule": rule,
        "what": what,
        "wildcards": wildcards,
        "output": [output] if output else [],
        "log": [*log],
        "reason": reason,
    }


@pytest.fixture
def dry_runs(project, monkeypatch):
    """Sets the output of two dry runs: that of everything, and that of what is wanted."""
    (project / "Snakefile").write_text(
        'include: "rules/common.smk"\ninclude: "rules/train.smk"\ninclude: "rules/fuse.smk"\n'
    )
    (project / "rules").mkdir()
    (project / "rules/common.smk").write_text("")
    (project / "rules/train.smk").write_text("if x:\n    rule search:\n\nrule train_model:\n")
    (project / "rules/fuse.smk").write_text("rule fuse:\n\nuse rule fuse as fuse_again with:\n")
    monkeypatch.setattr(status, "ready", lambda: None)
    started = []

    def set_jobs(everything, wanted, code=0, said=""):
        def start(config, arguments, over):
            started.append((arguments, [*over]))
            jobs = everything if "--forceall" in arguments else wanted
            text = "".join(json.dumps(job) + "\n" for job in jobs)
            program = "import sys; print(sys.argv[1]); sys.stderr.write(sys.argv[2]); sys.exit("
            return subprocess.Popen(
                [sys.executable, "-c", f"{program}{code})", text, said],
                text=True,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )

        monkeypatch.setattr(status, "start_dry_run", start)
        return project

    set_jobs.started = started
    return set_jobs


def told(capsys, code, *arguments):
    assert status.status_command(["demo", *arguments]) == code
    return capsys.readouterr().out.splitlines()


def test_stages_are_the_files_of_the_rules(dry_runs):
    dry_runs([], [])
    expected = {"search": "train", "train_model": "train", "fuse": "fuse", "fuse_again": "fuse"}
    assert status.stages_of_rules() == expected


def test_all_is_done(dry_runs, capsys):
    dry_runs([job("a"), job("", rule="all")], [])
    assert told(capsys, 0)[-1] == "1 of 1 steps are done"


def test_each_state_is_counted_and_told(dry_runs, capsys):
    missing = "Missing output files: "
    updated = "Updated input files: scripts/sarfusion/scoring/metrics.py, x.tif; Code has changed"
    everything = [job("a"), job("b"), job("c", "fuse"), job("d", "fuse", ["logs/d.log"], "Fuse d")]
    project = dry_runs(
        everything,
        [
            job("b", reason=updated),
            job("c", "fuse", reason=missing + "c"),
            job("d", "fuse", ["logs/d.log"], reason=missing + "d; Input files updated by another"),
        ],
    )
    (project / "logs").mkdir()
    (project / "logs/d.log").write_text("started in 1 s\nerror: the disk is full\n")
    lines = told(capsys, status.FAILED)
    rows = {line.split()[0]: line.split()[1:] for line in lines if line}
    assert rows["stage"] == ["done", "stale", "missing", "failed"]
    assert rows["fuse"] == ["1", "1"]
    assert rows["total"] == ["1", "1", "1", "1"]
    assert "  train            1  scripts/sarfusion/scoring/metrics.py changed, and 1 more" in lines
    place = lines.index("failed")
    assert lines[place + 1 :] == [
        *("  Fuse d", "    error: the disk is full", "    log: logs/d.log", ""),
        "1 of 4 steps are done",
    ]
    (project / "logs/d.log").write_text("started in 1 s\n")  # as when it was killed
    assert "failed" not in told(capsys, status.INCOMPLETE)


def test_of_filled_scenes_the_steps_of_fill_are_counted(dry_runs, capsys):
    project = dry_runs([job("a")], [])
    chosen = project / "results/demo/fill_with.json"
    chosen.parent.mkdir(parents=True)
    chosen.touch()
    assert told(capsys, 0)[0] == "study demo, whose scenes ./reproduce fill fills"
    assert dry_runs.started == [(["fill", "--forceall"], [chosen]), (["fill"], [chosen])]
    (project / "results/demo/models").mkdir()  # of a run of the study itself
    told(capsys, 0)
    assert dry_runs.started[2:] == [(["--forceall"], []), ([], [])]


def test_sites_that_are_not_done_are_listed(dry_runs, capsys):
    everything = [job(f"{n}", site=f"city{n}") for n in range(30)]
    dry_runs(everything, [{**one, "reason": "Missing output files: x"} for one in everything[:25]])
    lines = told(capsys, status.INCOMPLETE)
    assert sum(line.startswith("city") for line in lines) == status.MAX_SITES
    assert "... and 5 more sites that are not done" in lines
    assert "5 of 30 sites are done" in lines


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("Updated input files: a.tif", "a.tif changed"),
        (params("3,[1, 2]", "4"), "other settings (params) than before"),
        (params({SAR: "1f", CNN: "2e"}, {SAR: "1f", CNN: "3d"}), f"{CNN} changed"),
        (params({SAR: "1f"}, f"4,{ {SAR: '2e', CNN: '3d'} }"), f"{CNN} changed, and 1 more"),
        ("Set of input files has changed since last execution", "other inputs than before"),
        ("Code has changed since last execution", "its script or rule was edited"),
        ("Input files updated by another job: a, b", "follows from the reasons above"),
        ("Something new", "Something new"),
    ],
)
def test_reasons_in_few_words(reason, words):
    assert status.short_reason(reason) == words


def test_a_study_that_cannot_be_read_is_one_line(dry_runs):
    said = "WorkflowError in file x:\nerror: config: unknown key 'epochs'\n  File y\n"
    dry_runs([], [], code=1, said=said)
    with pytest.raises(environment.Problem) as problem:
        status.status_command(["demo"])
    expected = "the state of this study is not known:\nerror: config: unknown key 'epochs'"
    assert str(problem.value) == expected


def test_a_run_at_work_is_told_and_left_alone(dry_runs, capsys):
    project = dry_runs([job("a")], [])
    with running.project_lock("study demo") as lock:
        lock.save(os.getpid())
        assert f"running now: study demo (process {os.getpid()})" in told(capsys, 0)[1]
    assert "running now" not in "\n".join(told(capsys, 0))
    locks = project / ".snakemake/locks"
    locks.mkdir()
    (locks / "0.output.lock").write_text("results/demo/x\n")
    assert "a Snakemake is running now, or was killed here" in told(capsys, 0)[1]
