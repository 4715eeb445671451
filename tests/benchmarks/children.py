"""Contenders of a benchmark, each run several times, in turn, in a process of its own."""

import json
import os
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Outcome:
    """Medians of several runs: what the contender printed, and the most memory it used (bytes)."""

    figures: dict
    memory: float


def contend(commands, runs):
    """Return {name: Outcome} of {name: command}.

    Each command prints one JSON object of numbers on its last line. They run in turn, so that a
    machine that slows down slows all of them.
    """
    found = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            print(f"  {name}", file=sys.stderr)
            found[name].append(_run(command))
    return {
        name: Outcome(
            {key: statistics.median(run[key] for run, _ in several) for key in several[0][0]},
            statistics.median(memory for _, memory in several),
        )
        for name, several in found.items()
    }


def measured(script, folder, runs, kind, *arguments):
    """Run `script --run kind folder arguments` so many times; return its Outcome."""
    command = [sys.executable, script, "--run", kind, str(folder), *map(str, arguments)]
    return contend({kind: command}, runs)[kind]


def answer(functions, asked):
    """Print what one of the `functions` (globals) returns, as `measured` asks for it."""
    kind, folder, *arguments = asked
    print(json.dumps(functions[f"run_{kind}"](Path(folder), *arguments)))


def _run(command):
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    said = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"error: {' '.join(map(str, command))} ended with {child.returncode}")
    kibi = 1 if sys.platform == "darwin" else 1024  # ru_maxrss is in bytes there, KiB elsewhere
    return json.loads(said.splitlines()[-1]), usage.ru_maxrss * kibi


def table(rows):
    """Return rows of cells as a Markdown table; the first row is the header."""
    head, *rest = [[str(cell) for cell in row] for row in rows]
    lines = [head, ["---"] * len(head), *rest]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
