"""A run as a Workflow Run RO-Crate: a folder that holds what was run, on what, and what came out.

Profile Workflow Run Crate 0.5 on RO-Crate 1.1 (https://w3id.org/ro/wfrun/workflow/0.5). The
metadata of a crate is a flat list of entities in JSON-LD: plain dictionaries, written as JSON.
"""

import json
import shutil
from pathlib import Path
from urllib.parse import quote

from ..core.files import sha256, write_json
from .facts import time_of, write_files

METADATA, FILES, CONFIG = "ro-crate-metadata.json", "files.csv", "config.yaml"
SPECIFICATION = "https://w3id.org/ro/crate/1.1"
# RO-Crate 1.1 has no term for this checksum; RO-Crate 1.3 has it, with this meaning.
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
SCENES_KEEP = "The workflow's licence; scenes keep their own, which scenes/*/scene.json names."
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
KINDS = {bool: "Boolean", int: "Integer", float: "Float"}  # of a setting; all else is Text


class Crate:
    """The entities of a crate in `folder`, in the order in which they were added."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.entities = {}

    def add(self, identifier, kind, **properties):
        """Add an entity unless it is there; return a reference to it.

        identifier: path in the crate, address, or #name of what is neither. Empty properties are
        left out, and a list of one is that one, as RO-Crate 1.1 wants it.
        """
        filled = {
            name: value[0] if isinstance(value, list) and len(value) == 1 else value
            for name, value in {"@type": kind, **properties}.items()
            if value not in (None, [], "")
        }
        self.entities.setdefault(identifier, {"@id": identifier, **filled})
        return {"@id": identifier}

    def copy(self, source, place):
        """Copy the file `source` to `place` in the crate."""
        target = self.folder / place
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)

    def add_file(self, place, *kinds, **properties):
        """Add the file that lies at `place` in the crate; return a reference to its entity."""
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

    def add_setting(self, name, value):
        """Add a setting of the study; return references to its parameter and to its value."""
        parameter, realised = ({"@id": f"#{role}-{quote(name)}"} for role in ("parameter", "value"))
        kind = KINDS.get(type(value), "Text")
        if kind == "Text" and not isinstance(value, str):
            value = json.dumps(value)
        names = {"name": name, "additionalType": kind, "workExample": realised}
        self.add(parameter["@id"], "FormalParameter", **names)
        self.add(realised["@id"], "PropertyValue", name=name, value=value, exampleOfWork=parameter)
        return parameter, realised

    def write(self, **root):
        """Write the metadata, last of all: a folder without it is no crate.

        root: properties of the crate itself.
        """
        profiles = [
            self.add(address, "CreativeWork", name=name, version=address.rsplit("/", 1)[1])
            for address, name in PROFILES.items()
        ]
        parts = [{"@id": key} for key, entity in self.entities.items() if "File" in entity["@type"]]
        descriptor = {
            "@id": METADATA,
            "@type": "CreativeWork",
            "about": {"@id": "./"},
            "conformsTo": [{"@id": SPECIFICATION}, {"@id": WORKFLOW_CRATE}],
        }
        whole = {"@id": "./", "@type": "Dataset", "conformsTo": profiles, "hasPart": parts, **root}
        graph = [descriptor, whole, *self.entities.values()]
        write_json(self.folder / METADATA, {"@context": CONTEXT, "@graph": graph})


def flatten(value, name=""):
    """Yield ("training.updates", 150), ... of nested settings; a list is one value, {} too."""
    if value and isinstance(value, dict):
        for key, item in value.items():
            yield from flatten(item, f"{name}.{key}" if name else key)
    else:
        yield name, value


def write_crate(folder, run, copies, files):
    """Write the crate of a run into `folder`.

    run: study (every setting), steps (see provenance.describe_files), command, engine (version of
    Snakemake), packages (their versions), commit, agent; what is not known is None.
    copies: {path: place in the crate} of what is copied, Snakefile and scripts among them.
    files: rows of provenance.describe_files.
    """
    crate = Crate(folder)
    for path, place in copies.items():
        crate.copy(path, place)
    write_files(crate.folder / FILES, files)
    agent = crate.add(AGENT, "Person", name=run["agent"]) if run["agent"] else None
    settings = [crate.add_setting(*setting) for setting in flatten(run["study"])]
    _add_workflow(crate, run, [parameter for parameter, _ in settings])
    crate.add_file(FILES, description="Every file of the study, and what it was made from")
    for place in copies.values():
        crate.add_file(place, *(["SoftwareSourceCode"] if place.endswith((".py", ".smk")) else []))
    made = [path for path, row in files.items() if row["rule"]]
    given = [_refer(crate, row, copies) for row in files.values() if not row["rule"]]
    steps = [step for step in run["steps"] if not copies.keys().isdisjoint(step["outputs"])]
    actions = [_add_step(crate, step, copies, files, agent) for step in steps]
    times = sorted(time_of(path) for path in made if files[path]["sha256"])
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
        description="The tables and figures of a study, and all that they were made by and from."
        f" What is too large for the crate is listed in {FILES}.",
        license=crate.add(
            LICENCE, "CreativeWork", name="MIT", url=LICENCE, description=SCENES_KEEP
        ),
        datePublished=times[-1],
        mainEntity={"@id": WORKFLOW},
        mentions=[whole, *actions],
        **({"author": agent} if agent else {}),
    )


def _add_workflow(crate, run, parameters):
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
        version=run["commit"],
        programmingLanguage=language,
        license={"@id": LICENCE},
        input=parameters,
        softwareRequirements=packages,
    )


def _add_step(crate, step, copies, files, agent):
    """Add the job that made one or more files of the crate."""
    made = [path for path in step["outputs"] if path in copies]
    return crate.add(
        f"#step-{quote(copies[made[0]])}",
        "CreateAction",
        name=step["rule"],
        description=f"Rule {step['rule']} of the workflow ran {step['script']}",
        instrument={"@id": step["script"]},
        object=[_refer(crate, files[path], copies) for path in step["inputs"]],
        result=[{"@id": quote(copies[path])} for path in made],
        endTime=time_of(made[-1]),
        agent=agent,
    )


def _refer(crate, row, copies):
    """Return a reference to a file: to its copy in the crate, or to what describes it from afar."""
    path = row["path"]
    if path in copies:
        return {"@id": quote(copies[path])}
    facts = {"contentSize": str(row["bytes"]), "sha256": row["sha256"]} if row["sha256"] else {}
    return crate.add(f"#{quote(path)}", "CreativeWork", name=path, **facts)
