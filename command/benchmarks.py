"""How fast the project is: the command bench of `reproduce`.

Standard library only, and without newer syntax (see `reproduce`).
"""

from __future__ import annotations

import ast
import os
import platform
import re
import subprocess
from datetime import date
from pathlib import Path

from container import commit, cores
from environment import ROOT, Problem, say, venv_python
from running import project_lock
from studies import failure, ready

FOLDER = Path("tests/benchmarks")
# Benchmarks whose peers are not among the project's packages.
WITH_PEERS = ("training", "download")
# Flags of the processor that decide how fast it multiplies matrices: {flag: name}, slowest first.
INSTRUCTIONS = {
    "avx2": "AVX2",
    "avx512f": "AVX-512",
    "avx512_bf16": "AVX-512, bfloat16",
    "amx_bf16": "AMX",
}
# The start of the output of a benchmark without what it measures (a GPU, Slurm).
NOT_MEASURED = "Not measured: "
STAMP = re.compile(r"^(\d+ cores of .+), \d{4}-\d\d-\d\d, .*\.$", re.MULTILINE)  # below figures
# The line below the table of bench_overhead.py. The README has its numbers between BEGIN and END.
TIME = re.compile(
    r"^config/demo\.yaml: (\d+) s on .*, at most ([\d.]+ GB) in a job\.$", re.MULTILINE
)
BEGIN, END = "<!-- demo -->", "<!-- end -->"
HEAD = """\
# How fast it is, compared with other software

`./reproduce bench` makes this page. Each part names its machine, day and commit. Programs run
several times, alternately, each in its own process; times are medians, and memory is the peak of
the process. Each kind of machine has its own figures. A GPU was used only if it is named below
them.
"""


def bench_command(arguments: list[str]) -> int:
    """compare the speed with other software: bench [NAME ...]

    SARFUSION_PEERS is a Python that has Keras and odc-stac. Without it, these are left out.
    """
    names = {path.stem[len("bench_") :]: path for path in sorted((ROOT / FOLDER).glob("bench_*"))}
    unknown = [name for name in arguments if name not in names]
    if unknown:
        raise Problem(f"no benchmark {unknown[0]!r}; there are {', '.join(names)}", 2)
    ready(dev=True)
    page = ROOT / FOLDER / "README.md"
    with project_lock("bench"):
        for name in arguments or names:
            say(f"bench: {name}")
            figures = measured(name, names[name])
            print(f"{heading(names[name])}\n\n{figures}")
            add_to_page(page, heading(names[name]), figures, [*map(heading, names.values())])
            state_time(ROOT / "README.md", figures)
    return 0


def add_to_page(page: Path, title: str, figures: str, order: list[str]) -> None:
    """Write figures below the heading `title`, replacing those of the same kind of machine.

    figures: the output of a benchmark and its stamp. order: all headings. Figures that were not
    measured replace nothing.
    """
    tables = parts(page)
    if figures.startswith(NOT_MEASURED) and title in tables:
        say("bench: the page keeps what was measured before")
        return
    others = [
        one
        for one in by_machine(tables.get(title, ""))
        if kind(one) != kind(figures) and not one.startswith(NOT_MEASURED)
    ]
    tables[title] = "\n".join([*others, figures])
    sections = [f"{heading}\n\n{tables[heading]}" for heading in order if heading in tables]
    page.write_text("\n".join([HEAD, *sections]), encoding="utf-8")


def state_time(page: Path, figures: str) -> None:
    """Write how long the demo takes between BEGIN and END of a page, if figures say so."""
    time = TIME.search(figures)
    if not time:
        return
    before, begin, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise Problem(f"README.md: no {BEGIN} and {END} to write the time between")
    minutes, memory = round(int(time.group(1)) / 60), time.group(2)
    words = f"{minutes} min on {kind(figures)}, and at most {memory} in one job"
    page.write_text(f"{before}{BEGIN}{words}{END}{after}", encoding="utf-8")


def kind(figures: str) -> str:
    """Return the machine in the stamp of figures: its cores, processor and GPUs."""
    stamp = STAMP.search(figures)
    return stamp.group(1) if stamp else ""


def by_machine(part: str) -> list[str]:
    """Return the figures in a part of the page one by one, each with the stamp below it."""
    found, start = [], 0
    for stamp in STAMP.finditer(part):
        found.append(part[start : stamp.end()].strip() + "\n")
        start = stamp.end()
    return found


def parts(page: Path) -> dict[str, str]:
    """Return {heading: text below it} of the page."""
    text = page.read_text(encoding="utf-8") if page.exists() else ""
    sections = [part.strip().partition("\n\n") for part in f"\n{text}".split("\n## ")[1:]]
    return {f"## {title}": f"{figures}\n" for title, _, figures in sections}


def heading(path: Path) -> str:
    """Return the heading of a benchmark on the page: its docstring up to the first semicolon."""
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or path.stem
    return "## " + docstring.split(";")[0]


def measured(name: str, path: Path) -> str:
    """Run a benchmark; return its output, stamped with the machine, date and commit."""
    command = [str(venv_python()), str(path)]
    if name in WITH_PEERS and os.environ.get("SARFUSION_PEERS"):
        command.append(os.environ["SARFUSION_PEERS"])
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise Problem(failure(done.returncode), done.returncode)
    return f"{done.stdout.strip()}\n\n{machine()}, {date.today()}, {commit()[:12]}.\n"


def machine() -> str:
    """Return the number of usable cores, the processor and its widest instructions, the GPUs."""
    model = platform.processor() or platform.machine()
    flags: list[str] = []
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        facts = {key.strip(): value.strip() for key, _, value in (x.partition(":") for x in lines)}
        model, flags = facts.get("model name", model), facts.get("flags", "").split()
    widest = [name for flag, name in INSTRUCTIONS.items() if flag in flags]
    instructions = f" ({widest[-1]})" if widest else ""
    return ", ".join([f"{cores()} cores of {model}{instructions}", *gpus()])


def gpus() -> list[str]:
    """Return the names of the GPUs that NVIDIA's driver sees."""
    command = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return []
    return found.stdout.split("\n")[:-1] if found.returncode == 0 else []
