"""The table of the cost of trained models."""

import json

import pandas as pd
import tabulate_models


def record(band, rmse, converged):
    """Return the record of a CNN for one band."""
    return {
        "protocol": "reconstruction",
        "model": "cnn",
        "input": "ratio",
        "band": band,
        "parameters": 62465,
        "patch_px": 33,
        "batch": 2,
        "receptive_field_radius_px": 8,
        "training": {"updates": 200},
        "training_patches": 1475,
        "validation_rmse": rmse,
        "converged": converged,
        "training_seconds": 3.0,
        "device": "cpu",
    }


def test_a_row_has_the_means_over_bands_and_the_page_rounds_them(tmp_path):
    records = []
    for band, rmse, converged in (
        ("red", 0.01, True),
        ("green", 0.02, False),
        ("blue", 0.02, False),
    ):
        records.append(tmp_path / f"{band}.json")
        records[-1].write_text(json.dumps(record(band, rmse, converged)))
    csv, md, times = (tmp_path / name for name in ("models.csv", "models.md", "times.csv"))
    tabulate_models.main(records=records, csv=csv, md=md, times=times)
    (row,) = pd.read_csv(csv).to_dict("records")
    assert row["receptive_field_px"] == 17
    assert abs(row["validation_rmse"] - 0.05 / 3) < 1e-15
    assert abs(row["converged"] - 1 / 3) < 1e-15
    (shown,) = (line for line in md.read_text().splitlines() if "62465" in line)
    cells = [cell.strip() for cell in shown.strip("|").split("|")]
    assert cells[1] == "CNN, with ratio"
    assert cells[-2:] == ["0.01667", "0.33"]
    assert pd.read_csv(times)["models"].tolist() == [3]
