"""Typeset the paper of a study from its own tables, figures and settings."""

from sarfusion.core.job import run

import logging
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import typst
from sarfusion.core.files import atomic, read_json, sha256, write_json
from sarfusion.core.version import project_version
from sarfusion.provenance import facts
from sarfusion.scoring import claims as claims_library
from sarfusion.show import paper
from sarfusion.show.tables import read_scores

# Columns that the paper reads from the tables of uncertainties and of land cover.
COLUMNS = ("site", "protocol", "band", "method", "input", "metric", "value", "low", "high")
LEVELS = ("protocol", "method", "input", "uncertainty", "metric", "value")


def main(
    *,
    template: Sequence[str | Path],
    claims: str | Path,
    summary: str | Path,
    verdicts: str | Path,
    readings: str | Path,
    models: str | Path,
    times: str | Path,
    differences: Sequence[str | Path],
    uncertainties: Sequence[str | Path],
    land_cover: Sequence[str | Path],
    tables: Sequence[str | Path],
    figures: Sequence[str | Path],
    plates: Sequence[tuple[str, str, str, str]],
    metadata: Sequence[str | Path],
    descriptions: Sequence[str | Path],
    stacks: Sequence[str | Path],
    study: Mapping[str, Any],
    sites: Sequence[str],
    shown: Sequence[str],
    engine: str,
    conda: bool,
    pdf: str | Path,
    products: Sequence[str | Path] = (),
) -> None:
    """Write the paper.

    template: its files, with main file paper.typ. claims: the file of claims. summary, verdicts,
    readings, models, times, differences, uncertainties, land_cover: tables that the text quotes.
    tables: all tables, for their checksums. figures: PDF files. plates: see show.paper.content.
    metadata, descriptions: scene.json and stack/SITE.json of each of `sites`. shown: sites with
    figures and checksums. stacks: their stack/SITE.tif. study: its settings. engine: version of
    Snakemake. conda: whether each job ran in the conda environment of its rule. products: the table
    of cloud-free images, or empty.
    """
    scenes = {site: read_json(path) for site, path in zip(sites, metadata, strict=True)}
    quoted = {
        **{"summary": summary, "verdicts": verdicts, "readings": readings},
        **{"models": models, "times": times},
    }
    content = paper.content(
        study=study,
        tables={
            **{name: pd.read_csv(path) for name, path in quoted.items()},
            "differences": read_scores(differences),
            "uncertainties": rows_of(uncertainties, *LEVELS),
            "land_cover": rows_of(land_cover, *COLUMNS),
            "products": rows_of(products),
        },
        claims=claims_library.load(claims),
        scenes=scenes,
        stacks={site: read_json(path) for site, path in zip(sites, descriptions, strict=True)},
        shown=shown,
        figures=sorted(Path(path).name for path in figures),
        plates=plates,
        sums=checksums({site: scenes[site] for site in shown}, stacks, tables),
        run={
            "command": os.environ.get("SARFUSION_COMMAND"),
            "version": project_version(),
            "commit": facts.commit(),
            "engine": engine,
            "packages": {} if conda else facts.packages(),
            "machine": facts.machine(),
        },
    )
    with atomic(pdf) as temporary:
        temporary.write_bytes(typeset(template, figures, content))


def rows_of(paths, *columns):
    """Return the tables at `paths` (CSV) as one; without paths, an empty one with `columns`."""
    return read_scores(paths) if paths else pd.DataFrame(columns=columns)


def checksums(scenes, stacks, tables):
    """Return [(path, bytes, SHA-256)] of the raw scenes, as in scene.json, and of other files."""
    raw = [
        (f"scenes/{site}/{name}.tif", scene[name]["bytes"], scene[name]["sha256"])
        for site, scene in scenes.items()
        for name in ("optical", "sar")
    ]
    made = [
        ("/".join(Path(path).parts[-2:]), Path(path).stat().st_size, sha256(path))
        for path in (*stacks, *tables)
    ]
    return raw + made


def typeset(template, figures, content):
    """Return the PDF as bytes, which are the same on every machine for the same files and content.

    Only the fonts that come with Typst are used, and the PDF contains no date.
    """
    with tempfile.TemporaryDirectory() as folder:
        for path in (*template, *figures):
            shutil.copy(path, folder)
        write_json(Path(folder, "data.json"), content)
        compiler = typst.Compiler(root=folder, ignore_system_fonts=True)
        pdf, warnings = compiler.compile_with_warnings(
            str(Path(folder, "paper.typ")), format="pdf", timestamp=0
        )
    for warning in warnings:
        logging.warning("warning: paper: %s", warning.message)
    return pdf


if __name__ == "__main__":
    run(main, snakemake)
