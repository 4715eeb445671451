"""Tabulate the cost of the trained models: parameters, receptive field, updates, and time."""

from sarfusion.core.job import run

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
from sarfusion.core.files import read_json, write_csv, write_text
from sarfusion.show.tables import as_text
from sarfusion.study.methods import method_label
from sarfusion.study.missing import missing_note

KIND = ["protocol", "model", "input"]
COLUMNS = {
    "parameters": "parameters",
    "receptive_field_px": "receptive field (px)",
    "patch_px": "patch (px)",
    "batch": "batch",
    "updates": "updates",
    "training_patches": "training patches",
    "validation_rmse": "RMSE on validation ground",
    "converged": "converged",
}
MEANS = ("validation_rmse", "converged")  # over bands and seeds; the others are the same for all
NOTE = (
    "Receptive field: side of the square of input pixels that an output pixel may depend on. RMSE:"
    " reflectance, mean over bands and seeds. Converged: the share of trainings whose last quarter"
    " of updates lowered the loss on validation ground by less than 1 %."
)


def main(
    *,
    records: Sequence[str | Path],
    csv: str | Path,
    md: str | Path,
    times: str | Path,
    missing: Mapping[str, Mapping[str, str]] | None = None,
) -> None:
    """Write a row per protocol, model and input; measured times go to a file of their own."""
    table = pd.DataFrame([describe(read_json(path)) for path in records])
    kinds = table.groupby(KIND, sort=False)
    models = kinds[list(COLUMNS)].first()
    models[list(MEANS)] = kinds[list(MEANS)].mean()
    models = models.reset_index()
    write_csv(csv, models)
    shown = models.assign(
        validation_rmse=models["validation_rmse"].map("{:.5f}".format),
        converged=models["converged"].map("{:.2f}".format),
    )
    named = shown.rename(columns=COLUMNS)
    named.insert(1, "method", list(map(method_label, named.pop("model"), named.pop("input"))))
    write_text(
        md,
        "\n\n".join(filter(None, [as_text(named, "github"), NOTE, missing_note(missing)])) + "\n",
    )
    seconds = kinds["training_seconds"].agg(["mean", "min", "max", "size"])
    seconds.insert(0, "device", kinds["device"].agg(lambda names: " ".join(sorted(set(names)))))
    write_csv(times, seconds.rename(columns={"size": "models"}).reset_index())


def describe(record):
    """Return the row of one model."""
    return {
        **{name: record[name] for name in (*KIND, "parameters", "patch_px", "batch")},
        "receptive_field_px": 2 * record["receptive_field_radius_px"] + 1,
        "updates": record["training"]["updates"],
        "training_patches": record["training_patches"],
        "validation_rmse": record["validation_rmse"],
        "converged": float(record["converged"]),
        "training_seconds": record["training_seconds"],
        "device": record["device"],
    }


if __name__ == "__main__":
    run(main, snakemake)
