"""A release as a Workflow RO-Crate, for WorkflowHub, and its description for Zenodo.

Profile Workflow RO-Crate 1.0 (https://w3id.org/workflowhub/workflow-ro-crate/1.0). Both repeat the
metadata in CITATION.cff.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..core.files import write_json
from .crate import LICENCE, LICENCE_NOTE, METADATA, SNAKEMAKE, WORKFLOW, WORKFLOW_CRATE, Crate

ZENODO = ".zenodo.json"
AUTHORS = "#authors"
SCRIPTS = (".py", ".smk")


def write_zenodo(folder: str | Path, citation: Mapping[str, Any], date: str) -> None:
    """Write the description that Zenodo reads in a release (https://developers.zenodo.org).

    folder: of the release. citation: content of CITATION.cff. date: of the release, ISO 8601.
    """
    write_json(
        Path(folder, ZENODO),
        {
            "title": f"{citation['title']} {citation['version']}",
            "upload_type": "software",
            "version": citation["version"],
            "publication_date": date,
            "description": citation["abstract"],
            "creators": [{"name": author["name"]} for author in citation["authors"]],
            "access_right": "open",
            "license": citation["license"],
            "keywords": citation["keywords"],
        },
    )


def write_release_crate(
    folder: str | Path, citation: Mapping[str, Any], date: str, commit: str, engine: str
) -> None:
    """Describe each file in the folder of a release, and the Snakefile as its workflow.

    citation: content of CITATION.cff. date: of the release, ISO 8601. commit: the one that it was
    made from. engine: version of Snakemake.
    """
    crate = Crate(folder)
    names = ", ".join(author["name"] for author in citation["authors"])
    authors = crate.add(AUTHORS, "Organization", name=names)
    licence = crate.add(LICENCE, "CreativeWork", name="MIT", url=LICENCE, description=LICENCE_NOTE)
    language = crate.add(
        SNAKEMAKE,
        "ComputerLanguage",
        name="Snakemake",
        version=engine,
        url="https://snakemake.github.io",
    )
    crate.add_file(
        WORKFLOW,
        *("SoftwareSourceCode", "ComputationalWorkflow"),
        version=f"{citation['version']}+{commit}",
        programmingLanguage=language,
        license=licence,
        creator=authors,
    )
    for path in sorted(path for path in crate.folder.rglob("*") if path.is_file()):
        place = path.relative_to(crate.folder).as_posix()
        if place not in (WORKFLOW, METADATA):
            crate.add_file(place, *(["SoftwareSourceCode"] if path.suffix in SCRIPTS else []))
    crate.write(
        profiles=[WORKFLOW_CRATE],
        name=f"{citation['title']} {citation['version']}",
        description=citation["abstract"],
        version=citation["version"],
        license=licence,
        author=authors,
        keywords=", ".join(citation["keywords"]),
        datePublished=date,
        mainEntity={"@id": WORKFLOW},
    )
