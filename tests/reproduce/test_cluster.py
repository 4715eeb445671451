"""What a killed run left in Slurm's queue, with stand-ins for Slurm's commands.

tests/workflow/test_with_slurm.py tests it with a real Slurm.
"""

import os
import time

import pytest
from reproduce_command import cluster

SQUEUE = """\
#!/bin/sh
cat "{queue}"
sed -i 2d "{queue}"  # those that run come to their end, one at a look
"""
SCANCEL = """\
#!/bin/sh
echo "$@" >"{cancelled}"
sed -i "/^$1|/d" "{queue}"
"""


@pytest.fixture
def queue(project, monkeypatch):
    """A file with the output of `squeue`, in a project that this process works in."""
    queue = project / "queue"
    for name, text in (("squeue", SQUEUE), ("scancel", SCANCEL)):
        command = project / "bin" / name
        command.parent.mkdir(exist_ok=True)
        command.write_text(text.format(queue=queue, cancelled=project / "cancelled"))
        command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{project / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(cluster, "POLL_S", 0)
    return queue


def test_waiting_jobs_are_cancelled_and_running_ones_awaited(project, queue, capsys):
    others = [f"9|RUNNING|mine|{project}", "10|RUNNING|sarfusion_a|/elsewhere"]
    ours = [
        f"{job}|{state}|sarfusion_a|{project}" for job, state in ((7, "PENDING"), (8, "RUNNING"))
    ]
    queue.write_text(
        "\n".join([others[0], f"5|RUNNING|sarfusion_a|{project}", *ours, others[1]]) + "\n"
    )
    cluster.await_left_jobs()
    assert (project / "cancelled").read_text().split() == ["7"]
    assert "scancel 8" in capsys.readouterr().err
    assert cluster.left_jobs() == {}


def test_jobs_of_others_are_left_alone(project, queue, capsys):
    queue.write_text(f"9|PENDING|mine|{project}\n10|RUNNING|sarfusion_a|/elsewhere\n")
    cluster.await_left_jobs()
    assert not (project / "cancelled").exists()
    assert capsys.readouterr().err == ""


def test_without_slurm_nothing_is_asked(project, monkeypatch, capfd):
    monkeypatch.setenv("PATH", str(project))
    cluster.await_left_jobs()
    assert cluster.left_jobs() is None
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "answer", ["echo 'squeue: error: no controller' >&2; exit 1", "exec sleep 600"]
)
def test_programs_of_slurm_without_a_slurm_are_no_matter(
    project, queue, monkeypatch, capfd, answer
):
    (project / "bin/squeue").write_text(f"#!/bin/sh\n{answer}\n")
    monkeypatch.setattr(cluster, "MAX_ANSWER_S", 0.5)
    began = time.monotonic()
    cluster.await_left_jobs()
    assert time.monotonic() - began < 300  # it does not hang
    assert capfd.readouterr() == ("", "")


def test_a_slurm_that_once_does_not_answer_is_asked_again(project, queue):
    queue.write_text(f"8|RUNNING|sarfusion_a|{project}\n8|RUNNING|sarfusion_a|{project}\n")
    failed = project / "failed"
    squeue = project / "bin/squeue"
    once = f'if [ -e "{queue}.asked" ] && [ ! -e "{failed}" ]; then touch "{failed}"; exit 1; fi\n'
    body = squeue.read_text().split("\n", 1)[1].replace("sed -i 2d", "sed -i 1d")
    squeue.write_text(f'#!/bin/sh\n{once}touch "{queue}.asked"\n{body}')
    cluster.await_left_jobs()
    assert failed.exists()
    assert queue.read_text() == ""
