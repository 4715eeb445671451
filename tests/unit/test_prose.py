"""The sentences of the paper: correct for each combination of verdicts, claiming no more."""

import itertools
import random
import re

import pandas as pd
import pytest
from paper_data import CLAIMS, make_differences, make_scene, make_stack, make_verdicts
from sarfusion.scoring.decision import (
    CONTRADICTED,
    NO_DIFFERENCE,
    NOT_SHOWN,
    NOT_TESTED,
    OVERALL,
    REPRODUCED,
)
from sarfusion.scoring.metrics import COMPARED_METRICS
from sarfusion.show.paper.findings import lowest_errors, ratio_effects
from sarfusion.show.paper.levels import level_sentences, uncertainty_sentence
from sarfusion.show.paper.limits import limits
from sarfusion.show.paper.sites import place_words, shift_text
from sarfusion.show.paper.verdicts import (
    QUANTITIES,
    copying_note,
    evidence_sentences,
    gap_meaning,
    verdict_sentences,
)
from sarfusion.show.paper.wording import question
from sarfusion.study.protocols import HEADLINE
from uncertainty_data import make_uncertainties

VERBS = {
    REPRODUCED: "reproduces that",
    CONTRADICTED: "contradicts that",
    NOT_SHOWN: "does not show that",
    NOT_TESTED: "does not test whether",
}


def told(wanted):
    return {name: (claim["text"], wanted[name]) for name, claim in CLAIMS.items()}


def is_sentence(text):
    return bool(re.fullmatch(r"[A-Z](?!.*  ).*[^ .]\.", text)) and " ," not in text


class TestVerdicts:
    @pytest.mark.parametrize("group", ["C", "SU"])
    def test_all_combinations_say_of_each_claim_its_verdict_once(self, group):
        """Four verdicts for each claim of the paper, or of the study; the others are drawn."""
        varied, draws = [name for name in CLAIMS if name[0] in group], random.Random(1)
        for verdicts in itertools.product(VERBS, repeat=len(varied)):
            wanted = {name: draws.choice([*VERBS]) for name in CLAIMS}
            wanted |= zip(varied, verdicts, strict=True)
            sentences = verdict_sentences(told(wanted))
            said = []
            for sentence in sentences:
                assert is_sentence(sentence)
                (verdict,) = [
                    verdict
                    for verdict, verb in VERBS.items()
                    if re.match(rf"(Of .+, the run|It) {verb} ", sentence)
                ]
                names = re.findall(r"\(([A-Z]\d)\)", sentence)
                assert all(wanted[name] == verdict for name in names)
                # Each claim of a sentence has its own "that" or "whether".
                assert len(re.findall(rf"{VERBS[verdict].split()[-1]} (the|VV) ", sentence)) == len(
                    names
                )
                said += names
            assert sorted(said) == sorted(CLAIMS)
            assert sentences[0].startswith("Of the paper's claims, the run ")
            assert sum(text.startswith("Of the study's own claims") for text in sentences) == 1

    def test_an_example_word_for_word(self):
        wanted = dict.fromkeys(CLAIMS, REPRODUCED) | {"C1": CONTRADICTED, "S1": NOT_SHOWN}
        assert verdict_sentences(told(wanted)) == [
            "Of the paper's claims, the run reproduces that the CAE has the higher SSIM on all"
            " three bands (C2), that the CNN has the higher UIQI on some bands (C3) and that"
            " the CNN keeps edges and fine structures better and the CAE is smoother (C4).",
            "It contradicts that the CAE has the lower RMSE on all three bands (C1).",
            "Of the study's own claims, the run reproduces that the network that is best on"
            " validation ground has a lower RMSE inside cloud gaps than every method without"
            " training (S2), that VV and VH lower the error inside cloud gaps when another date is"
            " given, for every model of the study (S3), that VV and VH together lower the error"
            " inside cloud gaps more than their ratio does, for every model of the study (S4), that"
            " the benefit of VV and VH inside cloud gaps, when another date is"
            " given, grows with the age of that date and with the distance to clear ground, for"
            " every model of the study (S5) and that the calibrated 95 % interval of the filled"
            " bands contains 93 to 97 % of the withheld pixels, for every model with the VV/VH"
            " ratio that learns its uncertainty (U1).",
            "It does not show that the VV/VH ratio lowers the error inside cloud gaps, compared"
            " with no SAR and with shuffled SAR, for every model of the study (S1).",
        ]

    def test_a_study_may_judge_claims_of_its_own_alone(self):
        (sentence,) = verdict_sentences({"S1": ("SAR helps.", REPRODUCED)})
        assert sentence == "Of the study's own claims, the run reproduces that SAR helps (S1)."


