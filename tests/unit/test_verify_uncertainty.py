"""Tables of uncertainties of another person, compared with those made here."""

import pandas as pd
import pytest
from sarfusion.core.errors import StudyError
from sarfusion.show.tables import METRIC_COLUMNS
from sarfusion.verify import compared, scores, tolerances, verdicts
from sarfusion.verify.envelope import movement, scaled_movement
from sarfusion.verify.expected import check_whole, every_model
from sarfusion.verify.scores import DIFFERENCES, UNCERTAINTIES
from sarfusion.verify.tolerances import allowed, from_envelope
from uncertainty_data import make_uncertainties
from verify_data import STUDY as OTHER_STUDY
from verify_data import write_table

NAME = "metrics/here/cloud_gap.uncertainty.csv"
UNET = {"network": "unet", "patch_px": 33, "batch": 8, "options": {}, "uncertainty": True}
STUDY = OTHER_STUDY | {
    "protocols": {"cloud_gap": {"models": ["unet"], "inputs": ["ratio", "none"]}},
    "models": {"unet": UNET},
    "baselines": [],
}
MODELS = set(every_model(STUDY))
LIMITS = pd.DataFrame(
    [
        ("cloud_gap", "gap", "crps", 0.001, 0.001),
        ("cloud_gap", "gap", "coverage_times_n", 30, 30),
        ("cloud_gap", "gap", "coverage", 1e-5, 1e-5),
    ],
    columns=["protocol", "region", "metric", "recompute", "retrain"],
)


def make(**changes):
    table = make_uncertainties(**changes)
    return table[table["method"] == "unet"].reset_index(drop=True)


def read(folder, table):
    return scores.read(write_table(folder, table, NAME), UNCERTAINTIES)


def row_of(table, metric, **about):
    keys = {"band": "red", "input": "ratio", "uncertainty": "calibrated", "metric": metric} | about
    (index,) = table.index[(table[list(keys)] == list(keys.values())).all(axis=1)]
    return index


def compare(tmp_path, here, there, available=MODELS, same=MODELS):
    """The check of this table, without those of the scores, which are missing here."""
    for folder, table in (("here", here), ("there", there)):
        write_table(tmp_path / folder, table, NAME)
    args = (tmp_path / "here", tmp_path / "there", available, same, LIMITS)
    (found,) = [one for one in compared.check_tables(STUDY, *args) if one.what == NAME]
    return found


def test_a_table_is_whole_or_not(tmp_path):
    table = make()
    check_whole(read(tmp_path, table), NAME, STUDY, "here", "cloud_gap")
    less = table.drop(index=row_of(table, "coverage_95"))
    with pytest.raises(
        StudyError, match="no row of red, unet, ratio, calibrated, gap, coverage_95"
    ):
        check_whole(read(tmp_path, less), NAME, STUDY, "here", "cloud_gap")
    more = pd.concat([table, table.tail(1).assign(metric="guess")])
    with pytest.raises(StudyError, match="an unexpected row of .*guess"):
        check_whole(read(tmp_path, more), NAME, STUDY, "here", "cloud_gap")
    # One seed has no spread.
    one = table[table["uncertainty"] != "seeds"]
    check_whole(read(tmp_path, one), NAME, STUDY | {"seeds": [1]}, "here", "cloud_gap")


def test_a_cell_that_was_changed_is_found(tmp_path):
    table, other = make(), make()
    assert compare(tmp_path, table, other).passed
    other.loc[row_of(other, "crps"), "value"] += 0.0009
    assert compare(tmp_path, table, other).passed
    other.loc[row_of(other, "crps"), "value"] += 0.0002
    found = compare(tmp_path, table, other)
    assert not found.passed
    assert "the first is crps of unet-ratio, calibrated (here: cloud_gap, region gap" in found.note


def test_the_ends_of_the_interval_are_compared_and_the_number_of_seeds_is_exact(tmp_path):
    for column, change in (("low", 0.05), ("high", 0.05), ("seeds", 1), ("n", 1)):
        other = make()
        other.loc[row_of(other, "coverage_95"), column] += change
        found = compare(tmp_path, make(), other)
        assert f"1 of column {column} differ" in found.note


def test_only_the_bands_whose_models_are_here_are_compared(tmp_path):
    red = {name for name in MODELS if "/red/" in name}
    table = make()
    of_red = table[table["band"] == "red"]
    other = table.copy()
    other.loc[row_of(other, "crps", band="blue"), "value"] += 1
    found = compare(tmp_path, of_red, other, red, red)
    assert found.passed
    assert f"{len(of_red)} of {len(table)} rows" in found.note
    # A band needs the networks of all seeds.
    one_seed = {name for name in red if name.endswith("seed1")}
    assert not compare(tmp_path, of_red.head(0), other, one_seed, one_seed).made


