"""Claims: what may be claimed, each verdict on made-up tables, and how they are shown."""

import copy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from compare_methods import COLUMNS as DIFFERENCE_COLUMNS
from figure_data import assert_printable, words
from judge_claims import main as judge_files
from sarfusion.core.errors import StudyError
from sarfusion.scoring.claims import COLUMNS, judge, load
from sarfusion.scoring.decision import (
    ALL_SITES,
    ALPHA,
    CANNOT_TELL,
    NO_DIFFERENCE,
    OVERALL,
    decide,
    holm,
    joined,
)
from sarfusion.scoring.differences import score
from sarfusion.scoring.image_pair import Given
from sarfusion.scoring.intervals import combined_freedom, level_p_values, p_above, t_interval
from sarfusion.show.figures.claims import forest
from sarfusion.show.tables import METRIC_COLUMNS
from uncertainty_data import make_uncertainties

CLAIMS = Path(__file__).parents[2] / "config" / "claims.yaml"
ONE = {
    "text": "The CAE has the lower RMSE.",
    "protocol": "reconstruction",
    "region": "test",
    "bands": ["red", "green"],
    "needs": "all",
    "smallest_effect": 0.02,
    "tests": [
        {"metric": "rmse", "left": "cae-ratio", "right": "cnn-ratio", "direction": "lower"},
    ],
}
LEVEL = {"metric": "coverage_95", "of": "unet-ratio", "within": [0.93, 0.97]}


class Study:
    """Made-up tables: the difference of each seed, on ground that adds no error of its own."""

    def __init__(self):
        self.differences, self.scores = [], []

    def add(self, left, right, seeds, band="red", metric="rmse", site="here", ground=0.0):
        """Add left - right: `seeds` are the differences of each, `ground` the error of ground."""
        protocol, region = ("cloud_gap", "gap") if "unet" in left else ("reconstruction", "test")
        place = ("s", site, protocol, region, band)
        sides = (*left.split("-"), *right.split("-"))
        mean, error = float(np.mean(seeds)), float(np.std(seeds, ddof=1) / np.sqrt(len(seeds)))
        low, high = np.nan, np.nan
        if np.isfinite(ground):
            whole = np.hypot(error, ground)
            low, high = t_interval(mean, whole, combined_freedom(error, ground, len(seeds), 1e9))
        found = (mean, low, high, error, ground, 1e9, 16.0, len(seeds), 5000)
        self.differences.append((*place, metric, *sides, *found))
        for seed, difference in enumerate(seeds):
            for run, value in ((left, 1 + difference), (right, 1.0)):
                self.scores.append((*place, *run.split("-"), seed, metric, value, 100))
        return self

    def judge(self, claims, models=None, dated=()):
        differences = pd.DataFrame(self.differences, columns=DIFFERENCE_COLUMNS)
        scores = pd.DataFrame(self.scores, columns=METRIC_COLUMNS)
        return judge(claims, differences, scores, models=models, dated=dated)


def whole(table, claim="C1"):
    """The overall verdict of a claim."""
    chosen = table[(table["claim"] == claim) & (table["band"] == OVERALL)]
    (verdict,) = chosen["verdict"]
    return verdict


def study_of(*bands, left="cae-ratio", right="cnn-ratio", **about):
    """A study of the differences of seeds for red, green, ..."""
    study = Study()
    for band, seeds in zip(("red", "green", "blue"), bands, strict=False):
        study.add(left, right, seeds, band=band, **about)
    return study


HOLDS = [-2.01, -2.0, -1.99]
FAILS = [1.99, 2.0, 2.01]
OPEN = [-0.5, 1.0, 2.5]
SAME = [-0.001, 0.0, 0.001]  # within 2 % of the right side's score of 1


def one(p, opposite, low, high, **about):
    """The result of a test, in the form of evidence."""
    return {"p": p, "p_opposite": opposite, "low": low, "high": high, "reason": "", **about}