def found(name, verdict, sites=("here",)):
    table = make_verdicts(dict.fromkeys(CLAIMS, verdict), sites)
    rows = table[(table["claim"] == name) & (table["band"] != OVERALL)].fillna({"reason": ""})
    return rows.to_dict("records")


class TestFound:
    def test_what_holds(self):
        assert evidence_sentences(found("C1", REPRODUCED), "all") == [
            "In red, green and blue, the error (RMSE) is lower for the CAE than for the CNN (both"
            " with the ratio), by 0.0200 in reflectance."
        ]

    def test_what_does_not(self):
        assert evidence_sentences(found("C2", CONTRADICTED), "all") == [
            "In red, green and blue, the structural similarity (SSIM) is lower for the CAE than for"
            " the CNN (both with the ratio), by 0.020: the opposite of what is claimed."
        ]

    def test_what_is_open_says_why(self):
        first, second = evidence_sentences(found("S1", NOT_SHOWN), "all")
        assert first == (
            "In red, green and blue, it remains open whether the error (RMSE) is lower for the"
            " U-Net with the ratio than without SAR: the interval contains 0."
        )
        assert second.count("with shuffled SAR") == 1

    def test_what_was_not_tested_says_why(self):
        assert evidence_sentences(found("C3", NOT_TESTED), "any") == [
            "In red, green and blue, the CNN with the ratio is not compared with the CAE with the"
            " ratio (the study makes no such comparison).",
            "One band is enough for this claim.",
        ]

    def test_bands_that_differ_have_a_sentence_each(self):
        rows = found("C1", REPRODUCED)
        rows[1:] = [found("C1", CONTRADICTED)[1], found("C1", NOT_SHOWN)[2]]
        holds, fails, open_ = evidence_sentences(rows, "all")
        assert holds.startswith("In red, ")
        assert fails.startswith("In green, ")
        assert fails.endswith("the opposite of what is claimed.")
        assert open_.startswith("In blue, it remains open ")

    def test_methods_without_training_share_sentences(self):
        rows = [
            row | {"left": "unet-date", "right": f"{method}-none", "difference": -difference}
            for method, difference in (("mean", 0.03), ("nearest", 0.02), ("nspi", 0.001))
            for row in found("C1", REPRODUCED)
        ]
        rows[5] |= {"verdict": NOT_SHOWN, "reason": "cannot tell: the interval contains 0"}
        for row in rows[6:]:
            row |= {"verdict": NOT_SHOWN, "reason": NO_DIFFERENCE}
        rows[1] |= {"difference": -0.04}
        assert evidence_sentences(rows, "all") == [
            "In red, green and blue, the error (RMSE) is lower for the U-Net with another date than"
            " for the method Mean, by 0.0300 to 0.0400 in reflectance.",
            "In red and green, the error (RMSE) is lower for the U-Net with another date than for"
            " the method Nearest, by 0.0200 in reflectance.",
            "In red, green and blue, the error (RMSE) differs between the U-Net with another date"
            " and the method NSPI by less than the smallest effect of interest.",
            "In blue, it remains open whether the error (RMSE) is lower for the U-Net with another"
            " date than for the method Nearest: the interval contains 0.",
        ]
        rows[5] |= {"verdict": REPRODUCED}
        together, _ = evidence_sentences(rows, "all")
        assert together == (
            "In red, green and blue, the error (RMSE) is lower for the U-Net with another date than"
            " for the methods Mean and Nearest, by 0.0200 to 0.0400 in reflectance."
        )

    def test_over_sites_each_method_without_training_is_counted_alone(self):
        rows = [
            row | {"left": "unet-date", "right": f"{method}-none"}
            for method in ("mean", "nspi")
            for row in found("C1", REPRODUCED, ("a", "b"))
        ]
        mean, nspi = evidence_sentences(rows, "all")
        assert mean.startswith("In 6 of 6 cases (2 sites and 3 bands), ")
        assert mean.endswith(" than for the method Mean.")
        assert nspi.endswith(" than for the method NSPI.")

    def test_sizes_are_a_range_without_signs(self):
        rows = found("C1", REPRODUCED)
        for row, difference in zip(rows, (-0.01, -0.025, -0.02), strict=True):
            row["difference"] = difference
        assert "by 0.0100 to 0.0250 in" in evidence_sentences(rows, "all")[0]

    def test_over_sites_the_cases_are_counted(self):
        rows = found("C1", REPRODUCED, ("a", "b"))
        rows[0] = rows[0] | {"verdict": CONTRADICTED}
        rows[5] = rows[5] | {"verdict": NOT_TESTED}
        assert evidence_sentences(rows, "all") == [
            "In 4 of 6 cases (2 sites and 3 bands), the error (RMSE) is lower for the CAE than for"
            " the CNN (both with the ratio); the opposite is true in 1; it is not tested in 1."
        ]
        assert evidence_sentences(found("C1", NOT_TESTED, ("a", "b")), "all") == [
            "The CAE with the ratio is not compared with the CNN with the ratio at any of 2 sites"
            " and 3 bands."
        ]

    def test_a_difference_not_worth_having_is_no_open_question(self):
        rows = [row | {"reason": NO_DIFFERENCE} for row in found("C1", NOT_SHOWN)]
        assert evidence_sentences(rows, "all") == [
            "In red, green and blue, the error (RMSE) differs between the CAE with the ratio and"
            " the CNN with the ratio by less than the smallest effect of interest."
        ]

    def test_three_sites_are_told_together_then_counted(self):
        together, counted = evidence_sentences(found("C1", REPRODUCED, ("a", "b", "c")), "all")
        assert together.startswith("Over all sites, in red, green and blue, the error (RMSE) is")
        assert counted.startswith("In 9 of 9 cases (3 sites and 3 bands), ")
        together, counted = evidence_sentences(found("U1", CONTRADICTED, ("a", "b", "c")), "all")
        assert together.startswith("Over all sites, in red, green and blue, the interval of ")
        assert counted.startswith("In 0 of 9 cases ")

    @pytest.mark.parametrize("verdict", VERBS)
    @pytest.mark.parametrize("name", CLAIMS)
    def test_every_claim_and_verdict_makes_sentences(self, name, verdict):
        for sites in (("here",), ("a", "b"), ("a", "b", "c")):
            for text in evidence_sentences(found(name, verdict, sites), CLAIMS[name]["needs"]):
                assert is_sentence(text)

    def test_every_metric_of_a_claim_has_a_name(self):
        """A metric that somebody adds appears by its own name."""
        assert QUANTITIES.keys() <= set(COMPARED_METRICS)
        rows = [row | {"metric": "new"} for row in found("C1", NOT_SHOWN)]
        assert "whether the metric new is lower" in evidence_sentences(rows, "all")[0]


