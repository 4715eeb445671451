"""What a person reads while Snakemake works: the logger plugin `steps`, fed with records."""

import asyncio
import logging
import sys
import threading
import time
from types import SimpleNamespace

import pytest
from reproduce_command import ROOT
from snakemake.common import NOTHING_TO_BE_DONE_MSG
from snakemake_interface_logger_plugins.common import LogEvent
from snakemake_interface_logger_plugins.tests import TestLogHandlerBase

sys.path.insert(0, str(ROOT / "command/terminal"))

import snakemake_logger_plugin_steps as steps
import snakemake_with


class TestAsEveryPlugin(TestLogHandlerBase):
    """The tests that Snakemake has for plugins of this kind."""

    __test__ = True

    @pytest.fixture(autouse=True)
    def closed(self, monkeypatch):
        """Close every handler that a test makes; otherwise its timer prints into a later test."""
        made = []
        create = TestLogHandlerBase._create_handler
        monkeypatch.setattr(
            TestLogHandlerBase,
            "_create_handler",
            lambda self: made.append(create(self)) or made[-1],
        )
        yield
        for handler in made:
            handler.close()

    def get_log_handler_cls(self):
        return steps.LogHandler

    def get_log_handler_settings(self):
        return None


@pytest.fixture
def told(capsys):
    """Passes records (event, message, attributes) to a handler; returns the lines it prints."""
    handler = steps.LogHandler(SimpleNamespace(nocolor=False), None)

    def tell(*records, level=logging.INFO):
        for event, message, more in records:
            path = more.pop("path", "x.py")
            record = logging.LogRecord("snakemake", level, path, 1, message, (), None)
            record.__dict__.update(more, event=event)
            handler.emit(record)
        return capsys.readouterr().err.splitlines()

    yield tell
    handler.close()


def starts(jobid, what="Train cnn"):
    return LogEvent.JOB_INFO, "", {"jobid": jobid, "rule_msg": what, "rule_name": "train"}


def ends(jobid):
    return LogEvent.JOB_FINISHED, "", {"job_id": jobid}


def fails(jobid, *logs, indent=False):
    facts = {"jobid": jobid, "log": list(map(str, logs)), "indent": indent}
    return LogEvent.JOB_ERROR, "Error in rule", facts


def says(message, **more):
    return None, message, more


TOTAL = (LogEvent.RUN_INFO, "Job stats", {"stats": {"train": 11, "total": 12}})


def test_each_step_is_a_line(told):
    lines = told(TOTAL, starts(1), starts(2, "Train cae"), ends(2), ends(1))
    assert lines == ["12 steps to do", " 1/12  Train cae (0 s)", " 2/12  Train cnn (0 s)"]


def test_what_is_no_step_is_left_out(told):
    assert not told(
        says("Building DAG of jobs..."),
        says("Select jobs to execute..."),
        (LogEvent.JOB_STARTED, "Execute 1 jobs...", {"jobs": [1]}),
        (LogEvent.PROGRESS, "1 of 12 steps", {"done": 1, "total": 12}),
        says("Complete log(s): /x/y.log"),
    )
    assert told(says(NOTHING_TO_BE_DONE_MSG)) == [NOTHING_TO_BE_DONE_MSG]
    creating = "Creating conda environment envs/train.yaml..."
    path = "/venv/snakemake/deployment/conda.py"
    assert told(says(creating, path=path)) == [creating]


def test_a_failure_is_told_once_with_its_error_and_its_log(told, tmp_path):
    log = tmp_path / "a.log"
    log.write_text("started in 1 s\nTraceback\nerror: the disk is full\n")
    lines = told(TOTAL, starts(1), fails(1, log))
    assert lines[1:] == [
        "FAILED  Train cnn",
        "        error: the disk is full",
        f"        log: {log}",
    ]
    assert not told(
        (LogEvent.ERROR, "RuleException:\nCalledProcessError in file x", {}),
        says("Exiting because a job execution failed. Look above for error messages"),
        says("WorkflowError:\nAt least one job did not complete successfully."),
        level=logging.ERROR,
    )
    (last,) = told(says("Complete log(s): /x/y.log"))
    assert last == "1 of 12 steps failed, 0 are done. Snakemake's own log: /x/y.log"