class TestDecide:
    @pytest.mark.parametrize(
        ("test", "verdict", "reason"),
        [
            (one(0.01, 0.99, 1, 3), "reproduced", ""),
            (one(0.025, 0.975, 0, 3), "reproduced", ""),
            (one(0.99, 0.01, -3, -1), "contradicted", ""),
            (one(0.3, 0.7, -1, 3), "not shown", "cannot tell: the interval contains 0"),
            (one(0.3, 0.7, -1, 3, smallest=2), "not shown", "cannot tell: the interval contains 0"),
            (one(0.3, 0.7, -1, 3, smallest=4), "not shown", NO_DIFFERENCE),
            (one(0.01, 0.99, 1, 3, smallest=4), "reproduced", "smaller than the smallest effect"),
            (
                one(0.3, 0.7, 0.92, 0.95, least=0.93, most=0.97),
                "not shown",
                "cannot tell: the interval contains 0.93",
            ),
        ],
    )
    def test_the_rule_of_one_test(self, test, verdict, reason):
        (found,) = decide([test])
        assert found["verdict"] == verdict
        assert found["reason"].startswith(reason)
        assert bool(found["reason"]) == bool(reason)

    def test_several_tests_are_corrected_on_both_sides(self):
        """0.01, 0.02 and 0.9 become 0.03, 0.04 and 0.9: none is small enough."""
        sides = [(0.01, 0.99), (0.02, 0.98), (0.9, 0.1)]
        for turned in (False, True):
            tests = [one(*pair[:: -1 if turned else 1], 1, 3) for pair in sides]
            found = decide(tests)
            assert [row["p_opposite" if turned else "p"] for row in found] == pytest.approx(
                [0.03, 0.04, 0.9]
            )
            assert {row["verdict"] for row in found} == {"not shown"}
            assert found[0]["reason"] == "cannot tell: not after Holm's correction for 3 tests"
        assert decide(tests[:1])[0]["verdict"] == "contradicted"

    def test_what_is_not_tested_does_not_count(self):
        found = decide([one(0.02, 0.98, 1, 3), {"reason": "no models"}])
        assert [row["verdict"] for row in found] == ["reproduced", "not tested"]
        assert found[1]["reason"] == "no models"

    def test_holm_by_hand(self):
        """The example of R's p.adjust: 0.01, 0.02, 0.03, 0.005 times 3, 2, 1, 4, made monotonic."""
        assert holm([0.01, 0.02, 0.03, 0.005]) == pytest.approx([0.03, 0.04, 0.04, 0.02])
        assert holm([0.6, 0.7]).tolist() == [1, 1]
        assert holm([]).size == 0

    def test_no_more_false_verdicts_than_stated(self):
        """Of thirty tests without any effect, one or more is shown in 2.5 % of claims."""
        p = np.random.default_rng(1).random((4000, 30))
        shown = np.mean([holm(row).min() <= ALPHA for row in p])
        assert shown == pytest.approx(ALPHA, abs=0.008)

    def test_the_p_value_goes_with_the_interval(self):
        """Just where the interval begins at 0, p is 2.5 %."""
        low, high = t_interval(2.0, 0.7, 3.3)
        for shift in (-1e-9, 1e-9):
            assert (p_above(2.0 - low + shift, 0.7, 3.3) <= ALPHA) == (shift > 0)
        assert p_above(0.0, 0.7, 3.3) == pytest.approx(0.5)
        assert (p_above(1.0, 0, 9), p_above(0.0, 0, 9), p_above(-1.0, 0, 9)) == (0, 1, 1)
        assert low < 2 < high

    @pytest.mark.parametrize(
        ("interval", "within", "beyond"),
        [
            ((0.94, 0.96), True, False),
            ((0.931, 0.969), True, False),
            ((0.80, 0.92), False, True),
            ((0.98, 0.99), False, True),
            ((0.92, 0.95), False, False),
            ((0.95, 0.98), False, False),
            ((0.80, 0.99), False, False),
        ],
    )
    def test_a_level_is_shown_within_just_where_its_interval_is(self, interval, within, beyond):
        found = level_p_values(np.mean(interval), interval, (0.93, 0.97))
        assert [p <= ALPHA for p in found] == [within, beyond]

    def test_the_p_values_of_a_level_by_hand(self):
        """Three standard errors of a Gaussian above the least, and one below the most."""
        half = 1.959964
        found = level_p_values(0.96, (0.96 - half * 0.01, 0.96 + half * 0.01), (0.93, 0.97))
        assert found == pytest.approx((0.158655, 0.841345), abs=1e-4)
        assert level_p_values(1.0, (1.0, 1.0), (0.93, 0.97)) == (1, 0)

    @pytest.mark.parametrize(
        ("verdicts", "all_of_them", "any_of_them"),
        [
            (["reproduced", "reproduced"], "reproduced", "reproduced"),
            (["reproduced", "not shown"], "not shown", "reproduced"),
            (["reproduced", "contradicted"], "contradicted", "reproduced"),
            (["reproduced", "not tested"], "not tested", "reproduced"),
            (["not shown", "contradicted"], "contradicted", "not shown"),
            (["not tested", "contradicted"], "contradicted", "not tested"),
            (["contradicted", "contradicted"], "contradicted", "contradicted"),
            ([], "not tested", "not tested"),
        ],
    )
    def test_several_verdicts(self, verdicts, all_of_them, any_of_them):
        assert joined(verdicts, "all") == all_of_them
        assert joined(verdicts[::-1], "any") == any_of_them