class TestMeaning:
    @pytest.mark.parametrize(
        ("verdict", "sentence"),
        [
            (
                REPRODUCED,
                "In red, green and blue, the interval of the U-Net with the ratio contains 95 % of"
                " the withheld pixels, where 93 % to 97 % are claimed.",
            ),
            (
                CONTRADICTED,
                "In red, green and blue, the interval of the U-Net with the ratio contains 87.5 %"
                " of the withheld pixels: outside the 93 % to 97 % that are claimed.",
            ),
            (
                NOT_SHOWN,
                "In red, green and blue, the interval of the U-Net with the ratio contains 92.5 %"
                " of the withheld pixels, and it remains open whether the share is within the"
                " claimed range of 93 % to 97 %: the interval contains 0.93.",
            ),
            (
                NOT_TESTED,
                "In red, green and blue, the interval of the U-Net with the ratio is not judged"
                " (the study makes no such comparison).",
            ),
        ],
    )
    def test_a_level_word_for_word(self, verdict, sentence):
        (text,) = level_sentences(found("U1", verdict))
        assert text.replace("\N{NO-BREAK SPACE}", " ") == sentence

    def test_levels_are_counted_over_sites(self):
        rows = found("U1", REPRODUCED, ("one", "two"))
        rows[0] = rows[0] | {"verdict": CONTRADICTED}
        (text,) = level_sentences(rows)
        assert text.replace("\N{NO-BREAK SPACE}", " ") == (
            "In 5 of 6 cases (2 sites and 3 bands), the interval of the U-Net with the ratio"
            " contains 93 % to 97 % of the withheld pixels; it does not in 1."
        )

    def test_what_intervals_hold_is_told_of_networks_that_learned_it(self):
        text = uncertainty_sentence(make_uncertainties(inputs=["ratio"]), "cloud_gap")
        assert text.replace("\N{NO-BREAK SPACE}", " ") == (
            "Averaged over bands, the 95 % interval of the U-Net with the ratio contains 85.7 % of"
            " the withheld pixels by the spread of seeds alone, 93.5 % with the learned variance"
            " and 95 % after calibration."
        )
        assert uncertainty_sentence(make_uncertainties(), "sharpening") == ""

    def test_the_intervals_of_several_networks_are_a_range(self):
        table = make_uncertainties()
        is_worse = (table["input"] == "none") & (table["uncertainty"] == "ensemble")
        table.loc[is_worse, "value"] -= 0.1
        text = uncertainty_sentence(table, "cloud_gap")
        assert text.replace("\N{NO-BREAK SPACE}", " ") == (
            "Averaged over bands, the 95 % intervals of the networks contain 85.7 % of the withheld"
            " pixels by the spread of seeds alone, 83.5 % to 93.5 % with the learned variance and"
            " 95 % after calibration."
        )

    @pytest.mark.parametrize("verdict", VERBS)
    def test_the_ratio_is_worth_something_only_where_that_was_reproduced(self, verdict):
        text = gap_meaning(told(dict.fromkeys(CLAIMS, verdict)), CLAIMS)
        assert is_sentence(text)
        assert ("is useful" in text) == (verdict == REPRODUCED)
        assert ("it raises the error" in text) == (verdict == CONTRADICTED)
        assert ("is not shown" in text) == (verdict == NOT_SHOWN)
        assert ("cannot say" in text) == (verdict == NOT_TESTED)

    def test_of_another_claim_inside_gaps_nothing_is_said(self):
        claim = CLAIMS["S1"]
        turned = [test | {"direction": "higher"} for test in claim["tests"]]
        for other in (claim | {"tests": turned}, claim | {"tests": claim["tests"][:1]}):
            assert gap_meaning({"S1": (claim["text"], REPRODUCED)}, {"S1": other}) == ""

    def test_copying_is_told_of_claims_that_were_tested(self):
        wanted = dict.fromkeys(CLAIMS, NOT_TESTED)
        assert copying_note(told(wanted), CLAIMS, ["copy"]) == ""
        wanted["C2"] = REPRODUCED
        assert copying_note(told(wanted), CLAIMS, ["copy"]).startswith("C2 is about ")
        wanted["C1"] = NOT_SHOWN
        assert copying_note(told(wanted), CLAIMS, ["copy"]).startswith("C1 and C2 are about ")
        assert copying_note(told(wanted), CLAIMS, []) == ""