def test_other_weights_make_other_uncertainties(tmp_path):
    here, there = make(), make()
    there["value"] += 0.2
    same = {name for name in MODELS if "/blue/" not in name}
    assert not compare(tmp_path, here, there, MODELS, same).passed
    there = make()
    there.loc[row_of(there, "crps", band="blue"), "value"] += 1
    assert compare(tmp_path, here, there, MODELS, same).passed


def test_a_coverage_may_move_by_what_its_number_of_pixels_allows(tmp_path):
    table = read(tmp_path, make())
    limits = pd.Series(
        allowed(table, UNCERTAINTIES, LIMITS, ["recompute"] * len(table)), table.index
    )
    by_metric = limits.groupby("metric").max()
    assert by_metric["coverage_95"] == by_metric["coverage_5"] == 30 / 1000
    assert by_metric["crps"] == 0.001
    # At least ten pixels, where the envelope does not have the metric.
    nothing = LIMITS[LIMITS["metric"] == "crps"]
    limits = allowed(table, UNCERTAINTIES, nothing, ["recompute"] * len(table))
    assert limits[table.index.get_level_values("metric") == "coverage_80"] == pytest.approx(0.01)


def test_the_points_of_a_curve_move_as_one(tmp_path):
    table, other = make(), make()
    other.loc[row_of(other, "coverage_35"), "value"] += 3 / 1000
    other.loc[row_of(other, "sparsified_40"), "value"] += 0.25
    one, two = (read(tmp_path / name, made) for name, made in (("a", table), ("b", other)))
    moved = movement(one["value"], two["value"]).set_index(["region", "metric"])["moved"]
    assert moved["gap", "coverage"] == pytest.approx(0.003)
    assert moved["gap", "sparsified"] == pytest.approx(0.25)
    assert moved["gap", "oracle"] == moved["validation", "scale"] == 0
    scaled = scaled_movement(one, two)
    counted = scaled[scaled["metric"].str.endswith("_times_n")]
    assert counted["metric"].tolist() == ["coverage_times_n"]
    assert counted["moved"].tolist() == pytest.approx([3])
    envelope = counted.assign(kind=tolerances.SAME_WEIGHTS, variant="avx2")
    assert from_envelope(envelope)["recompute"].tolist() == pytest.approx([30])


def write_run(folder, interval):
    """Results for which only the claim on a level can be judged."""
    score = ("s", "here", "cloud_gap", "gap", "red", "unet", "ratio", 1, "rmse", 0.02, 1000)
    scored = pd.DataFrame([score], columns=METRIC_COLUMNS)
    write_table(folder, scored, "metrics/here/cloud_gap.csv")
    nothing = pd.DataFrame(columns=DIFFERENCES.columns)
    write_table(folder, nothing, "metrics/here/cloud_gap.differences.csv")
    write_table(folder, make(interval=interval), NAME)
    judged, readings = verdicts.judge(STUDY, folder)
    assert readings.empty  # readings are only of differences
    write_table(folder, judged, "tables/claims.csv")
    return judged


def test_a_verdict_on_a_level_is_judged_again(tmp_path):
    judged = write_run(tmp_path / "here", (0.9336, 0.9664))
    assert "4 of" in verdicts.check_judged(judged, judged)
    # No tolerance hides it: less than a pixel less, and three bands would be reproduced.
    write_run(tmp_path / "there", (0.9337, 0.9663))
    sent, _ = verdicts.judge(STUDY, tmp_path / "there", tmp_path / "here")
    with pytest.raises(StudyError, match="U1 cloud_gap here red coverage_95 unet-ratio: not shown"
                       " from the scores made here, reproduced from those sent"):  # fmt: skip
        verdicts.check_judged(judged, sent)
    assert verdicts.margins(judged) == {}


def test_verdicts_are_compared_on_the_tests_that_were_made_here(tmp_path):
    """Holm's correction over three bands differs from that over one with the same scores."""
    write_run(tmp_path / "sent", (0.9336, 0.9664))
    table = pd.read_csv(tmp_path / "sent" / NAME)
    write_run(tmp_path / "made", (0.9336, 0.9664))
    write_table(tmp_path / "made", table[table["band"] == "red"], NAME)
    whole, _ = verdicts.judge(STUDY, tmp_path / "sent")
    ours, _ = verdicts.judge(STUDY, tmp_path / "made")
    theirs, _ = verdicts.judge(STUDY, tmp_path / "sent", tmp_path / "made")
    red = {name: rows.query("claim == 'U1' and band == 'red'")["verdict"].iloc[0]
           for name, rows in (("whole", whole), ("ours", ours), ("theirs", theirs))}  # fmt: skip
    assert red["ours"] == red["theirs"] != red["whole"]
    assert "1 of" in verdicts.check_judged(ours, theirs)