class TestJudge:
    def test_a_row_by_hand(self):
        table = study_of(HOLDS, OPEN).judge({"C1": ONE})
        assert list(table.columns) == list(COLUMNS)
        red, green, overall = table.to_dict("records")
        assert (red["site"], red["band"], red["metric"]) == ("here", "red", "rmse")
        half = 4.302653 * 0.01 / np.sqrt(3)
        assert (red["difference"], red["low"], red["high"]) == pytest.approx(
            (-2, -2 - half, -2 + half)
        )
        assert (red["seeds"], red["agree"], red["verdict"]) == (3, 3, "reproduced")
        assert (red["smallest"], red["block_px"]) == pytest.approx((0.02, 16))
        assert red["p"] < 1e-4
        assert (green["agree"], green["reason"]) == (1, "cannot tell: the interval contains 0")
        assert (overall["verdict"], overall["reason"]) == ("not shown", CANNOT_TELL)

    def test_a_comparison_may_be_stored_the_other_way_round(self):
        table = study_of(FAILS, FAILS, left="cnn-ratio", right="cae-ratio").judge({"C1": ONE})
        red = table.iloc[0]
        assert red["difference"] == pytest.approx(-2)
        assert red["low"] < -2 < red["high"] < -1
        assert whole(table) == "reproduced"

    def test_a_difference_that_is_not_worth_having(self):
        table = study_of(SAME, SAME).judge({"C1": ONE})
        assert whole(table) == "not shown"
        assert set(table["reason"]) == {NO_DIFFERENCE}
        claim = {**ONE, "smallest_effect": 0.001}
        assert study_of(SAME, SAME).judge({"C1": claim})["reason"].iloc[-1] == CANNOT_TELL

    def test_three_seeds_may_agree_and_show_nothing(self):
        """1, 2 and 6: a paired t-test over three seeds has p = 0.09, however sure the ground is."""
        table = study_of([-1.0, -2.0, -6.0], HOLDS).judge({"C1": ONE})
        assert (table["agree"].iloc[0], table["verdict"].iloc[0]) == (3, "not shown")

    def test_ground_may_be_what_is_lacking(self):
        table = study_of(HOLDS, HOLDS, ground=1.5).judge({"C1": ONE})
        assert whole(table) == "not shown"

    @pytest.mark.parametrize(
        ("bands", "needs_all", "needs_any"),
        [
            ((HOLDS, HOLDS), "reproduced", "reproduced"),
            ((HOLDS, FAILS), "contradicted", "reproduced"),
            ((HOLDS, OPEN), "not shown", "reproduced"),
            ((FAILS, FAILS), "contradicted", "contradicted"),
            ((FAILS, OPEN), "contradicted", "not shown"),
            ((HOLDS,), "not tested", "reproduced"),
        ],
    )
    def test_bands_are_joined_as_the_claim_says(self, bands, needs_all, needs_any):
        study = study_of(*bands)
        assert whole(study.judge({"C1": ONE})) == needs_all
        assert whole(study.judge({"C1": {**ONE, "needs": "any"}})) == needs_any

    def test_higher_is_the_other_side(self):
        claim = copy.deepcopy(ONE)
        claim["tests"][0]["direction"] = "higher"
        assert whole(study_of(HOLDS, HOLDS).judge({"C1": claim})) == "contradicted"
        table = study_of(FAILS, FAILS).judge({"C1": claim})
        assert whole(table) == "reproduced"
        assert table["agree"].tolist()[:2] == [3, 3]

    def test_all_tests_of_a_claim_must_hold(self):
        claim = copy.deepcopy(ONE)
        claim["needs"] = "any"
        claim["tests"].append({**claim["tests"][0], "metric": "sf_ratio"})
        study = study_of(HOLDS, HOLDS)
        assert whole(study.judge({"C1": claim})) == "not tested"
        study.add("cae-ratio", "cnn-ratio", FAILS, metric="sf_ratio")
        study.add("cae-ratio", "cnn-ratio", FAILS, metric="sf_ratio", band="green")
        assert whole(study.judge({"C1": claim})) == "contradicted"

    def test_both_of_two_sites_must_hold(self):
        study = study_of(HOLDS, HOLDS)
        for band in ("red", "green"):
            study.add("cae-ratio", "cnn-ratio", OPEN, band=band, site="there")
        table = study.judge({"C1": ONE})
        assert table["site"].tolist() == ["here", "here", "there", "there", OVERALL]
        assert whole(table) == "not shown"

    def several_sites(self, *means, seeds=3):
        study = Study()
        for number, mean in enumerate(means):
            for band in ("red", "green"):
                found = mean + 0.1 * (np.arange(seeds) - (seeds - 1) / 2)
                study.add("cae-ratio", "cnn-ratio", found, band=band, site=f"site{number}")
        return study.judge({"C1": ONE})

    def test_three_sites_are_judged_together(self):
        """-1, -2 and -3: mean -2, standard error 1 / sqrt(3), t with 2 degrees of freedom."""
        table = self.several_sites(-1, -2, -3)
        row = table[table["site"] == ALL_SITES].iloc[0]
        half = 4.302653 / np.sqrt(3)
        assert (row["difference"], row["low"], row["high"]) == pytest.approx(
            (-2, -2 - half, -2 + half)
        )
        assert (row["sites"], row["agree"], row["seeds"]) == (3, 3, 3)
        # One-sided p of t = 3.4641 is 0.0371, of two bands twice that.
        assert row["p"] == pytest.approx(2 * 0.0371, abs=2e-4)
        assert whole(table) == "not shown"
        single = table[table["site"].str.startswith("site")]
        assert len(single) == 6
        assert set(single["verdict"]) == {"reproduced"}

    def test_one_site_that_disagrees_does_not_decide(self):
        table = self.several_sites(-2, -2.2, -2.1, -1.9, -2.0, 0.2)
        assert whole(table) == "reproduced"
        single = table[table["site"] == "site5"]
        assert set(single["verdict"]) <= {"contradicted", "not shown"}
        assert table[table["site"] == ALL_SITES]["agree"].tolist() == [5, 5]

    def test_sites_need_seeds_too(self):
        table = self.several_sites(-2, -2.2, -2.1, seeds=2)
        assert whole(table) == "not tested"
        assert table["reason"].iloc[-2] == "too few seeds: 2; at least 3 are needed"

    def test_a_site_without_the_comparison_does_not_count(self):
        study = Study()
        for site in ("a", "b", "c"):
            study.add("cae-ratio", "cnn-ratio", HOLDS, site=site)
        for site in ("a", "b"):
            study.add("cae-ratio", "cnn-ratio", HOLDS, band="green", site=site)
        table = study.judge({"C1": ONE})
        green = table[(table["site"] == ALL_SITES) & (table["band"] == "green")].iloc[0]
        assert green["reason"] == "tested at 2 sites; at least 3 are needed"
        assert whole(table) == "not tested"

    def test_what_a_study_lacks_is_said(self):
        study = study_of([-2.0, -2.1]).add(
            "cae-ratio", "cnn-ratio", HOLDS, band="green", ground=np.nan
        )
        assert study.judge({"C1": ONE})["reason"].tolist()[:2] == [
            "too few seeds: 2; at least 3 are needed",
            "too little ground for an interval",
        ]
        missing = study_of(HOLDS).judge({"C1": ONE}).iloc[1]
        assert missing["verdict"] == "not tested"
        assert missing["reason"] == "the study makes no such comparison"
        assert np.isnan(missing["difference"])

    def test_each_is_every_model_that_the_study_compares_with_itself(self):
        claim = load(CLAIMS)["S1"]
        study = Study()
        for band in claim["bands"]:
            for model in ("unet", "unet_small"):
                for other in ("none", "shuffled"):
                    study.add(f"{model}-ratio", f"{model}-{other}", HOLDS, band=band)
            study.add("deep_unet-ratio", "wide_unet-ratio", FAILS, band=band)
        table = study.judge({"S1": claim})
        assert len(table) == 2 * 2 * 3 + 1
        assert set(table["left"].dropna()) == {"unet-ratio", "unet_small-ratio"}
        assert whole(table, "S1") == "reproduced"
        # One model that lacks a comparison leaves the claim open.
        study.add("unet_big-ratio", "unet_big-none", HOLDS)
        assert whole(study.judge({"S1": claim}), "S1") == "not tested"

    def test_the_best_model_is_chosen_on_validation_ground(self):
        claim = load(CLAIMS)["S2"]
        study = Study()
        for band in claim["bands"]:
            for other in ("mean-none", "regression-vvvh"):
                study.add("unet-vvvh", other, HOLDS, band=band)
                study.add("unet-ratio", other, FAILS, band=band)
            study.add("unet-vvvh", "unet-none", HOLDS, band=band)  # no method without training
            study.add("unet-vvvh", "nspi-none", FAILS, band=band)  # sees other dates
        models = pd.DataFrame(
            [
                ("cloud_gap", "unet", "ratio", 0.030),
                ("cloud_gap", "unet", "vvvh", 0.029),
                ("cloud_gap", "unet", "shuffled", 0.001),  # which nobody would choose
                ("reconstruction", "cnn", "ratio", 0.0001),
            ],
            columns=["protocol", "model", "input", "validation_rmse"],
        )
        table = study.judge({"S2": claim}, models)
        tested = table[table["band"] != OVERALL]
        assert set(zip(tested["left"], tested["right"], strict=True)) == {
            ("unet-vvvh", "mean-none"),
            ("unet-vvvh", "regression-vvvh"),
        }
        assert len(tested) == 6
        assert whole(table, "S2") == "reproduced"
        models.loc[0, "validation_rmse"] = 0.02
        assert whole(study.judge({"S2": claim}, models), "S2") == "contradicted"
        # A model that also gets another date is compared with methods that fill from other dates.
        models.loc[2] = ("cloud_gap", "unet", "vvvh", 0.001)
        dated = study.judge({"S2": claim}, models, dated=["vvvh"])
        assert "nspi-none" in set(dated["right"].dropna())
        assert whole(dated, "S2") == "contradicted"
        untold = study.judge({"S2": claim})
        assert whole(untold, "S2") == "not tested"
        assert set(untold["left"].dropna()) == {"best"}


