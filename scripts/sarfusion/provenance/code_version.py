"""Digests of the library modules that a script imports, directly or through other modules.

Snakemake reruns a job when its script changes, but it does not see the modules that the script
imports. Every rule therefore has a parameter that contains these digests.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from ..core.files import sha256

LIBRARY = Path(__file__).parents[1]
DIGEST_LENGTH = 12  # leading hexadecimal digits of a SHA-256, enough to tell two versions apart


@cache
def module_digests(script: Path) -> dict[str, str]:
    """Return {module: digest} of the library modules that a script imports.

    Keys are paths from the project's root, such as "scripts/sarfusion/core/files.py". A script
    that is itself a module of the library is included.
    """
    own = [script] if script.is_relative_to(LIBRARY) else []
    return {
        f"scripts/{path.relative_to(LIBRARY.parent).as_posix()}": sha256(path)[:DIGEST_LENGTH]
        for path in sorted({*own, *imported_modules(script)})
    }


def imported_modules(script: str | Path) -> list[Path]:
    """Return the sorted paths of the modules that a script imports, also indirectly.

    These are modules of the library, and other scripts.
    """
    modules: set[Path] = set()
    unread = [Path(script)]
    while unread:
        for path in _direct_imports(unread.pop()):
            if path not in modules:
                modules.add(path)
                unread.append(path)
    return sorted(modules)


@cache
def _direct_imports(path: Path) -> frozenset[Path]:
    """Return the library modules, and the scripts, that the import statements of one file name."""
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    paths: set[Path] = set()
    for node in _statements(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                paths |= _files_of(alias.name) | _script_beside(path, alias.name)
        elif isinstance(node, ast.ImportFrom):
            package = node.module or ""
            if node.level:
                package = ".".join([*_base_package(path, node.level), *filter(None, [package])])
            paths |= _files_of(package)
            paths |= _script_beside(path, package)
            for alias in node.names:  # `from sarfusion import metrics` imports a module
                paths |= _files_of(f"{package}.{alias.name}")
    return frozenset(paths)


def _statements(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the statements below a node, at any depth.

    Expressions contain no imports, and skipping them takes a tenth of the time of ast.walk.
    """
    for field in ("body", "orelse", "finalbody", "handlers", "cases"):
        for node in getattr(tree, field, ()):
            yield node
            yield from _statements(node)


def _script_beside(path: Path, module: str) -> set[Path]:
    """Return the script that a script imports by its name, as a set; empty for anything else."""
    script = LIBRARY.parent / f"{module}.py"
    return {script} if path.parent == LIBRARY.parent and script.is_file() else set()


def _base_package(path: Path, level: int) -> tuple[str, ...]:
    """Return the dotted parts of the package that a relative import of `level` dots starts from."""
    parts = ("sarfusion", *path.relative_to(LIBRARY).parts)
    return parts[:-level]


@cache
def _files_of(module: str) -> frozenset[Path]:
    """Return the files that `import sarfusion...` runs: parent packages and the module itself.

    Empty for a module outside the library.
    """
    parts = module.split(".")
    if parts[0] != "sarfusion":
        return frozenset()
    files = {LIBRARY.joinpath(*parts[1:i], "__init__.py") for i in range(1, len(parts) + 1)}
    files.add(LIBRARY.joinpath(*parts[1:]).with_suffix(".py"))
    return frozenset(file for file in files if file.is_file())