@pytest.mark.parametrize("how", ["died with <Signals.SIGINT: 2>.", "exit status 130."])
def test_jobs_that_ctrl_c_ends_have_not_failed(told, tmp_path, how):
    log = tmp_path / "a.log"
    log.write_text("started in 1 s\n")
    message = f"RuleException:\nCalledProcessError in file x\nCommand 'y' {how}"
    assert not told((LogEvent.ERROR, message, {}), level=logging.ERROR)
    assert told(TOTAL, starts(1), fails(1, log)) == ["12 steps to do"]


def test_jobs_that_end_as_the_run_is_stopped_have_not_failed(told, tmp_path, monkeypatch):
    stopped = threading.Event()
    monkeypatch.setattr(steps, "run_stopped", stopped)
    killed, wrong = tmp_path / "a.log", tmp_path / "b.log"
    killed.write_text("started in 1 s\n")
    wrong.write_text("error: the disk is full\n")
    threading.Timer(0.1, stopped.set).start()  # known a moment after the end of the first job
    assert not told(starts(1), fails(1, killed))
    assert told(starts(2), fails(2, wrong))[1] == "        error: the disk is full"


def test_sigterm_stops_the_run_as_snakemake_has_it(monkeypatch):
    monkeypatch.setattr(snakemake_with.signal, "signal", lambda *_: None)
    stopped, calls = threading.Event(), []
    scheduler = type("Scheduler", (), {"exit_gracefully": lambda self, *given: calls.append(given)})
    snakemake_with.note_stop(scheduler, stopped)
    assert not stopped.is_set()
    scheduler().exit_gracefully(15, None)
    assert stopped.is_set()
    assert calls == [(15, None)]


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("RuleException:\nCalledProcessError", False),
        ("Error in rule a, jobid: 3", False),
        ("Error: no disk", True),
    ],
)
def test_after_ctrl_c_the_end_of_jobs_is_no_news(text, printed):
    record = logging.LogRecord("snakemake", logging.ERROR, "x.py", 1, text, (), None)
    assert snakemake_with.is_news(record) == printed


def test_of_a_job_that_somebody_cancelled_it_is_said(told, tmp_path):
    log = tmp_path / "21.log"
    log.write_text("slurmstepd-node2: error: *** JOB 21 ON node2 CANCELLED AT 2026-11-28 ***\n")
    assert told(starts(1), fails(1, log))[1].strip() == "it was cancelled"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"21": "CANCELLED by 1000", "22": "RUNNING"}, {"21": "CANCELLED", "22": "RUNNING"}),
        (None, None),  # sacct returned none
    ],
)
def test_a_cancelled_job_is_one_to_the_plugin_for_slurm(answer, expected):
    async def query(*_):
        return answer, 0.1

    plugin = SimpleNamespace(query_job_status=query)
    snakemake_with.notice_cancelled_jobs(plugin)
    assert asyncio.run(plugin.query_job_status("sacct", None)) == (expected, 0.1)


def test_jobs_whose_state_is_being_asked_for_are_cancelled_too():
    cancelled = []

    class Executor:
        async def check_active_jobs(self, active_jobs):
            self.cancel_jobs([])  # Ctrl-C now: Snakemake's list is empty
            for job in active_jobs:
                if job != "ended":
                    yield job

        def cancel_jobs(self, active_jobs):
            cancelled.append(active_jobs)

    async def ask(executor):
        return [job async for job in executor.check_active_jobs(["21", "ended", "22"])]

    snakemake_with.cancel_all(Executor)
    executor = Executor()
    executor.cancel_jobs(["20"])
    assert asyncio.run(ask(executor)) == ["21", "22"]
    executor.cancel_jobs(["21", "22", "23"])
    assert cancelled == [["20"], ["21", "ended", "22"], ["21", "22", "23"]]


