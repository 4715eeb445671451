"""Tabulate what a model loses on a site that it has not seen."""

from sarfusion.core.job import run

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
from sarfusion.core.files import write_csv, write_text
from sarfusion.scoring.definitions import FROM_DATES
from sarfusion.scoring.transfer import losses, pooled_losses, tagged, without_training
from sarfusion.show.tables import as_text
from sarfusion.study.methods import method_label, method_name
from sarfusion.study.missing import missing_note
from sarfusion.study.protocols import SECTIONS

NOTE = (
    "RMSE in thousandths of reflectance, on the test ground of the tested sites, mean over seeds"
    " and sites. *unseen*: the model was trained on other sites, with the same number of patches"
    " from each, and its channels are scaled by their training ground alone, so that it has seen"
    " nothing of the tested site. *own*: the same model trained on the training ground of the"
    " tested site. *loss*: unseen − own, with half the 95 % t-interval over sites. *without"
    " training*: the best such method on these sites, and the share of the pixels that it fills"
    " from other dates, where sites have some."
)


def main(
    *,
    metrics: str | Path,
    scores: Sequence[str | Path],
    transferred: str | Path,
    csv: str | Path,
    md: str | Path,
    tested: Sequence[tuple[str, Sequence[str]]],
    missing: Mapping[str, Mapping[str, str]],
    left_out: Sequence[str],
) -> None:
    """Write the scores of transferred models, what they lose, and a page for people.

    metrics: the tidy table of all scores of models on their own site; scores: tidy tables of
    transferred models; tested: (name of the transfer, sites trained on) of each. left_out: the
    transfers that could not be computed, since they need a missing site.
    """
    own = pd.read_csv(metrics)
    unseen = tagged([pd.read_csv(path) for path in scores], tested)
    lost = pooled_losses(losses(own, unseen))
    write_csv(transferred, unseen)
    write_csv(csv, lost.assign(missing_sites=" ".join(missing)))
    parts = ["# Models on sites that they have not seen", missing_note(missing, left_out)]
    for name, part in lost.groupby("transfer", sort=False):
        sites = unseen[unseen["transfer"] == name]["site"].unique()
        parts.append(f"## {name.replace('_', ' ')}: tested on {listed(sites)}")
        parts.append(as_text(page(part, without_training(own, sites)), "github"))
    write_text(md, "\n\n".join([*filter(None, parts), NOTE]) + "\n")


def listed(sites, most=10):
    """Return the names of sites as text, shortened after `most` of them."""
    return ", ".join(sites[:most]) + (f" and {len(sites) - most} more" if len(sites) > most else "")


def page(part, classical):
    """Return the RMSE of one transfer on the headline ground as texts."""
    places = pd.MultiIndex.from_frame(part[["protocol", "region"]])
    shown = part[(part["metric"] == "rmse") & places.isin(list(SECTIONS))]
    best = classical.groupby(["protocol", "region", "band"])
    without = {place: best_text(rows) for place, rows in best}
    return pd.DataFrame([printable(row, without) for row in shown.to_dict("records")])


def best_text(rows):
    """Return the RMSE of a method without training, its name, and its share from other dates."""
    share = rows[FROM_DATES].mean()
    dated = f"; {share:.0%} from dates" if pd.notna(share) else ""
    return f"{1000 * rows['rmse'].mean():.2f} ({method_name(rows['method'].iloc[0])}{dated})"


def printable(row, without):
    """Return one line of the page."""
    half = row["high"] - row["mean"]
    loss = f"{1000 * row['mean']:+.2f}".replace("-", "−")
    return {
        "protocol": row["protocol"].replace("_", " "),
        "band": row["band"],
        "method": method_label(row["method"], row["input"]),
        "unseen": f"{1000 * row['unseen']:.2f}",
        "own": f"{1000 * row['own']:.2f}",
        "loss": loss + (f" ± {1000 * half:.2f}" if pd.notna(half) else ""),
        "loss in %": f"{100 * row['mean'] / row['own']:+.0f}".replace("-", "−"),
        "worse on": f"{row['above']} of {row['sites']} sites",
        "without training": without.get((row["protocol"], row["region"], row["band"]), ""),
    }


if __name__ == "__main__":
    run(main, snakemake)
