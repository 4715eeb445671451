"""A run as a Workflow Run RO-Crate: a folder with the workflow, its inputs and its results.

Profile Workflow Run Crate 0.5 on RO-Crate 1.1 (https://w3id.org/ro/wfrun/workflow/0.5). The
metadata of a crate is a flat list of JSON-LD entities: plain dictionaries, written as JSON.
"""

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ..core.files import sha256, write_json
from .facts import FileRow, Step, modification_time, write_files

METADATA, FILES, CONFIG = "ro-crate-metadata.json", "files.csv", "config.yaml"
SPECIFICATION = "https://w3id.org/ro/crate/1.1"
# RO-Crate 1.1 defines no term for a SHA-256; RO-Crate 1.3 defines this one.
CONTEXT = [f"{SPECIFICATION}/context", {"sha256": "http://schema.org/sha256"}]
WORKFLOW_CRATE = "https://w3id.org/workflowhub/workflow-ro-crate/1.0"
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": "Process Run Crate",
    "https://w3id.org/ro/wfrun/workflow/0.5": "Workflow Run Crate",
    WORKFLOW_CRATE: "Workflow RO-Crate",
}
WORKFLOW, AGENT = "Snakefile", "#agent"
SNAKEMAKE = "https://w3id.org/workflowhub/workflow-ro-crate#snakemake"
PYTHON = "https://www.python.org/"
LICENCE = "https://spdx.org/licenses/MIT"
LICENCE_NOTE = "The workflow's licence; scenes keep their own, which scenes/*/scene.json names."
MEDIA_TYPES = {
    ".csv": "text/csv",
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".json": "application/json",
    ".md": "text/markdown",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".py": "text/x-python",
    ".tex": "application/x-tex",
    ".yaml": "application/yaml",
}
# RO-Crate type of a setting by its Python type; any other type is "Text".
SETTING_TYPES = {bool: "Boolean", int: "Integer", float: "Float"}

Reference = dict[str, str]  # {"@id": identifier of an entity}


class Crate:
    """The crate in `folder`: its entities, by identifier, in the order in which they were added."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self.entities: dict[str, dict[str, Any]] = {}

    def add(self, identifier: str, kind: str | list[str], **properties: Any) -> Reference:
        """Add an entity of type `kind` unless it exists; return a reference to it.

        identifier: a path in the crate, a web address, or "#name" for anything else. Empty
        properties are omitted and a list of one item becomes that item, as RO-Crate 1.1 requires.
        """
        filled = {
            name: value[0] if isinstance(value, list) and len(value) == 1 else value
            for name, value in {"@type": kind, **properties}.items()
            if value not in (None, [], "")
        }
        self.entities.setdefault(identifier, {"@id": identifier, **filled})
        return {"@id": identifier}

    def copy(self, source: str | Path, place: str) -> None:
        """Copy the file `source` to the path `place` in the crate."""
        target = self.folder / place
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)

    def add_file(self, place: str, *kinds: str, **properties: Any) -> Reference:
        """Add an entity for the file at the path `place` in the crate; return a reference to it.

        kinds: types of the entity in addition to "File".
        """
        path = self.folder / place
        return self.add(
            quote(place),
            ["File", *kinds],
            name=place,
            encodingFormat=MEDIA_TYPES.get(path.suffix, "text/plain"),
            contentSize=str(path.stat().st_size),
            sha256=sha256(path),
            **properties,
        )

    def add_setting(self, name: str, value: Any) -> tuple[Reference, Reference]:
        """Add a setting of the study; return references to its parameter and to its value."""
        parameter, realised = ({"@id": f"#{role}-{quote(name)}"} for role in ("parameter", "value"))
        kind = SETTING_TYPES.get(type(value), "Text")
        if kind == "Text" and not isinstance(value, str):
            value = json.dumps(value)
        names = {"name": name, "additionalType": kind, "workExample": realised}
        self.add(parameter["@id"], "FormalParameter", **names)
        self.add(realised["@id"], "PropertyValue", name=name, value=value, exampleOfWork=parameter)
        return parameter, realised

    def write(self, profiles: Iterable[str] = PROFILES, **root: Any) -> None:
        """Write the metadata file. Call this last: a folder without it is not yet a crate.

        profiles: addresses of the profiles that it follows. root: properties of the crate itself.
        """
        followed = [
            self.add(
                address, "CreativeWork", name=PROFILES[address], version=address.rsplit("/", 1)[1]
            )
            for address in profiles
        ]
        parts = [{"@id": key} for key, entity in self.entities.items() if "File" in entity["@type"]]
        descriptor = {
            "@id": METADATA,
            "@type": "CreativeWork",
            "about": {"@id": "./"},
            "conformsTo": [{"@id": SPECIFICATION}, {"@id": WORKFLOW_CRATE}],
        }
        whole = {"@id": "./", "@type": "Dataset", "conformsTo": followed, "hasPart": parts, **root}
        graph = [descriptor, whole, *self.entities.values()]
        write_json(self.folder / METADATA, {"@context": CONTEXT, "@graph": graph})


def flatten(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield nested settings as ("training.updates", 150), ...

    A list is one value, and so is an empty mapping.
    """
    if value and isinstance(value, dict):
        for key, item in value.items():
            yield from flatten(item, f"{name}.{key}" if name else key)
    else:
        yield name, value


