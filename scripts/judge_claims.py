"""Judge the claims of a study by the differences between its methods."""

from sarfusion.core.job import run

from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path

import pandas as pd
from sarfusion.core.files import write_csv, write_text
from sarfusion.scoring import claims as claims_library
from sarfusion.scoring.claims import OVERALL
from sarfusion.scoring.metrics import METRICS
from sarfusion.show.tables import as_text, read_scores
from sarfusion.study.comparisons import run_label
from sarfusion.study.missing import missing_note

RULE = (
    "**reproduced**: the 95 % interval of the difference and the difference of every seed lie on"
    " the claimed side of 0. **not reproduced**: all lie on the other side. **seed-dependent**:"
    " the interval holds 0, or the sign differs between seeds. **not tested**: the study lacks"
    " what the test needs. A claim must hold at all sites, in all of its tests, and in all or any"
    " of its bands, as it says. The interval comes from a paired moving-block bootstrap over test"
    " ground and seeds."
)


def main(
    *,
    claims: str | Path,
    differences: Sequence[str | Path],
    metrics: str | Path,
    csv: str | Path,
    md: str | Path,
    missing: Mapping[str, Mapping[str, str]] | None = None,
) -> None:
    """Write the verdicts as CSV, and for people as Markdown.

    claims: the file of claims; differences: tables of compare_methods, of every site and
    protocol; metrics: the tidy table of all scores; missing: sites that the study should have had.
    """
    verdicts = claims_library.judge(
        claims_library.load(claims), read_scores(differences), pd.read_csv(metrics)
    )
    write_csv(csv, verdicts)
    write_text(md, as_markdown(verdicts, missing_note(missing)))


def as_markdown(verdicts, missing=""):
    """Return the table of verdicts as a page: the verdicts first, then what each rests on."""
    rows = verdicts.to_dict("records")
    summary = pd.DataFrame(
        [(row["claim"], row["text"], row["verdict"]) for row in rows if row["band"] == OVERALL],
        columns=["claim", "what it says", "verdict"],
    )
    parts = ["# Claims", *([missing] if missing else []), as_text(summary, "github"), RULE]
    for claim, group in groupby(rows, key=lambda row: row["claim"]):
        *tests, whole = group
        parts.append(f"## {claim}: {whole['verdict']}\n\n{whole['text']}")
        where = f"{whole['protocol']}, region {whole['region']}".replace("_", " ")
        parts.append(f"Left − right on {where}; claimed is the side that `claimed` names.")
        parts.append(as_text(pd.DataFrame([printable(row) for row in tests]), "github"))
    return "\n\n".join(parts) + "\n"


def printable(row):
    """Return one test as texts, by column title."""
    metric = METRICS[row["metric"]]
    unit, digits = (f" ({metric.unit})", 5) if metric.unit else ("", 3)
    tested = pd.notna(row["difference"])
    return {
        "site": row["site"],
        "metric": f"{metric.label}{unit}",
        "left": run_label(row["left"]),
        "right": run_label(row["right"]),
        "band": row["band"],
        "claimed": "< 0" if row["direction"] == "lower" else "> 0",
        "difference": number(row["difference"], digits) if tested else "",
        "95 % interval": " to ".join(number(row[end], digits) for end in ("low", "high"))
        if tested
        else "",
        "seeds that agree": f"{row['seeds_agree']:.0f} of {row['seeds']:.0f}" if tested else "",
        "verdict": row["verdict"] + (f" ({row['reason']})" if row["reason"] else ""),
    }


def number(value, digits):
    """Return a difference with its sign."""
    return f"{value:+.{digits}f}".replace("-", "−") if pd.notna(value) else "unknown"


if __name__ == "__main__":
    run(main, snakemake)
