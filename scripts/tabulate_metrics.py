"""Summarise the scores of the study over seeds."""

from sarfusion.core.job import run

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
from sarfusion.core.files import read_json, write_csv, write_text
from sarfusion.scoring.support import supported
from sarfusion.show.pixels import coarse_sar_note, pixel_sizes
from sarfusion.show.tables import (
    MAX_SITES,
    as_text,
    full_table,
    meaning,
    sections,
    short_table,
    summarise,
    support_note,
)
from sarfusion.study.missing import missing_note
from sarfusion.study.protocols import PROTOCOLS

FULL_NOTE = (
    "Mean over seeds ± half the 95 % t-interval, on test ground. RMSE and bias in reflectance."
)
SHORT_NOTE = "Means over seeds and bands{}, on test ground. RMSE and bias in reflectance."


def main(
    *,
    metrics: str | Path,
    descriptions: Sequence[str | Path],
    models: str | Path,
    csv: str | Path,
    md: str | Path,
    tex: str | Path,
    txt: str | Path,
    missing: Mapping[str, Mapping[str, str]],
) -> None:
    """Write the summary as CSV, Markdown, LaTeX and plain text.

    metrics: tables/metrics.csv. descriptions: stack/SITE.json of each site; models:
    tables/models.csv. missing: the sites that the study should have had.
    """
    # pandas' default parser may change the last digit of a number.
    table = pd.read_csv(metrics, float_precision="round_trip")
    summary = summarise(supported(table))
    write_csv(csv, summary)
    stacks = {stack["site"]: stack for stack in map(read_json, descriptions)}
    sizes = pixel_sizes(stack["grid"]["pixel_m"] for stack in stacks.values())
    parts = list(sections(summary, sizes))
    full = {
        style: [(title, as_text(full_table(part), style)) for title, part in parts]
        for style in ("github", "latex_booktabs")
    }
    short = [f"{title}\n\n{as_text(short_table(part), 'simple')}" for title, part in parts]
    markdown = [f"## {title}\n\n{text}" for title, text in full["github"]]
    latex = [f"% {title}\n{text}" for title, text in full["latex_booktabs"]]
    lacks = list(filter(None, [missing_note(missing)]))
    has_fine = any(PROTOCOLS[name].full_scale for name in table["protocol"].unique())
    sar_note = coarse_sar_note(stacks) if has_fine else ""
    meant = meaning(summary, pd.read_csv(models))
    notes = list(filter(None, [meant, support_note(table), sar_note]))
    write_text(md, "\n\n".join([*lacks, *markdown, FULL_NOTE, *notes]) + "\n")
    write_text(tex, "\n\n".join([f"% {FULL_NOTE}", *latex]) + "\n")
    sites = table["site"].nunique()
    note = SHORT_NOTE.format(f" and {sites} sites" if sites > MAX_SITES else "")
    write_text(txt, "\n\n".join([*short, note, *notes, *lacks]) + "\n")


if __name__ == "__main__":
    run(main, snakemake)
