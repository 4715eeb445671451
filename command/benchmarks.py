"""How fast the project is: the command bench of `reproduce`.

Standard library only, and free of newer syntax (see `reproduce`).
"""

from __future__ import annotations

import ast
import os
import platform
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
HEAD = """\
# How fast it is, and beside whom

Made by `./reproduce bench`; each part says where and when. Contenders run several times, in turn,
each in a process of its own; figures are medians, memory is the process's peak. Nothing was
measured on a GPU yet.
"""


def bench_command(arguments: list[str]) -> int:
    """measure the speed beside peers: bench [NAME ...]

    SARFUSION_PEERS is an interpreter that has Keras and odc-stac. Without it, these are left out.
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
            table = measured(name, names[name])
            print(table)
            tables = {**parts(page), heading(names[name]): table}
            ordered = [tables[title] for title in map(heading, names.values()) if title in tables]
            page.write_text("\n".join([HEAD, *ordered]), encoding="utf-8")
    return 0


def parts(page: Path) -> dict[str, str]:
    """Return {heading: part} of the page: the output of each benchmark when it last ran."""
    text = page.read_text(encoding="utf-8") if page.exists() else ""
    sections = [f"## {part.strip()}\n" for part in f"\n{text}".split("\n## ")[1:]]
    return {section.splitlines()[0]: section for section in sections}


def heading(path: Path) -> str:
    """Return the heading of a benchmark on the page: its docstring up to the first semicolon."""
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or path.stem
    return "## " + docstring.split(";")[0]


def measured(name: str, path: Path) -> str:
    """Run a benchmark; return its heading, its output, and the machine, date and commit."""
    command = [str(venv_python()), str(path)]
    if name in WITH_PEERS and os.environ.get("SARFUSION_PEERS"):
        command.append(os.environ["SARFUSION_PEERS"])
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise Problem(failure(done.returncode), done.returncode)
    return "\n".join(
        [f"{heading(path)}\n", done.stdout, f"{machine()}, {date.today()}, {commit()[:12]}.\n"]
    )


def machine() -> str:
    """Return the number of usable cores, the processor, and its widest vector instructions."""
    model = platform.processor() or platform.machine()
    flags: list[str] = []
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        facts = {key.strip(): value.strip() for key, _, value in (x.partition(":") for x in lines)}
        model, flags = facts.get("model name", model), facts.get("flags", "").split()
    widest = [name for flag, name in INSTRUCTIONS.items() if flag in flags]
    return f"{cores()} cores of {model}" + (f" ({widest[-1]})" if widest else "")
