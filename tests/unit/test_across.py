"""Means over sites: by hand, and against the interval of another library."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sarfusion.scoring.across import pooled_differences, pooled_scores, site_means
from sarfusion.show.tables import METRIC_COLUMNS
from scipy import stats


def scores(rows):
    """Tidy scores from (site, seed, value)."""
    return pd.DataFrame(
        [
            ("s", site, "cloud_gap", "gap", "red", "cnn", "ratio", seed, "rmse", value, 9)
            for site, seed, value in rows
        ],
        columns=METRIC_COLUMNS,
    )


def differences(rows):
    """Rows of compare_methods from (site, difference, low, high)."""
    place = {"protocol": "cloud_gap", "region": "gap", "band": "red", "metric": "rmse"}
    sides = {"left_method": "cnn", "left_input": "ratio"}
    sides |= {"right_method": "cnn", "right_input": "none"}
    columns = ["site", "difference", "low", "high"]
    return pd.DataFrame([dict(zip(columns, row, strict=True)) | place | sides for row in rows])


def test_sites_are_the_unit_however_many_seeds_they_have():
    # Site means 2, 3 and 7: mean 4, standard deviation sqrt(7), t(0.975, 2) = 4.302653.
    rows = [("a", 1, 1.0), ("a", 2, 3.0), ("b", 1, 3.0), *(("c", seed, 7.0) for seed in range(9))]
    assert site_means(scores(rows))["value"].tolist() == [2, 3, 7]
    row = pooled_scores(scores(rows)).iloc[0]
    half = 4.302653 * np.sqrt(7) / np.sqrt(3)
    assert (row["mean"], row["low"], row["high"]) == pytest.approx((4, 4 - half, 4 + half))
    assert (row["sites"], row["least"], row["most"], row["undefined"]) == (3, 2, 7, 0)


def test_one_site_has_no_interval():
    row = pooled_scores(scores([("a", 1, 1.0), ("a", 2, 3.0)])).iloc[0]
    assert (row["mean"], row["sites"]) == (2, 1)
    assert np.isnan([row["low"], row["high"]]).all()


def test_sites_without_a_value_are_counted_and_do_not_count():
    rows = [("a", 1, 1.0), ("b", 1, 3.0), ("c", 1, np.nan), ("d", 1, np.inf)]
    row = pooled_scores(scores(rows)).iloc[0]
    assert (row["mean"], row["sites"], row["undefined"]) == (2, 2, 2)


def test_groups_are_not_mixed():
    table = pd.concat([scores([("a", 1, 1.0)]), scores([("a", 1, 5.0)]).assign(band="blue")])
    assert pooled_scores(table).set_index("band")["mean"].to_dict() == {"red": 1, "blue": 5}


def test_the_sides_of_zero_are_told():
    row = pooled_differences(
        differences(
            [("a", -3, -4, -2), ("b", -1, -2, 1), ("c", 2, 1, 3), ("d", np.nan, np.nan, np.nan)]
        )
    ).iloc[0]
    assert row["mean"] == pytest.approx(-2 / 3)
    assert (row["sites"], row["undefined"], row["least"], row["most"]) == (3, 1, -3, 2)
    assert (row["below"], row["clearly_below"], row["above"], row["clearly_above"]) == (2, 1, 1, 1)


@settings(deadline=None)
@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=50))
def test_the_interval_is_that_of_a_t_test(values):
    row = pooled_scores(scores([(f"c{n}", 1, value) for n, value in enumerate(values)])).iloc[0]
    if np.std(values) < 1e-6:
        return
    theirs = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert (row["low"], row["high"]) == pytest.approx(tuple(theirs), rel=1e-6, abs=1e-6)
