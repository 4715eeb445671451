"""What each trick for speed gives; run by hand.

    python tests/benchmarks/bench_tricks.py

Each trick is measured with and without it, in turn, in processes of their own. All times are of the
processor, on one thread, except that of a run, which is of the clock.
"""

import gc
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
ROOT = TESTS.parent
sys.path[:0] = [str(TESTS / "benchmarks"), str(ROOT / "command/terminal"), str(ROOT / "scripts")]

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")

from children import answer, contend, table  # noqa: E402

RUNS = 5
SCENE_PX = 1024
UPDATES = 20
JOBS = 100
WORK = "sum(range(6_000_000))"  # of each of these jobs: a tenth of a second
# The start of a job that scores. It writes the processor time that this takes.
JOB = f"""
import sys, time
sys.path.insert(0, {str(ROOT / "scripts")!r})
import evaluate_fusion
with open({{path!r}}, "w") as file:
    file.write(str(time.process_time()))
"""
# {name: (where the trick is, what is measured)}. The function run_NAME measures it.
TRICKS = {
    "adam": ("fusion/optimiser.py", "the first update of a process with PyTorch"),
    "train": ("core/memory.py", f"{UPDATES} updates of the CAE"),
    "fuse": ("core/memory.py", f"the CAE fuses {SCENE_PX} x {SCENE_PX} px"),
    "freeze": ("core/job.py", "the last collection of a job with PyTorch and matplotlib"),
    "fork": ("command/terminal/forked_jobs.py", "the start of a job that scores"),
    "look": (
        "command/terminal/snakemake_with.py",
        f"a run of {JOBS} jobs of a tenth of a second, two at a time",
    ),
}


def processor_time(call):
    """Return {"seconds": processor time of call()}."""
    start = time.process_time()
    call()
    return {"seconds": time.process_time() - start}


def keep_memory(trick):
    """Keep freed memory, or make the function that does so do nothing."""
    from sarfusion.core import memory

    if trick == "without":
        memory.keep_freed_memory = lambda: None
    memory.keep_freed_memory()


def network():
    """Return a CAE, and the inputs and the target of a batch."""
    import torch
    from sarfusion.fusion.networks import build

    torch.manual_seed(0)
    return build("cae", 2, {}), torch.randn(32, 2, 64, 64), torch.randn(32, 1, 64, 64)


def run_adam(folder, trick):
    """Make the first update."""
    import torch
    from sarfusion.fusion.optimiser import Adam

    net, inputs, target = network()
    torch.nn.functional.mse_loss(net(inputs), target).backward()

    def update():
        parameters = net.parameters()
        optimiser = Adam(parameters, 1e-3) if trick == "with" else torch.optim.Adam(parameters)
        optimiser.step()

    return processor_time(update)


def run_train(folder, trick):
    """Train."""
    import torch
    from sarfusion.fusion.optimiser import Adam

    keep_memory(trick)
    net, inputs, target = network()
    optimiser = Adam(net.parameters(), 1e-3)

    def updates():
        for _ in range(UPDATES):
            optimiser.zero_grad()
            torch.nn.functional.mse_loss(net(inputs), target).backward()
            optimiser.step()

    return processor_time(updates)


def run_fuse(folder, trick):
    """Fuse by the project's own script."""
    keep_memory(trick)

    import fuse_scene  # noqa: F401 (loaded before the time is taken)
    from bench_fusing import run_make, run_ours

    run_make(folder, SCENE_PX)
    return processor_time(lambda: run_ours(folder, "cae", "float32", threads=1))


def run_freeze(folder, trick):
    """Collect garbage as Python does at its end."""
    import matplotlib.pyplot  # noqa: F401
    import torch  # noqa: F401

    if trick == "with":
        gc.freeze()
    return processor_time(gc.collect)


def run_fork(folder, trick):
    """Start a job that scores: as a fork, or as a new Python."""
    from forked_jobs import Forks

    script, said = folder / "job.py", folder / f"{trick}.txt"
    script.write_text(JOB.format(path=str(said)), encoding="utf-8")
    if trick == "with":
        forks = Forks()
        forks.prepare()
        forks.run(str(script), {}, None)
    else:
        subprocess.run([sys.executable, script], check=True)
    return {"seconds": float(said.read_text())}


def run_look(folder, trick):
    """Run Snakemake with and without all that `reproduce` changes in it; the seconds of the clock.

    Jobs here are no Python scripts, so that forks change nothing.
    """
    from bench_scale import PLAIN_START, run_jobs

    ours = (sys.executable, ROOT / "command/terminal/snakemake_with.py", "plain")
    work = f"{sys.executable} -S -c '{WORK}'"
    with tempfile.TemporaryDirectory(dir=folder) as place:
        return run_jobs(Path(place), str(JOBS), ours if trick == "with" else PLAIN_START, work)


def main():
    """Print the table."""
    rows = [("trick in", "what is measured", "without it", "with it")]
    for name, (place, what) in TRICKS.items():
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, __file__, name, folder]
            found = contend({trick: [*command, trick] for trick in ("without", "with")}, RUNS)
        seconds = (f"{found[trick].figures['seconds']:.2f} s" for trick in ("without", "with"))
        rows.append((place, what, *seconds))
    print(table(rows))


if __name__ == "__main__":
    if sys.argv[1:]:
        answer(globals(), sys.argv[1:])
    else:
        main()