class TestOtherDates:
    """S3 to S5: what radar is worth when another date is available."""

    def judged(self, name, **metrics):
        study = Study()
        for metric, seeds in metrics.items():
            for band in ("red", "green", "blue"):
                study.add("unet-date_vvvh", "unet-date", seeds, band=band, metric=metric)
                study.add("unet-vvvh", "unet-ratio", seeds, band=band, metric=metric)
        return whole(study.judge({name: load(CLAIMS)[name]}), name)

    @pytest.mark.parametrize("name", ["S3", "S4"])
    def test_radar_must_lower_the_error_in_all_bands(self, name):
        assert self.judged(name, rmse=HOLDS) == "reproduced"
        assert self.judged(name, rmse=FAILS) == "contradicted"
        assert self.judged(name, rmse=OPEN) == "not shown"

    def test_its_worth_must_grow_with_both_age_and_distance(self):
        assert self.judged("S5", rmse_by_age=HOLDS, rmse_by_distance=HOLDS) == "reproduced"
        assert self.judged("S5", rmse_by_age=HOLDS, rmse_by_distance=OPEN) == "not shown"
        assert self.judged("S5", rmse_by_age=HOLDS) == "not tested"
        assert self.judged("S5", rmse_by_age=FAILS, rmse_by_distance=HOLDS) == "contradicted"

    def test_the_worth_that_grows_is_a_difference_of_differences(self):
        """By hand: far 5 - 3, near 2 - 1.5 in RMSE: SAR lowers it by 2 far and by .5 near."""
        far, near = np.array([True, False]), np.array([False, True])
        scores = {}
        for name, errors in (("with", [3.0, 1.5]), ("without", [5.0, 2.0])):
            squares = np.square(errors)
            terms = np.array([[1, 1], far, far * squares, near, near * squares], float)
            scores[name] = score("rmse_by_distance", terms, Given()).value
        assert scores == {"with": 1.5, "without": 3.0}
        assert scores["with"] - scores["without"] == (3.0 - 5.0) - (1.5 - 2.0)


