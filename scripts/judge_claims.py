"""Judge the claims of a study by differences between its methods, and by levels."""

from sarfusion.core.job import run

from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path

import pandas as pd
from sarfusion.core.files import write_csv, write_text
from sarfusion.scoring import claims as claims_library
from sarfusion.scoring.decision import OVERALL
from sarfusion.scoring.definitions import WITHIN, coverage_label
from sarfusion.scoring.metrics import METRICS
from sarfusion.show.readings import matrix, sentences, verdict_with_reason, verdicts_by_reading
from sarfusion.show.tables import as_text, read_scores
from sarfusion.study.comparisons import run_label
from sarfusion.study.missing import missing_note
from sarfusion.study.protocols import PROTOCOLS

RULE = (
    "Each test has a p-value for each side of 0, adjusted by Holm's method over all tests of its"
    " claim. **reproduced**: p is at most 2.5 % on the claimed side. **contradicted**: p is at most"
    " 2.5 % on the other side. **not shown**: neither; there is *no difference worth having* if the"
    " 95 % interval lies within the smallest effect of interest, otherwise one *cannot tell*. **not"
    " tested**: the study lacks what the test needs. All tests of a claim must be reproduced, in"
    " all of its bands or in any, as the claim says: over all sites if there are three or more, at"
    " both if there are two. Intervals are over seeds and blocks of test ground, whose side is"
    " measured; over sites, they are Student's t. For a level, a small p means that it is within"
    " the claimed range."
)


READINGS = (
    "C1 to C4 are from an abstract that does not say what the networks were asked to do. Each"
    " column is a task that it may mean: the first one decides, and the others show what the"
    " verdict would have been. Each is judged separately by the rule of the claims: p-values are"
    " adjusted over the tests of one claim in one reading. A dash means that the study lacks the"
    " models."
)


def main(
    *,
    claims: str | Path,
    differences: Sequence[str | Path],
    uncertainties: Sequence[str | Path],
    metrics: str | Path,
    models: str | Path,
    csv: str | Path,
    md: str | Path,
    readings_csv: str | Path,
    readings_md: str | Path,
    dated: Sequence[str] = (),
    missing: Mapping[str, Mapping[str, str]] | None = None,
) -> None:
    """Write the verdicts, and those on each reading of a claim, as CSV, and for people as Markdown.

    claims: the file of claims; differences: tables of compare_methods, of every site and
    protocol; uncertainties: those of evaluate_uncertainty, none where the study has none; metrics:
    the tidy table of all scores; models: the table of models; dated:
    the inputs with another date; missing: sites that the study should have had.
    """
    claimed = claims_library.load(claims)
    tables = (
        read_scores(differences),
        pd.read_csv(metrics),
        read_scores(uncertainties) if uncertainties else None,
        pd.read_csv(models),
        dated,
    )
    measured = {name: claim.get("measured", "") for name, claim in claimed.items()}
    note = missing_note(missing)
    verdicts = claims_library.judge(claimed, *tables)
    write_csv(csv, verdicts)
    write_text(md, as_markdown(verdicts, measured, note))
    read = claims_library.judge_readings(claimed, *tables)
    write_csv(readings_csv, read)
    write_text(readings_md, readings_as_markdown(read, measured, note))


def as_markdown(verdicts, measured, missing=""):
    """Return the table of verdicts as a page: the verdicts first, then what each rests on.

    measured: {claim: how its words are measured, or ""}.
    """
    rows = verdicts.to_dict("records")
    summary = pd.DataFrame(
        [(row["claim"], row["text"], row["verdict"]) for row in rows if row["band"] == OVERALL],
        columns=["claim", "what it says", "verdict"],
    )
    parts = ["# Claims", *([missing] if missing else []), as_text(summary, "github"), RULE]
    for claim, group in groupby(rows, key=lambda row: row["claim"]):
        *tests, whole = group
        parts.append(f"## {claim}: {whole['verdict']}\n\n{said(whole, measured)}")
        parts += tests_as_markdown(tests)
    return "\n\n".join(parts) + "\n"


def readings_as_markdown(readings, measured, missing=""):
    """Return the verdicts on each reading as a page, like `as_markdown`."""
    verdicts = verdicts_by_reading(readings)
    parts = ["# Readings by claim", *([missing] if missing else [])]
    if not verdicts:
        return "\n\n".join([*parts, "The study has the models of none."]) + "\n"
    parts += [as_text(matrix(verdicts), "github"), " ".join(sentences(verdicts)), READINGS]
    rows = readings.to_dict("records")
    for claim, of_claim in groupby(rows, key=lambda row: row["claim"]):
        group = [*of_claim]
        parts.append(f"## {claim}\n\n{said(group[-1], measured)}")
        for protocol, of_reading in groupby(group, key=lambda row: row["protocol"]):
            *tests, whole = of_reading
            parts.append(f"### {PROTOCOLS[protocol].title}: {verdict_with_reason(whole)}")
            parts += tests_as_markdown(tests)
    return "\n\n".join(part for part in parts if part) + "\n"


def said(row, measured):
    """Return the text of a claim, and how its words are measured."""
    return " ".join(filter(None, [row["text"], measured[row["claim"]]]))


def tests_as_markdown(tests):
    """Return the parts of a page on the tests of one claim in one protocol."""
    parts = []
    for is_level, kind in groupby(tests, key=lambda row: row["direction"] == WITHIN):
        rows = [*kind]
        where = f"{rows[0]['protocol']}, region {rows[0]['region']}".replace("_", " ")
        parts.append(
            f"Levels on {where}. The column `claimed` has the claimed range."
            if is_level
            else f"Left − right on {where}. The column `claimed` has the claimed side."
        )
        printed = [printable_level(row) if is_level else printable(row) for row in rows]
        parts.append(as_text(pd.DataFrame(printed), "github"))
    return parts


def printable_level(row):
    """Return one test of a level as texts, by column title."""
    tested = pd.notna(row["level"])
    return {
        "site": row["site"],
        "metric": coverage_label(row["metric"]),
        "method": run_label(row["left"]),
        "band": row["band"],
        "claimed": f"{row['least']:g} to {row['most']:g}",
        "level": f"{row['level']:.3f}" if tested else "",
        "95 % interval": f"{row['low']:.3f} to {row['high']:.3f}" if pd.notna(row["low"]) else "",
        "seeds": f"{row['seeds']:.0f}" if tested else "",
        "p": p_value(row["p"]),
        "verdict": verdict_with_reason(row),
    }


def printable(row):
    """Return one test of a difference as texts, by column title."""
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
        "smallest": number(row["smallest"], digits).lstrip("+") if tested else "",
        "agree": agreeing(row),
        "block (px)": f"{row['block_px']:.0f}" if pd.notna(row["block_px"]) else "",
        "p": p_value(row["p"]),
        "verdict": verdict_with_reason(row),
    }


def agreeing(row):
    """Return how many seeds, or sites, of a difference lie on the claimed side."""
    if pd.isna(row["agree"]):
        return ""
    of, name = (row["seeds"], "seeds") if pd.isna(row["sites"]) else (row["sites"], "sites")
    return f"{row['agree']:.0f} of {of:.0f} {name}"


def p_value(p):
    """Return a p-value of the claimed side as text."""
    return "" if pd.isna(p) else "< 0.001" if p < 0.001 else f"{p:.3f}"


def number(value, digits):
    """Return a difference with its sign."""
    return f"{value:+.{digits}f}".replace("-", "−") if pd.notna(value) else "unknown"


if __name__ == "__main__":
    run(main, snakemake)