class TestWorth:
    @pytest.mark.parametrize(
        ("low", "high", "said"),
        [
            (-3, -1, "lower in 3 of 3 bands"),
            (1, 3, "higher in 3 of 3 bands"),
            (-1, 1, "neither clearly lower nor clearly higher in any of 3 bands"),
            (
                float("nan"),
                float("nan"),
                "neither clearly lower nor clearly higher in any of 3 bands",
            ),
        ],
    )
    def test_only_an_interval_without_zero_counts(self, low, high, said):
        assert ratio_effects(make_differences(low, high), "cloud_gap") == [
            "In cloud gaps, compared with the same network without SAR, the ratio makes the error"
            f" {said} for the U-Net."
        ]

    def test_bands_sites_and_networks_are_counted_apart(self):
        rows = make_differences(-3, -1, others=("none", "shuffled"), sites=("a", "b"))
        rows[0] = rows[0] | {"low": 1, "high": 2}
        rows[1] = rows[1] | {"low": -1, "high": 2}
        rows += [row | {"left_method": "cnn", "right_method": "cnn"} for row in rows[6:9]]
        without, shuffled = ratio_effects(rows, "cloud_gap")
        assert "lower in 4 and higher in 1 of 6 cases (sites and bands) for the U-Net" in without
        assert without.endswith(" and lower in 3 of 3 bands for the CNN.")
        assert "with shuffled SAR" in shuffled

    def test_other_protocols_metrics_and_pairs_do_not_count(self):
        (row, *_) = make_differences(-3, -1)
        others = [{"metric": "ssim"}, {"region": "all"}, {"right_method": "cnn"}]
        assert ratio_effects([row | other for other in others], "cloud_gap") == []
        assert ratio_effects([row], "sharpening") == []