def write_crate(
    folder: str | Path,
    run: Mapping[str, Any],
    copies: Mapping[str, str],
    files: Mapping[str, FileRow],
) -> None:
    """Write the crate of a run into `folder`.

    run: "study" (all settings), "steps" (see facts.Step), "command", "engine" (version of
    Snakemake), "packages" ({name: version}), "version" (of this project), "commit", "agent" (name
    of the user); an unknown value is None, but the version is always known. copies: {path: path in
    the crate} of the files to copy, which include Snakefile and scripts. files: rows of
    facts.describe_files.
    """
    crate = Crate(folder)
    for path, place in copies.items():
        crate.copy(path, place)
    write_files(crate.folder / FILES, files)
    agent = crate.add(AGENT, "Person", name=run["agent"]) if run["agent"] else None
    settings = [crate.add_setting(*setting) for setting in flatten(run["study"])]
    _add_workflow(crate, run, [parameter for parameter, _ in settings])
    crate.add_file(FILES, description="Every file of the study, and how it was made")
    for place in copies.values():
        crate.add_file(place, *(["SoftwareSourceCode"] if place.endswith((".py", ".smk")) else []))
    made = [path for path, row in files.items() if row["rule"]]
    given = [_reference_to(crate, row, copies) for row in files.values() if not row["rule"]]
    steps = [step for step in run["steps"] if not copies.keys().isdisjoint(step["outputs"])]
    actions = [_add_step(crate, step, copies, files, agent) for step in steps]
    times = sorted(modification_time(path) for path in made if files[path]["sha256"])
    whole = crate.add(
        "#run",
        "CreateAction",
        name=f"Run of the study {run['study']['study']}",
        description=run["command"],
        instrument={"@id": WORKFLOW},
        object=[{"@id": CONFIG}, *given, *(value for _, value in settings)],
        result=[{"@id": quote(copies[path])} for path in made if path in copies],
        startTime=times[0],
        endTime=times[-1],
        agent=agent,
    )
    crate.write(
        name=f"The sarfusion study {run['study']['study']}",
        description="The tables and figures of a study, and everything that made them."
        f" Files that are too large for the crate are listed in {FILES}.",
        license=crate.add(
            LICENCE, "CreativeWork", name="MIT", url=LICENCE, description=LICENCE_NOTE
        ),
        datePublished=times[-1],
        mainEntity={"@id": WORKFLOW},
        mentions=[whole, *actions],
        **({"author": agent} if agent else {}),
    )


def _add_workflow(crate: Crate, run: Mapping[str, Any], parameters: Sequence[Reference]) -> None:
    """Add the Snakefile with its language, its parameters and its packages."""
    language = crate.add(
        SNAKEMAKE,
        "ComputerLanguage",
        name="Snakemake",
        version=run["engine"],
        url="https://snakemake.github.io",
    )
    packages = [
        crate.add(address, "SoftwareApplication", name=name, softwareVersion=version, url=address)
        for name, version in run["packages"].items()
        for address in [PYTHON if name == "python" else f"https://pypi.org/project/{name}/"]
    ]
    crate.add_file(
        WORKFLOW,
        *("SoftwareSourceCode", "ComputationalWorkflow"),
        version="+".join(filter(None, [run["version"], run["commit"]])),  # semver.org, item 10
        programmingLanguage=language,
        license={"@id": LICENCE},
        input=parameters,
        softwareRequirements=packages,
    )


def _add_step(
    crate: Crate,
    step: Step,
    copies: Mapping[str, str],
    files: Mapping[str, FileRow],
    agent: Reference | None,
) -> Reference:
    """Add the job that made one or more files of the crate; return a reference to it."""
    made = [path for path in step["outputs"] if path in copies]
    return crate.add(
        f"#step-{quote(copies[made[0]])}",
        "CreateAction",
        name=step["rule"],
        description=f"Rule {step['rule']} of the workflow ran {step['script']}",
        instrument={"@id": step["script"]},
        object=[_reference_to(crate, files[path], copies) for path in step["inputs"]],
        result=[{"@id": quote(copies[path])} for path in made],
        endTime=modification_time(made[-1]),
        agent=agent,
    )


def _reference_to(crate: Crate, row: FileRow, copies: Mapping[str, str]) -> Reference:
    """Return a reference to a file: to its copy in the crate, else to an entity that describes it.

    The entity of a file that is not copied contains its size and checksum.
    """
    path = row["path"]
    if path in copies:
        return {"@id": quote(copies[path])}
    facts = {"contentSize": str(row["bytes"]), "sha256": row["sha256"]} if row["sha256"] else {}
    return crate.add(f"#{quote(path)}", "CreativeWork", name=path, **facts)
