"""How fast the project is: the command bench of `reproduce`.

Standard library only, and free of newer syntax (see `reproduce`).
"""

import ast
import os
import platform
import subprocess
from datetime import date
from pathlib import Path

from container import commit, cores
from install import ROOT, Problem, say, venv_python
from running import project_lock
from studies import failure, ready

FOLDER = Path("tests/benchmarks")
TABLES = Path("results/.bench")  # what each benchmark printed last
TAKE_PEERS = ("training", "download")  # their peers are not among the project's packages
HEAD = """\
# How fast it is, and beside whom

Made by `./reproduce bench`; each part says where and when. Contenders run several times, in turn,
each in a process of its own; figures are medians, memory is the process's peak. Nothing was
measured on a GPU yet.
"""


def bench_command(arguments):
    """measure the speed beside peers: bench [NAME ...]

    SARFUSION_PEERS is an interpreter that has Keras and odc-stac; without it they are left out.
    """
    names = {path.stem[len("bench_") :]: path for path in sorted((ROOT / FOLDER).glob("bench_*"))}
    unknown = [name for name in arguments if name not in names]
    if unknown:
        raise Problem(f"no benchmark {unknown[0]!r}; there are {', '.join(names)}", 2)
    ready(dev=True)
    (ROOT / TABLES).mkdir(parents=True, exist_ok=True)
    with project_lock("bench"):
        for name in arguments or names:
            say(f"bench: {name}")
            table = measured(name, names[name])
            (ROOT / TABLES / f"{name}.md").write_text(table, encoding="utf-8")
            print(table)
    tables = [(ROOT / TABLES / f"{name}.md") for name in names]
    parts = [path.read_text(encoding="utf-8") for path in tables if path.exists()]
    (ROOT / FOLDER / "README.md").write_text("\n".join([HEAD, *parts]), encoding="utf-8")
    return 0


def measured(name, path):
    """Run a benchmark and return what it printed, under a heading that says on what."""
    command = [str(venv_python()), str(path)]
    if name in TAKE_PEERS and os.environ.get("SARFUSION_PEERS"):
        command.append(os.environ["SARFUSION_PEERS"])
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise Problem(failure(done.returncode), done.returncode)
    told = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))).split(";")[0]
    return "\n".join(
        [f"## {told}\n", done.stdout, f"{machine()}, {date.today()}, {commit()[:12]}.\n"]
    )


def machine():
    """Return the processor and the number of its cores that may be used."""
    model = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next((x.split(":")[1].strip() for x in lines if x.startswith("model name")), model)
    return f"{cores()} cores of {model}"