class TestLimits:
    def told_of(self, scenes, stacks=None, verdict=REPRODUCED, **study):
        settings = {
            "seeds": [1, 2],
            "training": {"updates": 150},
            "protocols": {"reconstruction": {}},
            "missing_sites": [],
        } | study
        stacks = stacks or {site: make_stack() for site in scenes}
        claims = told(dict.fromkeys(CLAIMS, verdict))
        found = limits(settings, scenes, stacks, claims)
        for text in found:
            assert all(map(is_sentence, re.split(r"(?<=\.) ", text)))
        return " ".join(found)

    def test_simulated_scenes_are_told_of_and_real_ones_are_not_called_so(self):
        assert "simulated" in self.told_of({"here": make_scene()})
        assert "simulated" not in self.told_of({"here": make_scene(False)})
        scenes = {"real": make_scene(False)} | {name: make_scene() for name in "abcd"}
        assert "The scenes of 4 sites are simulated." in self.told_of(scenes)
        del scenes["d"]
        assert "The scenes of a, b and c are simulated." in self.told_of(scenes)

    def test_one_seed_can_judge_nothing(self):
        assert "no claim can be judged" in self.told_of({"here": make_scene()}, seeds=[1])
        assert "from 2 seeds" in self.told_of({"here": make_scene()})

    def test_places_dates_and_shifts(self):
        one = self.told_of({"here": make_scene(False)})
        assert "One place was studied" in one
        assert "Not all dates" not in one
        assert "The shift" not in one
        undated = make_scene(False, date=None)
        two = self.told_of(
            {"a": undated, "b": make_scene(False)}, {"a": make_stack(None), "b": make_stack(2.5)}
        )
        assert "The 2 places that were studied" in two
        assert "Not all dates of the scenes of a are known" in two
        assert "could not be measured at a." in two
        assert "At b, radar and optical scene are shifted by more than a pixel" in two

    def test_a_shift_that_was_taken_back_is_told(self):
        stack = make_stack(0.1) | {
            "shift_corrected_px": {"rows": 1.3, "columns": -0.7, "distance": 1.5}
        }
        text = shift_text(stack)
        assert text.endswith("after correction of +1.30 rows, \N{MINUS SIGN}0.70 columns")
        assert "correction" not in shift_text(make_stack())

    def test_sites_without_results_are_named(self):
        assert "no results for lost, which the study names too." in self.told_of(
            {"here": make_scene()}, missing_sites=["lost"]
        )

    def test_what_was_not_tested_is_named(self):
        assert "C1, C2, C3, C4, S1, S2, S3, S4, S5 and U1 were not tested" in self.told_of(
            {"here": make_scene()}, verdict=NOT_TESTED
        )

    def test_protocols_bring_their_own(self):
        everything = self.told_of(
            {"here": make_scene(False)}, protocols={name: {} for name in HEADLINE}
        )
        only = self.told_of({"here": make_scene(False)}, protocols={"cloud_gap": {}})
        assert "Reconstruction" in everything
        assert "Reconstruction" not in only
        assert "cloud-gap" in only


class TestBest:
    def summary(self, **errors):
        rows = [
            ("cloud_gap", region, "rmse", *run.split("__"), band, mean + more)
            for run, mean in errors.items()
            for band in ("red", "blue")
            for region, more in (("gap", 0), ("all", -0.9))
        ]
        columns = ["protocol", "region", "metric", "method", "input", "band", "mean"]
        return pd.DataFrame(rows, columns=columns)

    def test_the_best_network_and_the_best_other_method_are_named(self):
        errors = {"unet__none": 0.02, "unet__ratio": 0.03, "mean__none": 0.05, "copy__none": 0}
        assert lowest_errors(self.summary(**errors), "cloud_gap") == (
            "Among networks, the U-Net without SAR has the lowest error (RMSE 0.0200); among"
            " methods without training, Mean has the lowest error (RMSE 0.0500), mean over bands."
        )

    def test_without_scores_nothing_is_said(self):
        assert lowest_errors(self.summary(copy__none=0), "cloud_gap") == ""
        assert lowest_errors(self.summary(unet__none=float("nan")), "cloud_gap") == ""


def test_places_are_named_or_counted():
    real, made = make_scene(False), make_scene()
    assert place_words({"hanoi": real}) == "the site hanoi"
    assert place_words({"simcity": made}) == "the simulated city simcity"
    assert place_words({"a": made, "b": made}) == "the simulated sites a and b"
    assert place_words({"a": real, "b": made}) == "the partly simulated sites a and b"
    assert place_words({str(n): real for n in range(50)}) == "50 sites"


def test_a_question_names_what_the_protocols_ask():
    numbers = {"coarse": "90", "native": "30"}
    assert question(["cloud_gap"], numbers) == "whether a network can fill what clouds hide"
    assert question(["cloud_gap", "sharpening"], numbers).endswith(
        "and whether it can sharpen 90\N{NO-BREAK SPACE}m pixels to 30\N{NO-BREAK SPACE}m"
    )
