"""Real Snakemake runs on copies of the project, so that a test may edit its copy."""

import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import warm_start
import yaml
from scored_images import score_band

ROOT = Path(__file__).parents[1]
PARTS = (
    *("CITATION.cff", "Snakefile", "rules", "scripts", "envs", "config", "paper", "profiles"),
    *("command", "tests/studies"),
)
TINY = "tests/studies/tiny.yaml"

# ./reproduce in a copy of the project. It installs no packages, since they are here already. The
# variable PYTHON names the program that runs Snakemake, if it is not this Python.
REPRODUCE = """
import os, sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

loader = SourceFileLoader("reproduce", "reproduce")
command = module_from_spec(spec_from_loader("reproduce", loader))
loader.exec_module(command)
for module in (command, sys.modules["status"], sys.modules["filling"]):
    module.ready = lambda dev=False: None
for module in ("studies", "verifying"):
    sys.modules[module].venv_python = lambda: Path(os.environ.get("PYTHON", sys.executable))
sys.exit(command.main(sys.argv[1:]))
"""


@cache
def compile_loops():
    """Compile the loops of scoring next to their file, where a copy of the project finds them.

    Otherwise each copy would compile them again, which takes 4 s.
    """
    image = np.random.default_rng(0).random((16, 16), np.float32)  # as rasters have
    score_band(image, image + 0.01, np.ones(image.shape, bool), 1.0)


class Project:
    """A copy of the project in a folder of its own."""

    environment = None  # of its runs; None is that of the tests

    def __init__(self, folder):
        compile_loops()
        self.folder = folder
        for part in PARTS:
            source, target = ROOT / part, folder / part
            if source.is_dir():
                shutil.copytree(source, target)
            else:
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, target)

    @classmethod
    def at(cls, folder):
        """The copy of the project that is in a folder already."""
        project = object.__new__(cls)
        project.folder = folder
        return project

    @classmethod
    def copy(cls, source, folder):
        """A copy of the project in the folder `source`, with everything that ran in it."""
        return cls.at(shutil.copytree(source, folder))

    def command(self, *arguments, study=TINY, change=None):
        """The command line by which ./reproduce starts Snakemake, with two cores.

        study: a file, or several that override each other. `change` overrides the study through
        another file, because Snakemake's own --config turns the numbers inside lists and mappings
        into texts.
        """
        files = [study] if isinstance(study, str) else list(map(str, study))
        if change is not None:
            files.append("change.yaml")
            (self.folder / files[-1]).write_text(yaml.safe_dump(change))
        return [
            *(sys.executable, "command/terminal/snakemake_with.py", "plain", *arguments),
            *("--configfile", *files, "--cores", "2"),
        ]

    def run(self, *arguments, fails=False, **more):
        """Run Snakemake and return everything it printed; it must succeed, or fail if `fails`."""
        code, printed = self.attempt(*arguments, **more)
        assert (code != 0) == fails, printed
        return printed

    def attempt(self, *arguments, **more):
        """Run Snakemake and return its exit code and everything it printed."""
        command = self.command(*arguments, **more)
        if self.environment is None:
            done = warm_start.run(command[1:], self.folder)
            return done.returncode, done.stdout
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        return done.returncode, done.stdout

    def run_apart(self, target, staged, *names, study=TINY):
        """Run a target into `staged`/run, as verify does; return as `attempt` does.

        names: of the files NAME.json in `staged` that override the study.
        """
        over = [staged / f"{name}.json" for name in names]
        place = ("--directory", str(staged / "run"), "--nolock")
        return self.attempt(target, *place, study=[study, *over])

    def reproduce(self, *arguments, fails=False, code=None, warm=True):
        """Run ./reproduce with `arguments` and return everything it printed.

        It must succeed, or fail if `fails`, or end with the exit `code`. warm: whether it starts
        with its imports done, and not as a user starts it.
        """
        (self.folder / "reproduce").write_bytes((ROOT / "reproduce").read_bytes())
        variables = {**os.environ, "PYTHONPATH": str(self.folder)}
        start = warm_start.run if warm else warm_start.run_cold
        done = start(["-c", REPRODUCE, *arguments], self.folder, variables)
        right = (done.returncode != 0) == fails if code is None else done.returncode == code
        assert right, done.stdout
        return done.stdout

    def planned(self, *arguments, **more):
        """The names of the rules that a run would run now, except `all`."""
        printed = self.run("--dry-run", *arguments, **more)
        table = re.search(r"^job +count\n-+ +-+\n(.*?)^total ", printed, re.M | re.S)
        return {line.split()[0] for line in table[1].splitlines()} - {"all"} if table else set()

    def results(self, study="tiny"):
        return self.folder / "results" / study
