"""Check the packages that a reference states against its commit's lock and its models' records."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..core.errors import StudyError
from ..provenance.facts import git
from ..study.model_files import record_path
from .expected import every_model
from .models import read_record

LOCK, TORCH = "envs/requirements.lock", "envs/torch.txt"
PINNED = re.compile(r"^([a-z0-9][\w.-]*)==([^\s;\\]+)", re.M)
RECORDED = ("python", "torch", "numpy")  # versions that the record of a model states


def check_software(
    study: Mapping[str, Any], folder: Path, packages: Mapping[str, Any], commit: str
) -> str:
    """Return a note if the `packages` of a reference, {name: version}, are those it was made with.

    Every package must have the version in the lock of `commit`, and every record of a model must
    state the same Python, PyTorch and NumPy. Raises StudyError otherwise. If the commit is not
    available, only the records are compared.
    """
    _check_records(study, folder, packages)
    locked = locked_versions(commit)
    if not locked:
        return "packages as in the records of the models; the lock of its commit is not available"
    for name, version in packages.items():
        if name == "python":  # not in any lock
            continue
        if name not in locked:
            raise StudyError(f"about.json: {name} is not a package of commit {commit[:12]}")
        if _release(version) != locked[name]:
            raise StudyError(
                f"about.json: {name} {version}, but commit {commit[:12]} has {locked[name]}"
            )
    return f"{len(packages)} packages as in its lock and in the records of the models"


def locked_versions(commit: str) -> dict[str, str]:
    """Return {package: version} pinned by a commit of the project; {} if it is not available."""
    texts = [git("show", f"{commit}:{path}") or "" for path in (LOCK, TORCH)]
    return dict(PINNED.findall("\n".join(texts)))


def _release(version: Any) -> str:
    """Return a version without its build: "2.13.0" of "2.13.0+cpu"."""
    return str(version).partition("+")[0]


def _check_records(study: Mapping[str, Any], folder: Path, packages: Mapping[str, Any]) -> None:
    """Raise StudyError unless all records of models state the Python and packages of `packages`."""
    for name in every_model(study):
        path = record_path(folder / "models", name)
        software = read_record(path).get("software")
        for package in RECORDED:
            recorded = software.get(package) if isinstance(software, dict) else None
            if recorded != packages.get(package):
                raise StudyError(
                    f"{path}: made with {package} {recorded}, but about.json states"
                    f" {packages.get(package)}"
                )
