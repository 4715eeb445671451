"""Describe a release as an RO-Crate and for Zenodo, for `./reproduce release`.

    python scripts/describe_release.py FOLDER DATE COMMIT

FOLDER: contains the files of the commit; ro-crate-metadata.json and .zenodo.json are added to it.
DATE: of the release, ISO 8601.
"""

import sys
from importlib.metadata import version
from pathlib import Path

import yaml
from sarfusion.provenance.release import write_release_crate, write_zenodo


def main(folder: str, date: str, commit: str) -> None:
    """Write both into `folder`."""
    citation = yaml.safe_load(Path(folder, "CITATION.cff").read_text(encoding="utf-8"))
    write_zenodo(folder, citation, date)
    write_release_crate(folder, citation, date, commit, engine=version("snakemake"))


if __name__ == "__main__":
    main(*sys.argv[1:])
