"""What the scripts of the rules import, and what the pinned conda environments contain.

Standard library only, for try_pins.py.
"""

import ast
import re
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
ENVS = ROOT / "envs"
NAMES = sorted(path.stem for path in ENVS.glob("*.yaml"))
sys.path.insert(0, str(ROOT / "scripts"))

from sarfusion.provenance.code_version import imported_modules  # noqa: E402

# Packages that have another name on conda-forge than in Python.
CONDA_NAMES = {
    "PIL": "pillow",
    "markdown_it": "markdown-it-py",
    "matplotlib": "matplotlib-base",
    "pywt": "pywavelets",
    "seaborn": "seaborn-base",
    "skimage": "scikit-image",
    "torch": "pytorch",
    "yaml": "pyyaml",
}


class Package(NamedTuple):
    """One package of a pin."""

    name: str
    version: str
    build: str
    url: str  # without the file's name
    md5: str


def pinned(environment):
    """Return the packages of an environment's pin."""
    lines = (ENVS / f"{environment}.linux-64.pin.txt").read_text(encoding="utf-8").splitlines()
    packages = []
    for line in lines[lines.index("@EXPLICIT") + 1 :]:
        url, file, md5 = re.fullmatch(r"(.+)/([^/]+)\.(?:conda|tar\.bz2)#(.+)", line).groups()
        packages.append(Package(*file.rsplit("-", 2), url, md5))
    return packages


def deployed(environment):
    """Return {package: version} of what pip adds to an environment after conda has created it."""
    script = ENVS / f"{environment}.post-deploy.sh"
    text = script.read_text(encoding="utf-8") if script.exists() else ""
    return dict(re.findall(r"^([\w.-]+)==([^\s;]+)", text, flags=re.MULTILINE))


def rules():
    """Return [(rule, path of its script, its possible environments)]: every rule with a script.

    An environment that depends on the study is a name in capitals, defined in one line. A rule that
    is made from the records of sources appears once for each script that these records name.
    """
    text = "\n".join(path.read_text(encoding="utf-8") for path in ROOT.glob("rules/*.smk"))
    sources = (ROOT / "scripts/sarfusion/scenes/sources.py").read_text(encoding="utf-8")
    found = []
    for block in re.split(r"^ *(?:use )?rule(?: |:\n)", text, flags=re.MULTILINE)[1:]:
        script = re.search(r'script:\s*f?"\.\./(.+)"', block)
        if script:
            name = block.partition(":")[0].strip()
            scripts = [script[1]]
            if "{params.script}" in script[1]:
                scripts = [f"scripts/{n}.py" for n in re.findall(r'script="(\w+)"', sources)]
            conda = (re.search(r"conda:\s*(.+)", block) or ["", ""])[1]
            if conda.isidentifier():
                conda = re.search(rf"^{conda} = (.+)", text, flags=re.MULTILINE)[1]
            names = re.findall(r'"\.\./envs/(.+?)\.yaml"', conda)
            found += [(name, ROOT / script, names) for script in scripts]
    return found


def scripts_of(environment):
    """Return the sorted paths of the scripts that run in an environment."""
    return sorted({script for _, script, names in rules() if environment in names})


def imported(path):
    """Return the dotted names that a file imports absolutely, and pyarrow where pandas needs it.

    Imports only for type checkers do not count.
    """
    names, tree = set(), ast.parse(path.read_text(encoding="utf-8"))
    tree.body = [node for node in tree.body if not _is_for_types(node)]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Attribute) and node.attr in ("to_parquet", "read_parquet"):
            names.add("pyarrow")
    return names


def _is_for_types(node):
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def third_party(script):
    """Return the packages, by their names in Python, that a script needs, through the library."""
    modules = {script, *imported_modules(script)}
    if script.name == "plot.py":  # it imports these by name
        for module in (ROOT / "scripts/sarfusion/show/figures").glob("*.py"):
            modules |= {module, *imported_modules(module)}
    names = set().union(*map(imported, modules))
    own = {"sarfusion", *(path.stem for path in (ROOT / "scripts").glob("*.py"))}
    return {name.split(".")[0] for name in names} - own - sys.stdlib_module_names


def conda_name(package):
    """Return the name of a Python package on conda-forge."""
    return CONDA_NAMES.get(package, package.replace("_", "-"))


def needs(environment):
    """Return {name in Python: name for conda} of what the scripts of an environment import."""
    names = set().union(*map(third_party, scripts_of(environment)))
    return {name: conda_name(name) for name in sorted(names)}
