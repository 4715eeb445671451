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
from sarfusion.scoring.claims import COLUMNS, OVERALL, decide, joined, judge, load
from sarfusion.show.figures.claims import forest
from sarfusion.show.tables import METRIC_COLUMNS

CLAIMS = Path(__file__).parents[2] / "config" / "claims.yaml"
ONE = {
    "text": "The CAE has the lower RMSE.",
    "protocol": "reconstruction",
    "region": "test",
    "bands": ["red", "green"],
    "needs": "all",
    "tests": [
        {"metric": "rmse", "left": "cae-ratio", "right": "cnn-ratio", "direction": "lower"},
    ],
}


class Study:
    """Made-up tables: a difference with its interval, and the seeds behind it."""

    def __init__(self):
        self.differences, self.scores = [], []

    def add(self, left, right, low, high, seeds, band="red", metric="rmse", site="here"):
        """Add left - right with an interval; `seeds` are the differences of each."""
        protocol, region = ("cloud_gap", "gap") if "unet" in left else ("reconstruction", "test")
        place = ("s", site, protocol, region, band)
        sides = (*left.split("-"), *right.split("-"))
        found = (float(np.mean(seeds)), low, high, len(seeds), 100)
        self.differences.append((*place, metric, *sides, *found))
        for seed, difference in enumerate(seeds):
            for run, value in ((left, 1 + difference), (right, 1.0)):
                self.scores.append((*place, *run.split("-"), seed, metric, value, 100))
        return self

    def judge(self, claims):
        differences = pd.DataFrame(self.differences, columns=DIFFERENCE_COLUMNS)
        return judge(claims, differences, pd.DataFrame(self.scores, columns=METRIC_COLUMNS))


def whole(table, claim="C1"):
    """The verdict of a claim over all."""
    chosen = table[(table["claim"] == claim) & (table["band"] == OVERALL)]
    (verdict,) = chosen["verdict"]
    return verdict


def study_of(*bands, left="cae-ratio", right="cnn-ratio"):
    """A study of (low, high, seeds) for red, green, ..."""
    study = Study()
    for band, found in zip(("red", "green", "blue"), bands, strict=False):
        study.add(left, right, *found, band=band)
    return study


HOLDS = (-3.0, -1.0, [-2.5, -1.5])
FAILS = (1.0, 3.0, [1.5, 2.5])
OPEN = (-1.0, 3.0, [0.5, 1.5])