class TestLevels:
    """U1: the calibrated interval contains 93 to 97 %."""

    def judge(self, *tables):
        claims = {"U1": load(CLAIMS)["U1"]}
        empty = study_of(HOLDS)
        differences = pd.DataFrame(empty.differences, columns=DIFFERENCE_COLUMNS)
        scores = pd.DataFrame(empty.scores, columns=METRIC_COLUMNS)
        return judge(claims, differences, scores, pd.concat(tables) if tables else None)

    @pytest.mark.parametrize(
        ("interval", "verdict"),
        [
            ((0.94, 0.96), "reproduced"),
            ((0.91, 0.96), "not shown"),
            ((0.85, 0.91), "contradicted"),
        ],
    )
    def test_each_model_that_learned_its_uncertainty_is_judged(self, interval, verdict):
        table = self.judge(make_uncertainties(interval=interval))
        *rows, overall = table.to_dict("records")
        # Not the CNN, which learned none, and not the U-Net without the ratio.
        assert [row["left"] for row in rows] == ["unet-ratio"] * 3
        assert [row["band"] for row in rows] == ["red", "green", "blue"]
        assert {row["verdict"] for row in rows} == {verdict} == {overall["verdict"]}
        first = rows[0]
        assert (first["least"], first["most"], first["direction"]) == (0.93, 0.97, "within")
        assert (first["level"], first["low"], first["high"]) == (np.mean(interval), *interval)
        assert first["seeds"] == 3
        assert np.isnan(first["difference"])

    def test_one_band_outside_decides_against_it(self):
        outside = make_uncertainties(bands=["blue"], interval=(0.5, 0.6))
        table = self.judge(make_uncertainties(bands=["red", "green"]), outside)
        assert whole(table, "U1") == "contradicted"

    def test_a_study_without_uncertainties_is_not_judged(self):
        for tables in ((), [make_uncertainties(inputs=["none"])]):
            table = self.judge(*tables)
            assert whole(table, "U1") == "not tested"
            assert set(table["reason"][:-1]) == {"the study has no such uncertainty"}

    def test_one_seed_is_not_judged(self):
        assert whole(self.judge(make_uncertainties(seeds=1)), "U1") == "not tested"


