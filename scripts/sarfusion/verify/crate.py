"""Check that another person's crate agrees with the run's files and its list of files."""

import csv
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from ..core.errors import StudyError
from ..core.files import sha256
from ..provenance.crate import FILES, METADATA
from ..provenance.facts import ROOT
from .files import plain_file, read_mapping, read_text

MAX_LIST_MB = 20
MAX_METADATA_MB = 50
MAX_FILE_MB = 2000
CRATE = "provenance"  # folder of a crate in a run's results
DRAWN_BY = "matplotlib"
MADE_BY = ("rule", "script", "made_from")

Row = Mapping[str, str]


def read_rows(folder: Path) -> dict[str, Row]:
    """Return {path: row} of a run's list of files; StudyError if it is not such a list."""
    path = folder / CRATE / FILES
    try:
        rows = list(csv.DictReader(read_text(path, MAX_LIST_MB).splitlines()))
        return {row["path"]: {key: row[key] for key in ("sha256", *MADE_BY)} for row in rows}
    except (csv.Error, KeyError, TypeError) as error:
        raise StudyError(f"{path}: not a table of files ({error!r})") from None


def check_crate(folder: Path, study: str) -> str:
    """Return a note if a run's crate agrees with its results and its list of files.

    Every copy of a result has the bytes of the result; every entity of a file has its checksum and
    size; every step has the script, inputs and outputs of the list. Raises StudyError otherwise.
    The note says how many of the crate's source files are the same as in this project.
    """
    rows, crate = read_rows(folder), folder / CRATE
    entities, digests = _entities(crate / METADATA), {}
    for path in sorted(crate.rglob("*")):
        if path.is_dir() or path.name.startswith(".") or path.name == METADATA:
            continue
        name = path.relative_to(crate).as_posix()
        digests[name] = _checked_digest(path, entities.get(quote(name)))
        result = folder / name
        if result.exists() and digests[name] != sha256(plain_file(result, MAX_FILE_MB)):
            raise StudyError(f"{path}: differs from {result}")
    for identifier, entity in entities.items():
        if _is_a(entity, "File") and not Path(crate, unquote(identifier)).exists():
            raise StudyError(f"{crate / METADATA}: {unquote(identifier)} is missing")
    steps = [entity for key, entity in entities.items() if key.startswith("#step-")]
    for step in steps:
        _check_step(step, entities, rows, crate / METADATA, f"results/{study}/")
    sources = [name for name in digests if (ROOT / name).is_file()]
    same = sum(digests[name] == sha256(ROOT / name) for name in sources)
    return f"{len(steps)} steps as listed; {same} of {len(sources)} source files are the same here"


def check_made(here: Path, there: Path) -> str:
    """Return a note if two runs list the same rule, script and inputs for every file.

    Raises StudyError for the first file that was made differently, or that only one run lists.
    """
    ours, theirs = read_rows(here), read_rows(there)
    for path in [*ours, *(path for path in theirs if path not in ours)]:
        if path not in ours or path not in theirs:
            raise StudyError(f"{path}: listed only {'there' if path in theirs else 'here'}")
        for key in MADE_BY:
            if ours[path][key] != theirs[path][key]:
                raise StudyError(
                    f"{path}: {key} is {theirs[path][key][:80]!r} there,"
                    f" {ours[path][key][:80]!r} here"
                )
    return f"{len(ours)} files, made in the same way as here"


def is_drawn_alike(folder: Path) -> bool:
    """Return whether a run's crate states the version of the drawing library installed here."""
    return is_made_by(folder, DRAWN_BY)


def is_made_by(folder: Path, package: str) -> bool:
    """Return whether a run's crate states the version of a package that is installed here."""
    try:
        entities = _entities(folder / CRATE / METADATA).values()
    except StudyError:
        return False
    stated = {entity.get("name"): entity.get("softwareVersion") for entity in entities}
    return stated.get(package) == version(package)


def _entities(path: Path) -> dict[str, dict[str, Any]]:
    """Return {identifier: entity} of the metadata of a crate."""
    graph = read_mapping(path, MAX_METADATA_MB).get("@graph")
    if not isinstance(graph, list) or not all(isinstance(entity, dict) for entity in graph):
        raise StudyError(f"{path}: contains no list of entities")
    found = {str(entity.get("@id")): entity for entity in graph}
    if len(found) < len(graph):
        raise StudyError(f"{path}: an entity is listed twice")
    return found


def _is_a(entity: Mapping[str, Any], kind: str) -> bool:
    return kind in _several(entity.get("@type"))


def _several(value: Any) -> list[Any]:
    """Return a property as a list: RO-Crate writes a list of one item as that item."""
    return value if isinstance(value, list) else [] if value is None else [value]


def _checked_digest(path: Path, entity: Mapping[str, Any] | None) -> str:
    """Return the SHA-256 of a file; StudyError unless an entity of the crate describes it."""
    if entity is None:
        raise StudyError(f"{path}: {METADATA} does not describe this file")
    digest = sha256(plain_file(path, MAX_FILE_MB))
    if (entity.get("sha256"), entity.get("contentSize")) != (digest, str(path.stat().st_size)):
        raise StudyError(f"{path}: size or sha256 differs from that in {METADATA}")
    return digest


def _check_step(
    step: Mapping[str, Any],
    entities: Mapping[str, Mapping[str, Any]],
    rows: Mapping[str, Row],
    source: Path,
    results: str,
) -> None:
    """Raise StudyError unless a step has the rule, script and files of the list."""

    def path_of(reference: Any) -> str:
        """Return the path in the list of files of a reference: to a copy in the crate, or #PATH."""
        identifier = unquote(str(reference.get("@id") if isinstance(reference, dict) else ""))
        if identifier.startswith("#"):
            return identifier[1:]
        return next((p for p in (results + identifier, identifier) if p in rows), identifier)

    made = [path_of(reference) for reference in _several(step.get("result"))]
    inputs = ";".join(sorted(path_of(reference) for reference in _several(step.get("object"))))
    script = _several(step.get("instrument"))
    for path in made:
        row = rows.get(path)
        if row is None:
            raise StudyError(f"{source}: {path} is made by a step, but {FILES} does not list it")
        listed = row["rule"], row["script"], row["made_from"]
        if listed != (step.get("name"), script[0].get("@id") if script else "", inputs):
            raise StudyError(f"{source}: the step that makes {path} differs from that in {FILES}")
    for reference in _several(step.get("object")):
        entity = entities.get(str(reference.get("@id")), {})
        path = path_of(reference)
        if "sha256" in entity and path in rows and entity["sha256"] != rows[path]["sha256"]:
            raise StudyError(f"{source}: sha256 of {path} differs from that in {FILES}")
