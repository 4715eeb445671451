"""Tabulate means over the sites of a study: of scores and of differences between methods."""

from sarfusion.core.job import run

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
from sarfusion.core.files import read_json, write_csv, write_text
from sarfusion.scoring.across import pooled_differences, pooled_scores
from sarfusion.scoring.support import supported
from sarfusion.show.pixels import pixel_sizes
from sarfusion.show.tables import as_text, pooled_table, read_scores, sections
from sarfusion.study.comparisons import run_label
from sarfusion.study.missing import missing_note
from sarfusion.study.protocols import SECTIONS

NOTE = (
    "Mean over sites ± half the 95 % t-interval over sites, in which each site counts once, with"
    " its mean over seeds. The interval covers the differences between sites: it is about the mean"
    " of such sites, as far as these are a sample of them, and not about one more site."
)
SIDES = (
    "RMSE, left − right, in thousandths of reflectance. A site is *clearly* on a side of 0 when its"
    " own interval (over seeds and blocks of test ground) excludes 0. Where sites are on"
    " both sides, the mean says little about any one of them."
)


def main(
    *,
    metrics: str | Path,
    differences: Sequence[str | Path],
    descriptions: Sequence[str | Path],
    scores_csv: str | Path,
    differences_csv: str | Path,
    md: str | Path,
    missing: Mapping[str, Mapping[str, str]],
    left_out: Sequence[str],
) -> None:
    """Write both tables as CSV, and for people as one page.

    metrics: the tidy table of all scores; differences: tables of compare_methods of every site
    and protocol; descriptions: stack/SITE.json of each site; missing: the sites that the study
    should have had; left_out: the transfers that could not be computed without them.
    """
    scores = pd.read_csv(metrics)
    pooled = pooled_scores(supported(scores))
    compared = pooled_differences(read_scores(differences))
    names = " ".join(missing)
    write_csv(scores_csv, pooled.assign(missing_sites=names))
    write_csv(differences_csv, compared.assign(missing_sites=names))
    parts = [f"# {scores['site'].nunique()} sites", missing_note(missing, left_out)]
    sizes = pixel_sizes(read_json(path)["grid"]["pixel_m"] for path in descriptions)
    for title, part in sections(pooled, sizes):
        parts += [f"## {title}", as_text(pooled_table(part), "github")]
    parts += [NOTE, "## Differences between methods", as_text(sides(compared), "github"), SIDES]
    write_text(md, "\n\n".join(filter(None, parts)) + "\n")


def sides(compared):
    """Return the differences of RMSE on the headline ground as texts."""
    places = pd.MultiIndex.from_frame(compared[["protocol", "region"]])
    shown = compared[(compared["metric"] == "rmse") & places.isin(list(SECTIONS))]
    return pd.DataFrame([printable(row) for row in shown.to_dict("records")])


def printable(row):
    """Return one difference as texts, by column title."""
    left, right = (f"{row[f'{side}_method']}-{row[f'{side}_input']}" for side in ("left", "right"))
    mean, low, high, least, most = (
        f"{1000 * row[name]:+.2f}".replace("-", "−") if pd.notna(row[name]) else ""
        for name in ("mean", "low", "high", "least", "most")
    )
    return {
        "protocol": row["protocol"].replace("_", " "),
        "left": run_label(left),
        "right": run_label(right),
        "band": row["band"],
        "mean": mean,
        "95 % interval": f"{low} to {high}" if low else "",
        "range": f"{least} to {most}",
        "sites below 0 (clearly)": f"{row['below']} ({row['clearly_below']})",
        "above 0 (clearly)": f"{row['above']} ({row['clearly_above']})",
        "sites": f"{row['sites']}",
    }


if __name__ == "__main__":
    run(main, snakemake)