CLAIM = {key: value for key, value in ONE.items() if key != "smallest_effect"}


def a_file(claim):
    return yaml.safe_dump({"smallest_effect": 0.02, "claims": {"C1": claim}}, sort_keys=False)


class TestFile:
    def test_the_claims_of_the_paper_and_ours(self):
        claims = load(CLAIMS)
        assert list(claims) == ["C1", "C2", "C3", "C4", "S1", "S2", "S3", "S4", "S5", "U1"]
        assert {name: claim["needs"] for name, claim in claims.items() if name[0] == "C"} == {
            "C1": "all",
            "C2": "all",
            "C3": "any",
            "C4": "all",
        }
        for claim in claims.values():
            assert claim["bands"] == ["red", "green", "blue"]
        sides = {
            (test["metric"], test["left"], test["right"], test["direction"])
            for name in ("C1", "C2", "C3", "C4")
            for test in claims[name]["tests"]
        }
        assert sides == {
            ("rmse", "cae-ratio", "cnn-ratio", "lower"),
            ("ssim", "cae-ratio", "cnn-ratio", "higher"),
            ("uiqi", "cnn-ratio", "cae-ratio", "higher"),
            ("gradient_cc", "cnn-ratio", "cae-ratio", "higher"),
            ("sf_ratio", "cae-ratio", "cnn-ratio", "lower"),
        }

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"needs": "most"}, "claims.C1.needs: 'most' is not one of"),
            ({"verdict": "yes"}, "claims.C1: .*'verdict' was unexpected"),
            ({"bands": []}, "claims.C1.bands: "),
            ({"protocol": "guessing"}, "claims.C1.protocol: 'guessing' is not one of"),
            ({"tests": [{**ONE["tests"][0], "left": "cae"}]}, "tests.0.left: 'cae' does not match"),
            (
                {"tests": [{**ONE["tests"][0], "metric": "psnr"}]},
                "claims.C1.tests.0.metric: methods are not compared in 'psnr'; they are in rmse, ",
            ),
            ({"tests": [{**ONE["tests"][0], "p": 1}]}, "tests.0: .*'p' was unexpected"),
            ({"tests": [{**LEVEL, "metric": "rmse"}]}, "tests.0.metric: 'rmse' is not one of"),
            ({"tests": [{**LEVEL, "within": [0.93]}]}, "tests.0.within: "),
            ({"tests": [{**LEVEL, "left": "cnn-ratio"}]}, "tests.0: .*'left' was unexpected"),
        ],
    )
    def test_a_mistake_gets_one_line_that_names_the_place(self, tmp_path, change, message):
        path = tmp_path / "claims.yaml"
        path.write_text(a_file({**CLAIM, **change}))
        with pytest.raises(StudyError, match=message) as error:
            load(path)
        assert str(error.value).startswith(str(path))
        assert "\n" not in str(error.value)

    def test_a_mistake_is_told_with_its_line(self, tmp_path):
        path = tmp_path / "claims.yaml"
        path.write_text(a_file({**CLAIM, "needs": "most"}))
        with pytest.raises(StudyError, match="claims.yaml, line 10: claims.C1.needs: 'most' is"):
            load(path)
        path.write_text(CLAIMS.read_text() + "  C1: {}\n")
        with pytest.raises(StudyError, match=r"line \d+: C1 is on line \d+ already; remove or"):
            load(path)

    @pytest.mark.parametrize("text", ["", "claims: [", "claims: {}", "claims: {first: 1}"])
    def test_what_holds_no_claims_is_refused(self, tmp_path, text):
        path = tmp_path / "claims.yaml"
        path.write_text(text)
        with pytest.raises(StudyError, match="claims.yaml[:,] ") as error:
            load(path)
        assert "\n" not in str(error.value)


