"""Which modules of the library a script imports, directly or through others.

Snakemake reruns a job when its script was edited, but does not see the modules behind it.
Every rule therefore has a parameter that changes with them.
"""

import ast
from functools import cache
from pathlib import Path

from ..core.files import sha256

LIBRARY = Path(__file__).parents[1]
DIGITS = 12  # of a SHA-256, which tell two versions of a module apart


@cache
def code_of(script):
    """Return {"scripts/sarfusion/core/files.py": the start of its SHA-256, ...} of the library.

    Its modules are those that the file `script` needs, and itself where it is one.
    """
    own = [script] if script.is_relative_to(LIBRARY) else []
    return {
        f"scripts/{path.relative_to(LIBRARY.parent).as_posix()}": sha256(path)[:DIGITS]
        for path in sorted({*own, *modules_of(script)})
    }


def modules_of(script):
    """Return the sorted paths of the library's modules that the file `script` needs."""
    found, open_files = set(), [Path(script)]
    while open_files:
        for path in _imported(open_files.pop()):
            if path not in found:
                found.add(path)
                open_files.append(path)
    return sorted(found)


@cache
def _imported(path):
    """Return the library's modules that the statements of one file import."""
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    paths = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                paths |= _module(alias.name)
        elif isinstance(node, ast.ImportFrom):
            package = node.module or ""
            if node.level:
                package = ".".join([*_package(path, node.level), *filter(None, [package])])
            paths |= _module(package)
            for alias in node.names:  # `from sarfusion import metrics` imports a module
                paths |= _module(f"{package}.{alias.name}")
    return frozenset(paths)


def _package(path, level):
    """Return the dotted parts of the package that a relative import of `level` starts from."""
    parts = ("sarfusion", *path.relative_to(LIBRARY).parts)
    return parts[:-level]


def _module(name):
    """Return the files that importing `sarfusion...` runs: its packages and itself, if a module."""
    parts = name.split(".")
    if parts[0] != "sarfusion":
        return set()
    files = {LIBRARY.joinpath(*parts[1:i], "__init__.py") for i in range(1, len(parts) + 1)}
    files.add(LIBRARY.joinpath(*parts[1:]).with_suffix(".py"))
    return {file for file in files if file.is_file()}
