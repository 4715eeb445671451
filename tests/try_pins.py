#!/usr/bin/env python3
"""Run unit tests under the versions that the conda environments pin, without conda.

    python tests/try_pins.py [--python PYTHON3.12] [ENVIRONMENT ...]

For each environment this makes a virtual environment with every Python package of the pin that PyPI
has as a wheel of exactly that version, and runs in it the unit tests of what the scripts of the
environment use. Some test files need more, such as one that tests a table and its figure: they run
again with the missing packages, in the versions that other environments pin. PyTorch is left out,
since its CPU build is not on PyPI, and so are tests that need it or a tool that no environment
contains. What else conda brings (Python's last digit, GDAL, BLAS) is not tested, since PyPI's
wheels contain their own.

Standard library only. Exit code 1 if a test failed.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

from conda_pins import ENVS, NAMES, ROOT, conda_name, deployed, imported, needs, pinned, scripts_of
from sarfusion.provenance.code_version import imported_modules

PYPI_NAMES = {
    "brotli-python": "brotli",
    "matplotlib-base": "matplotlib",
    "python-tzdata": "tzdata",
    "seaborn-base": "seaborn",
}
PARTS = {"cpython", "pyarrow-core", "python"}  # of Python itself and of other packages
TORCH = {"pytorch", "triton"}
EVERYWHERE = {"sarfusion", "sarfusion.core.errors"}  # modules that say nothing about a test
COLUMNS = (
    *("packages", "not Python", "PyTorch", "PyPI lacks", "installed"),
    *("passed", "passed with more", "failed"),
)


def run(*command, check=True):
    """Run a command from the project's root, without variables that change where Python looks."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    env["PYTHONDONTWRITEBYTECODE"] = "1"
    words = list(map(str, command))
    done = subprocess.run(words, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    if check and done.returncode:
        sys.exit(f"error: {' '.join(words[:6])} ... failed\n{done.stdout}{done.stderr}")
    return done


def find_python(given, minor):
    """Return a Python of the pins' version, and its full version."""
    python = given or shutil.which(f"python{minor}")
    said = run(python, "-c", "import sys; print(sys.version)", check=False) if python else None
    if not said or not said.stdout.startswith(f"{minor}."):
        sys.exit(f"error: no Python {minor} ({python}); say where one is: --python PATH")
    return python, said.stdout.split()[0]


def pypi_name(conda):
    """Return the name of a conda-forge package on PyPI."""
    return PYPI_NAMES.get(conda, conda)


def of_python(environment):
    """Return {PyPI's name: version} of the Python packages of a pin, and of what pip adds to it."""
    packages = [p for p in pinned(environment) if re.search(r"py[\dh]", p.build)]
    versions = {pypi_name(p.name): p.version for p in packages if p.name not in PARTS}
    return versions | deployed(environment)


def listing(versions):
    """Return {name: version} as pip's requirements."""
    return [f"{name}=={version}" for name, version in versions.items()]


def module_names(paths):
    """Return the names under which files in scripts/ are imported, except those that all import."""
    parts = (path.relative_to(ROOT / "scripts").with_suffix("").parts for path in paths)
    return {".".join(names).removesuffix(".__init__") for names in parts} - EVERYWHERE


@cache
def modules_in(environment):
    """Return the names of the scripts of an environment and of the modules that they import."""
    scripts = scripts_of(environment)
    return module_names(
        {*scripts, *(path for script in scripts for path in imported_modules(script))}
    )


def tests_of(environment):
    """Return the unit tests of what an environment's scripts use.

    A test file belongs to the environments that use everything that it and the helpers in its
    folder import from the project. If there is none, it belongs to those that use any of it.
    """
    every = module_names(ROOT.glob("scripts/**/*.py"))
    chosen = []
    for test in sorted(ROOT.glob("tests/unit/**/test_*.py")):
        beside = set(test.parent.glob("*.py")) - set(test.parent.glob("test_*.py"))
        subjects = set().union(*map(imported, [test, *beside])) & every
        homes = [name for name in NAMES if subjects <= modules_in(name)]
        homes = homes or [name for name in NAMES if subjects & modules_in(name)]
        if subjects and environment in homes:
            chosen.append(test)
    return chosen


class Trial:
    """A virtual environment for one environment, and the results of its tests."""

    def __init__(self, environment, python, folder):
        self.environment = environment
        self.folder = folder
        self.python = folder / "bin/python"
        run(python, "-m", "venv", folder)
        pinned_here = of_python(environment)
        self.torch = pinned_here.keys() & TORCH
        self.own = {name: pinned_here[name] for name in pinned_here.keys() - TORCH}
        self.missing = {}  # {name: version} that PyPI lacks
        self.more = {}  # ... that were added for some tests
        self.expected = {"sarfusion"}  # modules whose absence is a failure
        self.files = {}  # {test file: Counter of outcomes}
        self.failures = []  # what pytest says about each

    def pip_install(self, *arguments, check=True):
        """Install wheels."""
        pip = (self.python, "-m", "pip", "install", "--quiet", "--only-binary", ":all:")
        return run(*pip, *arguments, check=check)

    def install(self):
        """Install the packages of the pin, and what runs the tests in the versions of its lock."""
        while (done := self.pip_install("--no-deps", *listing(self.own), check=False)).returncode:
            lacking = re.search(r"No matching distribution found for ([^=]+)==", done.stderr)
            if not lacking or len(self.own) == 1:
                sys.exit(f"error: pip could not install the packages\n{done.stderr}")
            self.missing[lacking[1]] = self.own.pop(lacking[1])
        for module, conda in needs(self.environment).items():
            if pypi_name(conda) not in self.torch | self.missing.keys():
                self.expected.add(module)
        lock = (ENVS / "requirements-dev.lock").read_text(encoding="utf-8")
        self.pip_install(*re.findall(r"^(?:pytest|hypothesis)==\S+", lock, flags=re.MULTILINE))

    def install_more(self, modules):
        """Install modules in the versions that other environments pin; return if any was new."""
        others = {}
        for environment in NAMES:
            others = of_python(environment) | others
        wanted = {pypi_name(conda_name(module)) for module in modules} - TORCH
        here = self.own.keys() | self.more.keys()
        more = {name: others[name] for name in (wanted & others.keys()) - here}
        if more:
            constraints = self.folder / "constraints.txt"
            constraints.write_text("\n".join(listing(others | self.own)), encoding="utf-8")
            self.pip_install("--constraint", constraints, *listing(more))
            self.more |= more
        return bool(more)

    def test(self):
        """Run the tests, and run those that lack a package again with more packages."""
        self.run_tests(tests_of(self.environment))
        passed = self.count("passed")
        while self.install_more(self.lacking()):
            self.run_tests([file for file, counts in self.files.items() if not done(counts)])
        self.check_versions()
        return passed, self.count("passed") - passed, self.count("failed")

    def run_tests(self, tests):
        """Run test files."""
        report = self.folder / "report.xml"
        options = ("-p", "no:cacheprovider", "--tb=short", "--continue-on-collection-errors")
        pytest = (self.python, "-m", "pytest", *options, f"--junitxml={report}")
        done = run(*pytest, *tests, check=False)
        if not report.exists():
            sys.exit(f"error: pytest did not run\n{done.stdout}{done.stderr}")
        found = {}
        for case in ElementTree.parse(report).iter("testcase"):
            names = (case.get("classname") or case.get("name")).split(".")
            file = ROOT.joinpath(*filter(str.islower, names)).with_suffix(".py")  # classes aside
            found.setdefault(file, Counter())[self.outcome(case)] += 1
        self.files |= found

    def outcome(self, case):
        """Return "passed", "failed", "skipped: WHY", or "needs NAME" of a package.

        What the environment's scripts import must be installed, so its absence is a failure.
        """
        trouble = next((part for part in case if part.tag in ("failure", "error", "skipped")), None)
        if trouble is None:
            return "passed"
        if trouble.tag == "skipped":
            return f"skipped: {trouble.get('message')}"
        lacking = re.findall(r"^E +ModuleNotFoundError: No module named '(\w+)", trouble.text, re.M)
        if lacking and lacking[-1] not in self.expected:
            return f"needs {lacking[-1]}"
        self.failures.append(f"{case.get('classname')} {case.get('name')}\n{trouble.text}")
        return "failed"

    def lacking(self):
        """Return the modules that tests lacked."""
        outcomes = {what for counts in self.files.values() for what in counts}
        return {what.removeprefix("needs ") for what in outcomes if what.startswith("needs ")}

    def count(self, what):
        """Return the number of tests with an outcome."""
        return sum(counts[what] for counts in self.files.values())

    def check_versions(self):
        """Make sure that nothing has changed the versions of the pin."""
        listed = run(self.python, "-m", "pip", "list", "--format", "freeze").stdout
        found = set(listed.lower().replace("_", "-").split())
        if wrong := {item.replace("_", "-") for item in listing(self.own)} - found:
            sys.exit(f"error: not there after all: {', '.join(wrong)}")

    def describe(self):
        """Print what ran and what was left out."""
        print(self.environment)
        print(f"  PyPI lacks: {', '.join(listing(self.missing)) or 'nothing'}")
        print(f"  more for some tests: {', '.join(listing(self.more)) or 'nothing'}")
        for file, counts in sorted(self.files.items()):
            counts = ", ".join(f"{number} {what}" for what, number in counts.items())
            print(f"  {file.relative_to(ROOT / 'tests/unit')}: {counts}")
        print(*self.failures, sep="\n", flush=True)


def done(counts):
    """Return whether no test of a file lacked a package."""
    return not any(what.startswith("needs ") for what in counts)


def main():
    """Try the environments that were named, or all."""
    parser = argparse.ArgumentParser(description="Run unit tests under the versions of the pins.")
    parser.add_argument("environments", nargs="*", metavar="ENVIRONMENT", help=", ".join(NAMES))
    parser.add_argument("--python", help="a Python of the version that is pinned")
    arguments = parser.parse_args()
    if unknown := set(arguments.environments) - set(NAMES):
        parser.error(f"no environment {', '.join(unknown)}; there are {', '.join(NAMES)}")
    environments = arguments.environments or NAMES
    (pin,) = {p.version for p in pinned(environments[0]) if p.name == "python"}
    python, version = find_python(arguments.python, pin.rpartition(".")[0])

    rows = {}
    for environment in environments:
        print(f"{environment} ...", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory(prefix="sarfusion-pins-") as folder:
            trial = Trial(environment, python, Path(folder))
            trial.install()
            tests = trial.test()
            trial.describe()
        kinds = [len(group) for group in (trial.torch, trial.missing, trial.own)]
        packages = len(pinned(environment)) + len(deployed(environment))
        rows[environment] = (packages, packages - sum(kinds), *kinds, *tests)

    print(f"Python {version} (pinned: {pin})")
    print(f"{'environment':<12}", *(f"{column:>{len(column) + 1}}" for column in COLUMNS))
    for environment, row in rows.items():
        cells = (f"{n:>{len(column) + 1}}" for n, column in zip(row, COLUMNS, strict=True))
        print(f"{environment:<12}", *cells)
    sys.exit(any(row[-1] or not row[-3] for row in rows.values()))


if __name__ == "__main__":
    main()
