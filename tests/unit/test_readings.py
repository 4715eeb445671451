"""Readings of a claim: the same tests in other protocols, and which verdict depends on them."""

import numpy as np
import pandas as pd
import pytest
from compare_methods import COLUMNS as DIFFERENCE_COLUMNS
from judge_claims import readings_as_markdown
from sarfusion.scoring.claims import judge, judge_readings
from sarfusion.scoring.intervals import combined_freedom, t_interval
from sarfusion.show.readings import (
    DEPENDS,
    SAME,
    SINGLE,
    dependence,
    matrix,
    sentences,
    verdicts_by_reading,
)
from sarfusion.show.tables import METRIC_COLUMNS

BANDS = ["red", "green"]
CLAIM = {
    "text": "The CAE has the lower RMSE.",
    "protocol": "reconstruction",
    "readings": ["denoise", "cloud_gap", "sharpening"],
    "region": "test",
    "bands": BANDS,
    "needs": "all",
    "smallest_effect": 0.02,
    "tests": [
        {"metric": "rmse", "left": "cae-ratio", "right": "cnn-ratio", "direction": "lower"},
    ],
}
OTHER = {name: value for name, value in CLAIM.items() if name != "readings"}
LOWER, HIGHER = [-2.01, -2.0, -1.99], [1.99, 2.0, 2.01]


def tables(found):
    """Differences and scores of seeds, by protocol: {protocol: (region, differences)}."""
    differences, scores = [], []
    for protocol, (region, seeds) in found.items():
        mean, error = np.mean(seeds), np.std(seeds, ddof=1) / np.sqrt(len(seeds))
        low, high = t_interval(mean, error, combined_freedom(error, 0.0, len(seeds), 1e9))
        for band in BANDS:
            place = ("s", "here", protocol, region, band)
            numbers = (mean, low, high, error, 0.0, 1e9, 16.0, len(seeds), 100)
            differences.append((*place, "rmse", "cae", "ratio", "cnn", "ratio", *numbers))
            for seed, difference in enumerate(seeds):
                scores.append((*place, "cae", "ratio", seed, "rmse", 1 + difference, 100))
                scores.append((*place, "cnn", "ratio", seed, "rmse", 1.0, 100))
    return (
        pd.DataFrame(differences, columns=DIFFERENCE_COLUMNS),
        pd.DataFrame(scores, columns=METRIC_COLUMNS),
    )


@pytest.fixture
def found():
    return tables(
        {
            "reconstruction": ("test", LOWER),
            "denoise": ("test", HIGHER),
            "cloud_gap": ("gap", LOWER),
        }
    )


def test_a_claim_is_judged_in_each_protocol_that_the_study_has(found):
    readings = judge_readings({"C1": CLAIM, "C2": OTHER}, *found)
    assert set(readings["claim"]) == {"C1"}
    assert verdicts_by_reading(readings) == {
        "C1": {
            "reconstruction": "reproduced",
            "denoise": "contradicted",
            "cloud_gap": "reproduced",
        }
    }
    gap = readings[readings["protocol"] == "cloud_gap"]
    assert set(gap["region"]) == {"gap"}


def test_the_first_reading_is_the_verdict_of_the_claim(found):
    readings = judge_readings({"C1": CLAIM}, *found)
    first = readings[readings["protocol"] == "reconstruction"].reset_index(drop=True)
    pd.testing.assert_frame_equal(first, judge({"C1": CLAIM}, *found), check_dtype=False)


def test_p_values_are_adjusted_within_a_reading(found):
    """Two bands: each p is doubled, however many readings there are."""
    readings = judge_readings({"C1": CLAIM}, *found)
    alone = judge({"C1": {**OTHER, "bands": ["red"]}}, *found)
    red = readings[(readings["band"] == "red") & (readings["protocol"] == "cloud_gap")]
    assert red["p"].iloc[0] == pytest.approx(2 * alone["p"].iloc[0])


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ([], ""),
        (["not tested"], ""),
        (["reproduced", "not tested"], SINGLE),
        (["reproduced", "reproduced"], SAME),
        (["not shown (cannot tell)", "not shown (no difference worth having)"], SAME),
        (["reproduced", "not shown (cannot tell)"], DEPENDS),
        (["reproduced", "contradicted", "not tested"], DEPENDS),
    ],
)
def test_what_depends_on_the_reading(verdicts, expected):
    assert dependence(verdicts) == expected


def test_the_table_and_the_sentences():
    verdicts = {
        "C1": {"reconstruction": "reproduced", "cloud_gap": "contradicted"},
        "C2": {"reconstruction": "reproduced", "denoise": "reproduced"},
        "C3": {"reconstruction": "reproduced", "denoise": "reproduced"},
        "C4": {"reconstruction": "reproduced"},
    }
    table = matrix(verdicts)
    assert [*table.columns] == [
        "claim",
        "Reconstruction",
        "Denoising",
        "Cloud gaps",
        "over readings",
    ]
    assert [*table.iloc[0]] == ["C1", "reproduced", "\N{EN DASH}", "contradicted", DEPENDS]
    assert [*table["over readings"]] == [DEPENDS, SAME, SAME, SINGLE]
    assert sentences(verdicts) == [
        "The verdict on C1 depends on the reading.",
        "The verdicts on C2 and C3 are the same in all readings of the study.",
        "C4 was tested in one reading only.",
    ]


def test_the_page(found):
    page = readings_as_markdown(judge_readings({"C1": CLAIM}, *found), {"C1": "By eye."})
    assert "| C1      | reproduced       | contradicted | reproduced   |" in page
    assert "The CAE has the lower RMSE. By eye." in page
    assert "### Denoising: contradicted" in page
    assert "Left − right on cloud gap, region gap" in page
    assert "nan" not in page


def test_the_page_of_a_study_without_such_models():
    page = readings_as_markdown(judge_readings({}, *tables({})), {})
    assert page == "# Readings by claim\n\nThe study has the models of none.\n"