SHOWN_LEVELS = {"red": (0.94, 0.96), "green": (0.92, 0.95), "blue": (0.85, 0.9)}


class TestShown:
    @pytest.fixture
    def tables(self, tmp_path):
        """The tables of a study with every verdict, judged by the shipped claims."""
        study = study_of(FAILS, FAILS, FAILS)
        for metric in ("ssim", "uiqi"):
            for band in ("red", "green", "blue"):
                study.add("cae-ratio", "cnn-ratio", OPEN, band=band, metric=metric)
        for metric, found in (("gradient_cc", HOLDS), ("sf_ratio", HOLDS)):
            for band in ("red", "green", "blue"):
                study.add("cae-ratio", "cnn-ratio", found, band=band, metric=metric)
        paths = {
            name: tmp_path / name for name in ("a.csv", "b.csv", "metrics.csv", "uncertainty.csv")
        }
        differences = pd.DataFrame(study.differences, columns=DIFFERENCE_COLUMNS)
        levels = [
            make_uncertainties(bands=[band], interval=interval)
            for band, interval in SHOWN_LEVELS.items()
        ]
        pd.concat(levels).to_csv(paths["uncertainty.csv"], index=False)
        differences[:4].to_csv(paths["a.csv"], index=False)
        differences[4:].to_csv(paths["b.csv"], index=False)
        pd.DataFrame(study.scores, columns=METRIC_COLUMNS).to_csv(paths["metrics.csv"], index=False)
        columns = ["protocol", "model", "input", "validation_rmse"]
        pd.DataFrame([("cloud_gap", "unet", "ratio", 0.03)], columns=columns).to_csv(
            tmp_path / "models.csv", index=False
        )
        judge_files(
            claims=CLAIMS,
            models=tmp_path / "models.csv",
            differences=[paths["a.csv"], paths["b.csv"]],
            uncertainties=[paths["uncertainty.csv"]],
            metrics=paths["metrics.csv"],
            csv=tmp_path / "claims.csv",
            md=tmp_path / "claims.md",
            readings_csv=tmp_path / "readings.csv",
            readings_md=tmp_path / "readings.md",
        )
        return pd.read_csv(tmp_path / "claims.csv"), (tmp_path / "claims.md").read_text()

    def test_the_page_says_it_plainly(self, tables):
        _, page = tables
        for heading in (
            "## C1: contradicted",
            "## C2: not shown",
            "## C3: not shown",
            "## C4: reproduced",
            "## S1: not tested",
            "## S2: not tested",
            "## U1: contradicted",
        ):
            assert heading in page
        for text in ("+2.00000", "+1.97516 to +2.02484", "0 of 3 seeds", "the interval contains 0"):
            assert text in page
        for text in ("0.93 to 0.97", "0.940 to 0.960", "0.950", "the interval contains 0.93"):
            assert text in page
        assert "Every model, with ratio" in page
        assert "not tested (the study makes no such comparison)" in page
        assert "nan" not in page

    def test_the_figure_shows_every_verdict_where_it_belongs(self, tables):
        table, _ = tables
        figure = forest(table)
        assert_printable(figure)
        assert len(figure.axes) == 12
        for name, claim in load(CLAIMS).items():
            assert f"{name}: {claim['text'][:20]}" in words(figure)
        assert "contradicted, 0 of 3" in words(figure)
        first = figure.axes[0]
        spans = [tuple(line.get_xdata()) for line in first.lines if len(line.get_xdata()) == 2]
        assert np.array(spans) == pytest.approx(np.array([(1.97516, 2.02484)] * 3), abs=1e-5)
        assert first.get_xlabel() == "RMSE (reflectance), claimed below 0"
        # The claimed side is below 0, and visible although nothing lies there.
        (side,) = first.patches
        assert sorted(side.get_xy()[0] + np.array([0, side.get_width()])) == [
            first.get_xlim()[0],
            0,
        ]

    def test_a_level_stands_beside_its_range(self, tables):
        table, _ = tables
        panel = forest(table).axes[-1]
        assert panel.get_xlabel() == "Coverage of the 95 % interval, claimed 0.93 to 0.97"
        spans = [tuple(line.get_xdata()) for line in panel.lines if len(line.get_xdata()) == 2]
        assert spans == list(SHOWN_LEVELS.values())
        (side,) = panel.patches
        assert (side.get_x(), side.get_width()) == pytest.approx((0.93, 0.04))
        assert not panel.collections  # no line at zero
        shown = [text.get_text() for text in panel.texts]
        assert shown[0] == "U-Net, with ratio"
        assert {"reproduced", "not shown", "contradicted"} <= set(shown)

    def test_a_level_that_was_not_tested_shows_its_range(self, tables):
        table, _ = tables
        level = table["direction"] == "within"
        table.loc[level, ["level", "low", "high", "seeds"]] = np.nan
        figure = forest(table)
        assert_printable(figure)
        assert [text.get_text() for text in figure.axes[-1].get_xticklabels()] == ["0.93", "0.97"]

    def test_sites_are_told_apart(self, tables):
        table, _ = tables
        other = table[table["band"] != OVERALL].assign(site="there")
        figure = forest(pd.concat([table, other]))
        assert "there: CAE, with ratio − CNN, with ratio" in words(figure)
        assert_printable(figure)


REFERENCES = Path(__file__).parents[2] / "results" / "reference"


@pytest.mark.parametrize("bands", [["red"], ["red", "green", "blue"]])
@pytest.mark.parametrize("study", ["demo", "porto_velho"])
def test_verdicts_of_real_runs_can_be_printed(study, bands):
    table = pd.read_csv(REFERENCES / study / "tables" / "claims.csv")
    assert_printable(forest(table[table["metric"].isna() | table["band"].isin(bands)]))