class TestDecide:
    @pytest.mark.parametrize(
        ("interval", "seeds", "verdict"),
        [
            ((1, 3), [1.0, 3.0], "reproduced"),
            ((-3, -1), [-1.0, -3.0], "not reproduced"),
            ((-1, 3), [1.0, 1.0], "seed-dependent"),
            ((0, 3), [1.0, 2.0], "seed-dependent"),
            ((0, 0), [0.0, 0.0], "seed-dependent"),
            ((1, 3), [-0.1, 4.0], "seed-dependent"),
            ((1, 3), [0.0, 4.0], "seed-dependent"),
            ((-3, -1), [0.1, -4.0], "seed-dependent"),
            ((1, 3), [2.0], "not tested"),
            ((np.nan, np.nan), [1.0, 2.0], "not tested"),
            ((1, 3), [1.0, np.nan], "not tested"),
        ],
    )
    def test_the_rule(self, interval, seeds, verdict):
        found, reason = decide(interval, seeds)
        assert found == verdict
        assert bool(reason) == (verdict in {"seed-dependent", "not tested"})

    @pytest.mark.parametrize(
        ("verdicts", "all_of_them", "any_of_them"),
        [
            (["reproduced", "reproduced"], "reproduced", "reproduced"),
            (["reproduced", "seed-dependent"], "seed-dependent", "reproduced"),
            (["reproduced", "not reproduced"], "not reproduced", "reproduced"),
            (["reproduced", "not tested"], "not tested", "reproduced"),
            (["seed-dependent", "not reproduced"], "not reproduced", "seed-dependent"),
            (["not tested", "not reproduced"], "not reproduced", "not tested"),
            (["not reproduced", "not reproduced"], "not reproduced", "not reproduced"),
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
        assert (red["difference"], red["low"], red["high"]) == (-2, -3, -1)
        assert (red["seeds"], red["seeds_agree"], red["verdict"]) == (2, 2, "reproduced")
        assert (green["seeds_agree"], green["reason"]) == (0, "the interval holds 0")
        assert overall["verdict"] == "seed-dependent"

    def test_a_comparison_may_be_stored_the_other_way_round(self):
        table = study_of(FAILS, FAILS, left="cnn-ratio", right="cae-ratio").judge({"C1": ONE})
        red = table.iloc[0]
        assert (red["difference"], red["low"], red["high"]) == (-2, -3, -1)
        assert whole(table) == "reproduced"

    @pytest.mark.parametrize(
        ("bands", "needs_all", "needs_any"),
        [
            ((HOLDS, HOLDS), "reproduced", "reproduced"),
            ((HOLDS, FAILS), "not reproduced", "reproduced"),
            ((HOLDS, OPEN), "seed-dependent", "reproduced"),
            ((FAILS, FAILS), "not reproduced", "not reproduced"),
            ((FAILS, OPEN), "not reproduced", "seed-dependent"),
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
        assert whole(study_of(HOLDS, HOLDS).judge({"C1": claim})) == "not reproduced"
        table = study_of(FAILS, FAILS).judge({"C1": claim})
        assert whole(table) == "reproduced"
        assert table["seeds_agree"].tolist()[:2] == [2, 2]

    def test_all_tests_of_a_claim_must_hold(self):
        claim = copy.deepcopy(ONE)
        claim["needs"] = "any"
        claim["tests"].append({**claim["tests"][0], "metric": "sf_ratio"})
        study = study_of(HOLDS, HOLDS)
        assert whole(study.judge({"C1": claim})) == "not tested"
        study.add("cae-ratio", "cnn-ratio", *FAILS, metric="sf_ratio")
        study.add("cae-ratio", "cnn-ratio", *FAILS, metric="sf_ratio", band="green")
        assert whole(study.judge({"C1": claim})) == "not reproduced"

    def test_all_sites_must_hold(self):
        study = study_of(HOLDS, HOLDS)
        for band in ("red", "green"):
            study.add("cae-ratio", "cnn-ratio", *OPEN, band=band, site="there")
        table = study.judge({"C1": ONE})
        assert table["site"].tolist() == ["here", "here", "there", "there", OVERALL]
        assert whole(table) == "seed-dependent"

    def test_what_a_study_lacks_is_said(self):
        table = study_of((-3.0, -1.0, [-2.0]), (np.nan, np.nan, [-1.0, -2.0])).judge({"C1": ONE})
        assert table["reason"].tolist()[:2] == [
            "seeds: 1, where 2 are the least",
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
                    study.add(f"{model}-ratio", f"{model}-{other}", *HOLDS, band=band)
            study.add("deep_unet-ratio", "wide_unet-ratio", *FAILS, band=band)
        table = study.judge({"S1": claim})
        assert len(table) == 2 * 2 * 3 + 1
        assert set(table["left"].dropna()) == {"unet-ratio", "unet_small-ratio"}
        assert whole(table, "S1") == "reproduced"
        # One model that lacks a comparison leaves the claim open.
        study.add("unet_big-ratio", "unet_big-none", *HOLDS)
        assert whole(study.judge({"S1": claim}), "S1") == "not tested"


class TestFile:
    def test_the_claims_of_the_paper_and_ours(self):
        claims = load(CLAIMS)
        assert list(claims) == ["C1", "C2", "C3", "C4", "S1"]
        assert {name: claim["needs"] for name, claim in claims.items() if name != "S1"} == {
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
        ],
    )
    def test_a_mistake_gets_one_line_that_names_the_place(self, tmp_path, change, message):
        path = tmp_path / "claims.yaml"
        path.write_text(yaml.safe_dump({"claims": {"C1": {**ONE, **change}}}))
        with pytest.raises(StudyError, match=message) as error:
            load(path)
        assert str(error.value).startswith(str(path))
        assert "\n" not in str(error.value)

    def test_a_mistake_is_told_with_its_line(self, tmp_path):
        path = tmp_path / "claims.yaml"
        path.write_text(yaml.safe_dump({"claims": {"C1": {**ONE, "needs": "most"}}}))
        with pytest.raises(StudyError, match="claims.yaml, line 6: claims.C1.needs: 'most' is"):
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


class TestShown:
    @pytest.fixture
    def tables(self, tmp_path):
        """The tables of a study with every verdict, judged by the shipped claims."""
        study = study_of(FAILS, FAILS, FAILS)
        for metric in ("ssim", "uiqi"):
            for band in ("red", "green", "blue"):
                study.add("cae-ratio", "cnn-ratio", *OPEN, band=band, metric=metric)
        for metric, found in (("gradient_cc", HOLDS), ("sf_ratio", HOLDS)):
            for band in ("red", "green", "blue"):
                study.add("cae-ratio", "cnn-ratio", *found, band=band, metric=metric)
        paths = {name: tmp_path / name for name in ("a.csv", "b.csv", "metrics.csv")}
        differences = pd.DataFrame(study.differences, columns=DIFFERENCE_COLUMNS)
        differences[:4].to_csv(paths["a.csv"], index=False)
        differences[4:].to_csv(paths["b.csv"], index=False)
        pd.DataFrame(study.scores, columns=METRIC_COLUMNS).to_csv(paths["metrics.csv"], index=False)
        judge_files(
            claims=CLAIMS,
            differences=[paths["a.csv"], paths["b.csv"]],
            metrics=paths["metrics.csv"],
            csv=tmp_path / "claims.csv",
            md=tmp_path / "claims.md",
        )
        return pd.read_csv(tmp_path / "claims.csv"), (tmp_path / "claims.md").read_text()

    def test_the_page_says_it_plainly(self, tables):
        _, page = tables
        for heading in (
            "## C1: not reproduced",
            "## C2: seed-dependent",
            "## C3: seed-dependent",
            "## C4: reproduced",
            "## S1: not tested",
        ):
            assert heading in page
        for text in ("+2.00000", "+1.00000 to +3.00000", "0 of 2", "the interval holds 0"):
            assert text in page
        assert "Every model, with ratio" in page
        assert "not tested (the study makes no such comparison)" in page
        assert "nan" not in page

    def test_the_figure_shows_every_verdict_where_it_belongs(self, tables):
        table, _ = tables
        figure = forest(table)
        assert_printable(figure)
        assert len(figure.axes) == 6
        for name, claim in load(CLAIMS).items():
            assert f"{name}: {claim['text'][:20]}" in words(figure)
        assert "not reproduced, 0 of 2" in words(figure)
        first = figure.axes[0]
        spans = [tuple(line.get_xdata()) for line in first.lines if len(line.get_xdata()) == 2]
        assert spans == [(1, 3)] * 3
        assert first.get_xlabel() == "difference in RMSE (reflectance), claimed below 0"
        # The claimed side is below 0, and in sight though nothing lies there.
        (side,) = first.patches
        assert sorted(side.get_xy()[0] + np.array([0, side.get_width()])) == [
            first.get_xlim()[0],
            0,
        ]

    def test_sites_are_told_apart(self, tables):
        table, _ = tables
        other = table[table["band"] != OVERALL].assign(site="there")
        figure = forest(pd.concat([table, other]))
        assert "there: CAE, with ratio − CNN, with ratio" in words(figure)
        assert_printable(figure)
