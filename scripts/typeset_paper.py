"""Typeset the paper of a study from its own tables, figures and settings."""

import logging
import os
import shutil
import tempfile
from pathlib import Path

import pandas as pd
import typst
from sarfusion.core.files import atomic, read_json, sha256, write_json
from sarfusion.provenance import facts
from sarfusion.scoring import claims as claims_library
from sarfusion.show import paper
from sarfusion.show.tables import read_scores


def main(*, template, tables, claims, scenes, stacks, rasters, shown, figures, study, run, pdf):
    """Write the paper.

    template: its files, with main file paper.typ. tables: {"summary", "verdicts", "models",
    "times": path, "differences", "all": paths}. claims: the file of claims. scenes, stacks: {site:
    path} of scene.json and of stack/SITE.json. shown: sites with figures and checksums. rasters:
    their stack/SITE.tif. figures: PDF files. study: its settings. run: see show.paper.content.
    """
    described = {site: read_json(path) for site, path in scenes.items()}
    read = ("summary", "verdicts", "models", "times")
    content = paper.content(
        study=study,
        tables={
            **{name: pd.read_csv(tables[name]) for name in read},
            "differences": read_scores(tables["differences"]),
        },
        claims=claims_library.load(claims),
        scenes=described,
        stacks={site: read_json(path) for site, path in stacks.items()},
        shown=shown,
        figures=sorted(Path(path).name for path in figures),
        sums=checksums({site: described[site] for site in shown}, rasters, tables["all"]),
        run=run,
    )
    with atomic(pdf) as temporary:
        temporary.write_bytes(typeset(template, figures, content))


def checksums(scenes, rasters, tables):
    """Return [(path, bytes, SHA-256)] of the raw scenes, as scene.json has them, and of files."""
    raw = [
        (f"scenes/{site}/{name}.tif", scene[name]["bytes"], scene[name]["sha256"])
        for site, scene in scenes.items()
        for name in ("optical", "sar")
    ]
    made = [
        ("/".join(Path(path).parts[-2:]), Path(path).stat().st_size, sha256(path))
        for path in (*rasters, *tables)
    ]
    return raw + made


def typeset(template, figures, content):
    """Return the PDF as bytes: the same for the same files and content, on every machine.

    Only the fonts that come with Typst are used, and the PDF holds no date.
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
    from sarfusion.core.job import job

    with job(snakemake.log[0]):
        by_site = {
            name: dict(zip(snakemake.params.sites, snakemake.input[name], strict=True))
            for name in ("scenes", "stacks")
        }
        named = ("summary", "verdicts", "models", "times", "differences")
        main(
            template=snakemake.input.template,
            tables={name: snakemake.input[name] for name in named}
            | {"all": snakemake.input.tables},
            claims=snakemake.input.claims,
            **by_site,
            rasters=snakemake.input.rasters,
            shown=snakemake.params.shown,
            figures=snakemake.input.figures,
            study=snakemake.params.study,
            run={
                "command": os.environ.get("SARFUSION_COMMAND"),
                "commit": facts.commit(),
                "engine": snakemake.params.engine,
                "packages": {} if snakemake.params.conda else facts.packages(),
                "machine": facts.machine(),
            },
            pdf=snakemake.output.pdf,
        )