def test_a_killed_job_shows_the_end_of_its_log(told, tmp_path):
    log = tmp_path / "a.log"
    log.write_text("".join(f"line {number}\n" for number in range(50)))
    lines = told(starts(1), fails(1, log))
    assert lines[1:-2] == [f"        line {n}" for n in range(50 - steps.LAST_LINES, 50)]
    assert "it was ended from outside" in lines[-2]
    assert "it was ended from outside" in told(starts(2), fails(2, tmp_path / "none.log"))[1]


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("died with <Signals.SIGKILL: 9>.", "it was killed, perhaps for lack of memory"),
        ("returned non-zero exit status 137.", "it was killed, perhaps for lack of memory"),
        ("died with <Signals.SIGTERM: 15>.", "SIGTERM ended it"),
        ("returned non-zero exit status 139.", "SIGSEGV ended it"),
        ("returned non-zero exit status 255.", "it was ended from outside"),
    ],
)
def test_memory_is_suspected_of_a_job_that_was_killed_and_of_no_other(told, tmp_path, how, why):
    message = f"RuleException:\nCalledProcessError in file x\nCommand 'y' {how}"
    told((LogEvent.ERROR, message, {}), level=logging.ERROR)
    lines = told(starts(1), fails(1, tmp_path / "none.log"))
    assert lines[1] == f"        its log has no error message: {why}"
    log = tmp_path / "slurm.log"
    log.write_text(message)
    assert lines[1] in told(starts(2), fails(2, log))


@pytest.mark.parametrize(
    ("second", "made", "guilty"),
    [
        ("error: no train patch\n", (1,), "Train cnn"),
        ("started in 1 s\n", (1,), "Train cnn"),  # killed: it began and made nothing
        ("", (1, 2), "Fuse"),  # the first that made nothing
    ],
)
def test_of_a_group_only_the_guilty_are_told(told, tmp_path, second, made, guilty):
    logs = [tmp_path / f"{number}.log" for number in (1, 2, 3)]
    logs[0].write_text("started in 1 s\n")
    logs[1].write_text(second)
    outputs = [tmp_path / f"{number}.tif" for number in (1, 2, 3)]
    for number in made:
        outputs[number - 1].touch()
    jobs = [
        {"jobid": number, "output": [str(output)], "log": [str(log)]}
        for number, (output, log) in enumerate(zip(outputs, logs, strict=True), 1)
    ]
    group = (LogEvent.GROUP_ERROR, "", {"job_error_info": jobs, "aux_logs": ["slurm.log"]})
    each = [fails(number, log, indent=True) for number, log in enumerate(logs, 1)]
    lines = told(starts(1, "Stack"), starts(2), starts(3, "Fuse"), group, *each)
    assert [line for line in lines if "FAILED" in line] == [f"FAILED  {guilty}"]
    assert "        log: slurm.log" in lines


def test_a_job_that_succeeds_when_tried_again_has_not_failed(told, tmp_path):
    lines = told(TOTAL, starts(1), fails(1, tmp_path / "x"), says("Trying to restart job 1."))
    assert lines[-1] == "        it is tried again"
    assert not told(starts(1), ends(1), says("Complete log(s): /x/y.log"))[1:]


def test_errors_of_ours_are_one_line_and_a_held_lock_is_explained(told):
    study = "WorkflowError in file x, line 3:\nerror: config: unknown key 'epochs'\n  File y"
    assert told(says(study), level=logging.ERROR) == ["error: config: unknown key 'epochs'"]
    lock = (LogEvent.ERROR, "LockException:\nError: Directory", {"exception": "LockException"})
    (line,) = told(lock, level=logging.ERROR)
    assert line.startswith("error: another Snakemake is running this study in this folder")
    assert told(says("a warning"), level=logging.WARNING) == ["a warning"]  # and no colours here


def test_long_silence_is_broken_by_what_is_at_work(told, monkeypatch, capsys):
    monkeypatch.setattr(steps, "SILENCE", 0.05)
    told(TOTAL, starts(1), starts(2))
    deadline = time.monotonic() + 30
    while "running" not in (said := capsys.readouterr().err):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert said.splitlines()[0] == "  running: Train cnn (0 s), and 1 more"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (59.6, "1 min 0 s"), (466, "7 min 46 s"), (7300, "2 h 1 min")],
)
def test_durations(seconds, text):
    assert steps.duration(seconds) == text
