"""Methods in order, each compared with one of them."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text
from sarfusion.core.errors import SettingError, StudyError
from sarfusion.scoring.ranking import COLUMNS, rank
from sarfusion.show.figures.ranking import in_order
from sarfusion.show.ranking import ranked_table
from sarfusion.study.comparisons import study_pairs
from sarfusion.study.config import resolve
from sarfusion.study.inputs import INPUTS

PLACE = {"site": "here", "protocol": "cloud_gap", "region": "gap", "band": "red", "metric": "rmse"}
ERRORS = {  # RMSE of three seeds
    ("unet", "ratio"): (0.020, 0.021, 0.022),
    ("residual", "ratio"): (0.018, 0.019, 0.020),
    ("cnn", "ratio"): (0.029, 0.030, 0.031),
    ("unet", "none"): (0.020, 0.021, 0.0221),
    ("unet", "shuffled"): (0.001, 0.001, 0.001),
    ("mean", "none"): (0.050,),
}


def scores():
    return pd.DataFrame(
        [
            {**PLACE, "study": "s", "method": method, "input": name, "seed": seed, "value": value}
            for (method, name), values in ERRORS.items()
            for seed, value in enumerate(values, 1)
        ]
    ).assign(n=1000)


def differences(error=0.0002):
    """Return differences from unet-ratio, as compare_methods writes them; unet-ratio minus mean."""
    rows = []
    for method, name in ERRORS:
        if (method, name) not in {("unet", "ratio"), ("unet", "shuffled")}:
            left, right = (method, name), ("unet", "ratio")
            if method == "mean":
                left, right = right, left
            difference = np.mean(ERRORS[left]) - np.mean(ERRORS[right])
            rows.append(
                {
                    **PLACE,
                    **dict(zip(("left_method", "left_input"), left, strict=True)),
                    **dict(zip(("right_method", "right_input"), right, strict=True)),
                    "difference": difference,
                    "low": difference - 2 * error,
                    "high": difference + 2 * error,
                    "seed_error": error,
                    "ground_error": error,
                    "blocks": 50.0,
                    "block_px": 8.0,
                    "n": 1000,
                }
            )
    return pd.DataFrame(rows)


def test_methods_are_in_order_and_held_against_the_one_that_is_named():
    table = rank(scores(), differences(), "unet-ratio")
    assert list(table.columns) == list(COLUMNS)
    found = [*zip(table["rank"], table["method"], table["input"], table["finding"], strict=True)]
    assert found == [
        (1, "residual", "ratio", "better"),
        (2, "unet", "ratio", "itself"),
        (3, "unet", "none", "cannot tell"),
        (4, "cnn", "ratio", "worse"),
        (5, "mean", "none", "worse"),
    ]
    assert table["rmse"].tolist() == pytest.approx([0.019, 0.021, 0.0210333, 0.03, 0.05], abs=1e-6)
    of_mean = table.iloc[4]  # turned round: the table has unet-ratio minus mean
    assert of_mean["difference"] == pytest.approx(0.029)
    assert of_mean["low"] == pytest.approx(0.0286)
    assert of_mean["high"] == pytest.approx(0.0294)


def test_a_difference_within_its_error_is_not_told_apart():
    table = rank(scores(), differences(error=0.02), "unet-ratio")
    assert set(table["finding"]) == {"itself", "cannot tell"}


def test_a_protocol_without_the_model_has_no_ranking():
    assert rank(scores(), differences(), "cae-ratio").empty
    with pytest.raises(StudyError, match="no method could be compared with another"):
        in_order(rank(scores(), differences(), "cae-ratio"))


def test_the_table_for_people_says_rank_interval_and_finding():
    printed = ranked_table(rank(scores(), differences(), "unet-ratio")).to_dict("records")
    assert printed[0] == {
        "band": "red",
        "rank": 1,
        "method": "Residual, with ratio",
        "RMSE": "0.0190",
        "difference": "−0.00200",
        "95 % interval": "−0.00240 to −0.00160",
        "finding": "better",
    }
    assert printed[1]["difference"] == printed[1]["95 % interval"] == ""


def test_the_figure_has_a_line_for_each_method_best_first():
    figure = in_order(rank(scores(), differences(), "unet-ratio"))
    labels = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert labels == [
        "minus U-Net, with ratio:",
        "Residual, with ratio",
        "U-Net, optical only",
        "CNN, with ratio",
    ]
    # 0.029 above, where the median of the four is (0.002 + 0.009) / 2
    printed = [text.get_text() for text in figure.findobj(Text)]
    assert any("Too far off to be shown here, at here: Mean." in text for text in printed)


def test_every_other_run_is_compared_once_with_the_one_that_is_named():
    inputs = {name: INPUTS[name] for name in ("ratio", "none", "shuffled")}
    pairs = study_pairs(["unet", "cnn"], inputs, ["mean"], "unet-ratio")
    with_it = [pair for pair in pairs if ["unet", "ratio"] in (pair[:2], pair[2:])]
    others = [tuple(pair[2:] if pair[:2] == ["unet", "ratio"] else pair[:2]) for pair in with_it]
    assert sorted(others) == [
        *(("cnn", "none"), ("cnn", "ratio"), ("mean", "none")),
        *(("unet", "none"), ("unet", "shuffled")),
    ]
    assert study_pairs(["cnn"], inputs, ["mean"], "unet-ratio") == study_pairs(
        ["cnn"], inputs, ["mean"]
    )


def test_a_model_that_the_study_lacks_is_refused():
    sites = {"here": {"source": "simulated", "seed": 1, "size_px": 64}}
    with pytest.raises(SettingError, match="the study has no vit-ratio; its models are cnn, cae"):
        resolve({"study": "a", "sites": sites, "ranked_against": "vit-ratio"})
