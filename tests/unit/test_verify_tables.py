"""Tables of another person: what is not a table, and which cells are not as they should be."""

import os

import numpy as np
import pandas as pd
import pytest
import verify_results
from hypothesis import given
from hypothesis import strategies as st
from project import ROOT
from sarfusion.core.errors import StudyError
from sarfusion.core.files import sha256
from sarfusion.scoring.metrics import COMPARED_METRICS
from sarfusion.verify import compared, scores, spot, tolerances, verdicts
from sarfusion.verify.checks import Check, as_text, check, conclusion
from sarfusion.verify.derived import compare_text
from sarfusion.verify.envelope import movement, scaled_movement, seed_spread
from sarfusion.verify.expected import check_whole, every_model
from sarfusion.verify.files import plain_file
from sarfusion.verify.scores import DIFFERENCES, SCORES
from sarfusion.verify.tolerances import allowed, from_envelope
from verify_data import NAME, STUDY, make_difference, make_scores, write_table

REFERENCE, ENVELOPE = ROOT / "results/reference/demo", ROOT / "results/envelope"
TOLERANCES = pd.DataFrame(
    [("reconstruction", "test", "rmse", 0.001, 0.1), ("reconstruction", "test", "cc", 0.002, 0.2)],
    columns=["protocol", "region", "metric", "recompute", "retrain"],
)


def read(tmp_path, table, form=SCORES):
    return scores.read(write_table(tmp_path, table), form)


# Lines for people


def test_a_check_is_a_note_or_one_line_without_traceback():
    def broken():
        raise KeyError("column\n\x1b[2J" + "x" * 1000)

    assert check("a", lambda: "well") == Check("a", True, "well")
    failed = check("b", broken)
    assert not failed.passed
    assert failed.note.startswith("KeyError: ")
    assert "\n" not in failed.note
    assert "\x1b" not in failed.note
    assert len(failed.note) < 400
    assert as_text("Step", [Check("a", True, "well"), failed]).splitlines() == [
        "Step",
        "  pass  a  well",
        "  FAIL  b",
        f"        {failed.note}",
    ]
    assert conclusion([failed, Check("a", True)]) == "NOT VERIFIED: 1 of 2 checks fail"
    assert conclusion([Check("a", True)]) == "Verified: all 1 checks pass"


def test_where_nothing_can_be_compared_no_check_passes(tmp_path):
    """Nothing is compared in a table whose models are missing; that counts as no check."""
    table = make_scores()
    write_table(tmp_path / "theirs", table[table["method"] != "copy"])
    write_table(tmp_path / "again", table[:0])
    study = {**STUDY, "baselines": []}
    nothing = set()
    args = (study, tmp_path / "again", tmp_path / "theirs", nothing, nothing, TOLERANCES)
    (found,) = compared.check_tables(*args)
    assert (found.passed, found.made) == (True, False), found.note
    assert as_text("Step", [found]).splitlines()[1] == (
        f"  none  {found.what}  each of its 56 rows depends on models that are not compared"
    )
    assert conclusion([found, Check("a", True)]) == "Verified: all 1 checks pass"


def test_what_is_no_plain_file_of_a_fair_size_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")  # reading it would wait for ever
    with pytest.raises(StudyError, match="pipe: not a plain file"):
        plain_file(tmp_path / "pipe", 1)
    with (tmp_path / "huge").open("wb") as stream:
        stream.truncate(10**9)
    with pytest.raises(StudyError, match="huge: 1000 MB, too large: it was not opened"):
        plain_file(tmp_path / "huge", 999)
    with pytest.raises(StudyError, match="none: No such file"):
        plain_file(tmp_path / "none", 1)


# Reading


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop(columns="n"), "the columns are"),
        (lambda t: t.assign(comment="x"), "the columns are"),
        (lambda t: t.assign(value="high"), "column value does not contain numbers"),
        (lambda t: t.assign(method=3), "column method does not contain text"),
        (lambda t: t.assign(band=t["band"].where(t.index > 0)), "does not say what it is about"),
        (lambda t: pd.concat([t, t.tail(1)]), "ergas of copy-none, seed 0 .* is listed twice"),
    ],
)
def test_what_is_no_table_of_scores(tmp_path, change, message):
    with pytest.raises(StudyError, match=message):
        read(tmp_path, change(make_scores()))


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b'a,b\n"1,2\n', b"a\n1,2,3\n4,5\n"])
def test_what_is_no_table_at_all(tmp_path, content):
    (tmp_path / "x.csv").write_bytes(content)
    with pytest.raises(StudyError, match="x.csv"):
        scores.read(tmp_path / "x.csv", SCORES)


def test_an_empty_table_of_differences_is_one(tmp_path):
    assert read(tmp_path, make_difference().head(0), DIFFERENCES).empty


# Comparing


def both(tmp_path, change):
    """The table, and a copy with a change."""
    table = make_scores()
    return read(tmp_path, table), read(tmp_path, change(table.copy()))


def cell(row, column, value):
    def change(table):
        table.loc[row, column] = value
        return table

    return change


def test_rows_may_stand_in_another_order(tmp_path):
    here, there = both(tmp_path, lambda table: table.iloc[::-1])
    note = scores.compare(here, there, SCORES, np.zeros(len(here)))
    assert note == f"{2 * len(here)} cells, all the same"


def test_a_cell_may_move_by_its_tolerance_and_no_more(tmp_path):
    table = make_scores()
    moved = both(tmp_path, cell(4, "value", table["value"][4] + 0.25))
    scores.compare(*moved, SCORES, np.full(len(table), 0.2500001))
    tolerance = np.full(len(table), 0.2500001)
    tolerance[4] = 0.2499999
    with pytest.raises(StudyError, match=r"1 of column value differ; the first is rmse of cnn-none,"
                       r" seed 1 \(here: reconstruction, region test, red\): 0\.\d+ here, [01]\.\d+"
                       r" there, tolerance 0.25"):  # fmt: skip
        scores.compare(*moved, SCORES, tolerance)


def test_counts_are_exact(tmp_path):
    here, there = both(tmp_path, cell(4, "n", 101))
    with pytest.raises(StudyError, match="of column n differ.*100 here, 101 there, tolerance 0"):
        scores.compare(here, there, SCORES, np.full(len(here), 5.0))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_no_finite_number_agrees_with_itself_alone(tmp_path, value):
    wide = np.full(len(make_scores()), 1e9)
    here, there = both(tmp_path, cell(4, "value", value))
    scores.compare(there, there, SCORES, wide)
    for pair in ((here, there), (there, here)):
        with pytest.raises(StudyError, match="cells: 1 of column value"):
            scores.compare(*pair, SCORES, wide)


def test_a_row_that_is_missing_or_added(tmp_path):
    here, there = both(tmp_path, lambda table: table.drop(index=4))
    with pytest.raises(StudyError, match="rows: 1 not there; the first is rmse of cnn-none"):
        scores.compare(here, there, SCORES, np.zeros(len(here)))
    with pytest.raises(StudyError, match="rows: 1 not here"):
        scores.compare(there, here, SCORES, np.zeros(len(there)))


# What a table must contain


def whole(tmp_path, table, study=STUDY):
    check_whole(read(tmp_path, table), NAME, study, "here", "reconstruction")


def test_a_whole_table_is_whole(tmp_path):
    whole(tmp_path, make_scores())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t[(t["seed"] != 2) | (t["band"] != "red")], "no row of red, cae, none, 2"),
        (lambda t: t[t["band"] != "rgb"], "no row of rgb, cae, none, 1"),
        (lambda t: t.drop(index=4), "rmse of region test is not listed for all runs"),
        (cell(4, "region", "all"), "rmse of region all is not listed for all runs"),
        (cell(4, "seed", 7), "unexpected rows of red, cnn, none, 7"),
        (cell(4, "method", "gan"), "unexpected rows of red, gan, none, 1"),
        (cell(4, "study", "other"), "a row has study 'other', not 's'"),
        (cell(4, "site", "there"), "a row has site 'there'"),
        (cell(4, "protocol", "cloud_gap"), "a row has protocol 'cloud_gap'"),
    ],
)
def test_a_table_that_is_not_whole(tmp_path, change, message):
    with pytest.raises(StudyError, match=message):
        whole(tmp_path, change(make_scores()))


def test_no_metric_is_left_out_of_the_differences(tmp_path):
    pairs = [("cnn", "ratio", "cnn", "none"), ("cae", "ratio", "cae", "none")]
    pairs += [("cae", sar_input, "cnn", sar_input) for sar_input in ("ratio", "none")]
    names = ("left_method", "left_input", "right_method", "right_input")
    table = pd.concat(
        make_difference(band=band, metric=metric, **dict(zip(names, pair, strict=True)))
        for band in STUDY["bands"]
        for metric in COMPARED_METRICS
        for pair in pairs
    )

    def check(chosen):
        name = NAME.replace(".csv", ".differences.csv")
        check_whole(read(tmp_path, chosen, DIFFERENCES), name, STUDY, "here", "reconstruction")

    check(table)
    with pytest.raises(StudyError, match="no row of ssim"):
        check(table[table["metric"] != "ssim"])
    with pytest.raises(StudyError, match="no row of blue, cae, none, cnn, none"):
        check(table[(table["band"] != "blue") | (table["right_method"] == table["left_method"])])


def test_the_same_weights_are_known_by_their_sums(tmp_path):
    """In the folder itself, or in a reference's list of the weights that it does not contain."""
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    first, second, third, *_ = every_model(STUDY)
    for folder, contents in ((ours, (b"1", b"2", b"3")), (theirs, (b"1", b"0"))):
        for name, content in zip((first, second, third), contents, strict=False):
            path = folder / f"models/{name}.safetensors"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    assert compared.same_weights(STUDY, ours, theirs) == {first}
    sums = [(third, sha256(ours / f"models/{third}.safetensors"))]
    write_table(theirs, pd.DataFrame(sums, columns=["model", "sha256"]), "weights.csv")
    assert compared.same_weights(STUDY, ours, theirs) == {first, third}
    (theirs / "weights.csv").write_bytes(b"\xff")
    assert compared.same_weights(STUDY, ours, theirs) == {first}


def test_what_was_trained_otherwise_may_differ_as_seeds_do(tmp_path):
    table = make_scores()
    write_table(tmp_path / "ours", table)
    write_table(tmp_path / "theirs", cell(4, "value", table["value"][4] + 0.05)(table.copy()))
    args = (STUDY, tmp_path / "ours", tmp_path / "theirs", {*every_model(STUDY)})
    (found,) = compared.check_tables(*args, set(), TOLERANCES)
    assert found.passed, found.note
    (found,) = compared.check_tables(*args, {*every_model(STUDY)}, TOLERANCES)
    assert "tolerance 0.001" in found.note


def test_a_text_is_the_same_to_its_last_line(tmp_path):
    (tmp_path / "a").write_text("one\ntwo\n")
    for other, message in (
        ("one\n2\n", "b: line 2 is '2', but 'two' follows from the scores"),
        ("one\ntwo\nthree\n", "b: 3 lines, but 2 follow from the scores"),
        ("one\n", "b: 1 lines"),
    ):
        (tmp_path / "b").write_text(other)
        with pytest.raises(StudyError, match=message):
            compare_text(tmp_path / "a", tmp_path / "b")
    assert compare_text(tmp_path / "a", tmp_path / "a") == "follows from the scores"


def test_of_a_long_line_its_first_difference_is_told(tmp_path):
    (tmp_path / "a").write_text(f"{'x' * 500}0.25{'y' * 500}\n")
    (tmp_path / "b").write_text(f"{'x' * 500}0.26{'y' * 500}\n")
    with pytest.raises(StudyError) as error:
        compare_text(tmp_path / "a", tmp_path / "b")
    same = "x" * 37 + "0.2"
    expected = f"...{same}6{'y' * 39}...', but '...{same}5{'y' * 39}...' follows from the scores"
    assert str(error.value).endswith(expected)


def test_only_what_rests_on_models_at_hand_is_compared(tmp_path):
    """With the red CNN of both seeds: its red scores, and none of a triple; copying always."""
    red = {name for name in every_model(STUDY) if "/red/cnn" in name}
    table = make_scores()
    chosen = (table["method"] == "copy") | ((table["method"] == "cnn") & (table["band"] == "red"))
    write_table(tmp_path / "again", table[chosen])
    write_table(tmp_path / "theirs", table)
    args = (tmp_path / "again", tmp_path / "theirs", red, red, TOLERANCES)
    (found,) = compared.check_tables(STUDY, *args)
    assert found.passed, found.note
    assert found.note == "30 cells, all the same (15 of 63 rows)"
    # A row that was not made again although its model is available is reported.
    write_table(tmp_path / "again", table[chosen].drop(index=4))
    (found,) = compared.check_tables(STUDY, *args)
    assert "rows: 1 not here" in found.note


# Tolerances


def test_movement_and_spread_of_seeds_by_hand(tmp_path):
    table = make_scores()
    table["value"] = np.arange(len(table), dtype=float)
    here = read(tmp_path, table)["value"]
    other = table.assign(value=table["value"] + np.where(table["metric"] == "cc", 0.5, 0))
    other.loc[0, "value"] -= 0.125
    moved = movement(here, read(tmp_path, other)["value"]).set_index("metric")["moved"]
    assert moved.to_dict() == {"rmse": 0.125, "cc": 0.5, "ergas": 0}
    # The rows of seed 2 follow those of seed 1: two metrics apart, one of a triple.
    spread = seed_spread(here).set_index("metric")["moved"]
    assert spread.to_dict() == {"rmse": 2, "cc": 2, "ergas": 1}


def test_numbers_that_appear_or_vanish_move_without_end(tmp_path):
    here, there = both(tmp_path, cell(0, "value", np.nan))
    assert movement(here["value"], there["value"]).set_index("metric")["moved"]["rmse"] == np.inf
    assert movement(there["value"], there["value"])["moved"].max() == 0


def test_the_rule_of_tolerances():
    same, again, seed = "same weights", "trained again", "other seed"
    rows = [
        (same, "again", "test", "rmse", 0),
        (same, "avx2", "test", "rmse", 1e-5),
        (again, "avx2", "test", "rmse", 1e-2),
        (seed, "seeds", "test", "rmse", 3e-2),
        (same, "avx2", "gap", "rmse", 0),  # the metric moved elsewhere
        (again, "avx2", "gap", "rmse", 1e-2),
        (seed, "seeds", "gap", "rmse", 1e-3),  # two seeds that happen to agree
        (same, "avx2", "test", "cc", 0),
        (same, "avx2", "test", "bias", 1.0),
        (seed, "seeds", "test", "bias", 2.0),
    ]
    envelope = pd.DataFrame(rows, columns=["kind", "variant", "region", "metric", "moved"])
    found = from_envelope(envelope.assign(protocol="p")).set_index(["region", "metric"])
    wanted = {
        ("test", "rmse"): [1e-4, 6e-2],
        ("gap", "rmse"): [1e-4, 2e-2],
        ("test", "cc"): [1e-9, 1e-9],
        ("test", "bias"): [10, 10],
    }
    for place, both in wanted.items():
        assert found.loc[place, ["recompute", "retrain"]].tolist() == pytest.approx(both)
    margins = found[["recompute_margin", "retrain_margin"]]
    assert margins.loc["test", "rmse"].tolist() == [10, 2]
    assert margins.loc["test", "bias"].tolist() == [10, 10]  # ten times what the first moved


def test_a_study_in_bfloat16_is_verified_by_what_bfloat16_moved(tmp_path):
    same, fewer = "same weights", "fused with bfloat16 products"
    rows = [
        (same, "avx2", "test", "rmse", 1e-9),
        (same, "avx2", "test", "rmse_times_root_n", 1e-7),
        (fewer, "bfloat16", "test", "rmse", 1e-6),
        (fewer, "bfloat16", "gap", "rmse", 3e-6),
        (same, "avx2", "test", "cc", 1e-7),
        (fewer, "bfloat16", "test", "cc", 1e-8),
        ("other seed", "seeds", "test", "rmse", 1e-3),
    ]
    envelope = pd.DataFrame(rows, columns=["kind", "variant", "region", "metric", "moved"])
    envelope.assign(protocol="p").to_csv(tmp_path / "envelope.csv", index=False)
    found = tolerances.of_study({"fusing": {"precision": "bfloat16"}}, tmp_path)
    found = found.set_index(["region", "metric"])
    recompute = found["recompute"].to_dict()
    assert recompute["test", "rmse"] == recompute["gap", "rmse"] == pytest.approx(3e-5)
    assert recompute["test", "rmse_times_root_n"] == pytest.approx(1e-6)
    assert recompute["test", "cc"] == pytest.approx(1e-6)
    assert found["retrain"]["test", "rmse"] == pytest.approx(2e-3)
    envelope.assign(protocol="p", moved=1.0).to_csv(tmp_path / "envelope.csv", index=False)
    with pytest.raises(StudyError, match=r"envelope.csv: tolerances .* of .* are wider than"):
        tolerances.of_study({"fusing": {"precision": "bfloat16"}}, tmp_path)


def test_without_movements_of_bfloat16_such_a_study_cannot_be_verified(tmp_path, monkeypatch):
    """The shipped envelope is complete, except where it was measured without the instructions."""
    shipped = pd.read_csv(ENVELOPE / "envelope.csv")
    shipped = shipped[shipped["kind"] != "fused with bfloat16 products"]
    shipped.to_csv(tmp_path / "envelope.csv", index=False)
    study = tmp_path / "study.yaml"
    demo = ROOT / "config/demo.yaml"
    study.write_text(f"{demo.read_text()}\nfusing: {{precision: bfloat16}}\n")
    monkeypatch.setattr(verify_results, "ENVELOPE", tmp_path)
    with pytest.raises(StudyError) as error:
        verify_results.main(study, tmp_path, tmp_path)
    said = str(error.value)
    assert said.startswith(f"{tmp_path / 'envelope.csv'}: no movements 'fused with bfloat16")
    assert "./reproduce envelope" in said
    assert "\n" not in said


def test_each_row_has_its_tolerance(tmp_path):
    table = make_scores().head(4)
    table.loc[2, "region"] = "gap"
    table.loc[3, "metric"] = "new"
    here = read(tmp_path, table)
    kinds = ["recompute", "retrain", "retrain", "retrain"]
    assert allowed(here, SCORES, TOLERANCES, kinds).tolist() == [0.001, 0.2, 0.1, 1e-9]
    difference = read(tmp_path, make_difference(), DIFFERENCES)
    assert allowed(difference, DIFFERENCES, TOLERANCES, ["retrain"]).tolist() == [0.2]


def entropy(counts):
    shares = counts[counts > 0] / counts.sum()
    return -(shares * np.log2(shares)).sum()


@given(st.lists(st.integers(1, 500), min_size=2, max_size=40), st.randoms(use_true_random=False))
def test_a_value_that_passes_an_edge_moves_n_times_the_entropy_by_no_more_than_stated(bins, random):
    """The bound in the docstring of tolerances, for values that pass to a neighbouring bin."""
    before = np.array(bins, float)
    after, n, values = before.copy(), before.sum(), random.randint(1, 5)
    for _ in range(values):
        start = random.choice(np.flatnonzero(after).tolist())
        end = start + (1 if start == 0 else -1)
        after[start], after[end] = after[start] - 1, after[end] + 1
    moved = n * abs(entropy(after) - entropy(before))
    assert moved <= values * (np.log2(n) + 1.45) + 1e-6 * n


def entropies(tmp_path, *rows):
    """A table of one run's entropy differences: (region, value, n)."""
    table = pd.concat([make_scores().head(1)] * len(rows), ignore_index=True)
    columns = dict(zip(("region", "value", "n"), map(list, zip(*rows, strict=True)), strict=True))
    return read(tmp_path, table.assign(metric="entropy_difference", **columns))


def test_an_entropy_may_move_by_what_its_number_of_values_allows(tmp_path):
    one = entropies(tmp_path, ("test", 0.25, 1000), ("gap", 0.5, 20))
    other = entropies(tmp_path, ("test", 0.2505, 1000), ("gap", 0.52, 20))
    moved = scaled_movement(one, other).set_index("region")
    assert set(moved["metric"]) == {"entropy_difference_times_n"}
    assert moved["moved"].to_dict() == pytest.approx({"test": 0.5, "gap": 0.4})
    found = pd.concat([movement(one["value"], other["value"]), scaled_movement(one, other)])
    envelope = found.assign(kind="same weights", variant="avx512")
    limits = from_envelope(envelope)
    # Ten times 0.0005, the movement there; ten times 0.5 bits over the number of values.
    rows = entropies(tmp_path, ("test", 0, 10**6), ("gap", 0, 10))
    kinds = ["recompute", "recompute"]
    assert allowed(rows, SCORES, limits, kinds).tolist() == pytest.approx([0.005, 0.5])
    # The envelope has nothing on other metrics, which get the least tolerance.
    assert allowed(read(tmp_path, make_scores().head(2)), SCORES, limits, kinds).max() == 1e-9


def means(tmp_path, *rows):
    """A table of one run's correlations of gradients: (region, value, n)."""
    table = pd.concat([make_scores().head(1)] * len(rows), ignore_index=True)
    columns = dict(zip(("region", "value", "n"), map(list, zip(*rows, strict=True)), strict=True))
    return read(tmp_path, table.assign(metric="gradient_cc", **columns))


def test_a_mean_over_few_values_may_move_more(tmp_path):
    one = means(tmp_path, ("test", 0.5, 10_000), ("gap", 0.5, 25))
    other = means(tmp_path, ("test", 0.5 + 1e-8, 10_000), ("gap", 0.5 + 1e-7, 25))
    moved = scaled_movement(one, other).set_index("region")
    assert set(moved["metric"]) == {"gradient_cc_times_root_n"}
    assert moved["moved"].to_dict() == pytest.approx({"test": 1e-6, "gap": 5e-7}, rel=1e-6)
    found = pd.concat([movement(one["value"], other["value"]), scaled_movement(one, other)])
    limits = from_envelope(found.assign(kind="same weights", variant="avx512"))
    rows = means(tmp_path, ("test", 0, 10_000), ("gap", 0, 25), ("new", 0, 4))
    # Ten times 1e-7, the largest movement; ten times 1e-6 over the root of 25, and of 4.
    expected = pytest.approx([1e-6, 2e-6, 5e-6], rel=1e-6)
    assert allowed(rows, SCORES, limits, ["recompute"] * 3).tolist() == expected


def test_no_number_of_values_widens_a_tolerance_beyond_its_bound(tmp_path):
    one, other = (means(tmp_path, ("test", value, 10**8)) for value in (0.5, 0.5 + 9e-8))
    found = scaled_movement(one, other).assign(kind="same weights", variant="avx2")
    rows = means(tmp_path, ("gap", 0, 1))
    assert allowed(rows, SCORES, from_envelope(found), ["recompute"]).tolist() == [1e-4]


def test_a_changed_digit_in_the_reference_would_be_found():
    """The shipped tolerances lie far below the spread of seeds, in each region and metric."""
    envelope = pd.read_csv(ENVELOPE / "envelope.csv").query("kind == 'other seed'")
    limits = tolerances.read(ENVELOPE / "tolerances.csv")
    spread = envelope.set_index(["protocol", "region", "metric"])["moved"]
    for path in sorted(REFERENCE.glob("metrics/*/*.csv")):
        if path.name.endswith((".differences.csv", ".uncertainty.csv", ".land_cover.csv")):
            continue
        table = scores.read(path, SCORES).query("n >= 10")  # of fewer, one pixel moves the entropy
        kinds = ["recompute"] * len(table)
        found = table.assign(allowed=allowed(table, SCORES, limits, kinds)).reset_index()
        found = found.join(spread, on=["protocol", "region", "metric"])
        seen = found[found["moved"] > 0]
        assert len(seen) > 50
        many = seen["n"] > 2000
        assert (seen["allowed"] < 0.03 * seen["moved"])[many].all()
        assert (seen["allowed"] < 0.5 * seen["moved"])[~many].all()


def test_no_table_of_tolerances_is_wider_than_the_bounds(tmp_path):
    path = tmp_path / "tolerances.csv"
    row = ("cloud_gap", "gap", "rmse", 1e-7, 0.01, 10, 2)
    pd.DataFrame([row], columns=tolerances.COLUMNS).to_csv(path, index=False)
    assert len(tolerances.read(path)) == 1
    for column, value in ((3, 2e-6), (4, 0.06)):
        wider = [*row[:column], value, *row[column + 1 :]]
        pd.DataFrame([wider], columns=tolerances.COLUMNS).to_csv(path, index=False)
        with pytest.raises(StudyError, match="of rmse are wider than .* the bounds in verify"):
            tolerances.read(path)


# Verdicts


def write_verdicts(folder, *rows):
    table = pd.DataFrame(rows, columns=["claim", "band", "verdict", "p", "p_opposite"]).assign(
        protocol="cloud_gap", site="here", metric="rmse", left="", right=""
    )
    return write_table(folder, table, "tables/claims.csv")


def test_verdicts_must_be_the_same(tmp_path):
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    rows = [("C1", "red", "reproduced", 0.001, 1), ("C1", "overall", "not shown", None, None)]
    write_verdicts(ours, *rows)
    write_verdicts(theirs, *rows)
    assert verdicts.compare_verdicts(ours, theirs) == "1 claims, the same verdicts"
    write_verdicts(theirs, rows[0], ("C1", "overall", "reproduced", None, None))
    with pytest.raises(
        StudyError, match="C1 cloud_gap here overall rmse: not shown here, reproduced"
    ):
        verdicts.compare_verdicts(ours, theirs)
    write_verdicts(theirs, *rows, ("C2", "overall", "reproduced", None, None))
    with pytest.raises(StudyError, match="C2 .* nothing here, reproduced there"):
        verdicts.compare_verdicts(ours, theirs)
    (theirs / "tables/claims.csv").write_bytes(b"verdict\nyes\n")
    with pytest.raises(StudyError, match="not a table of verdicts"):
        verdicts.compare_verdicts(ours, theirs)


@pytest.mark.parametrize("order", [1, -1], ids=["ours shown", "theirs shown"])
def test_a_verdict_on_the_edge_may_differ_and_is_named(tmp_path, order):
    # p-values of the demo's S3, trained with AVX2 and with AVX-512
    shown = [("S3", "blue", "contradicted", 1, 0.0145), ("S3", "overall", "contradicted", "", "")]
    open_ = [("S3", "blue", "not shown", 1, 0.0270), ("S3", "overall", "not shown", "", "")]
    for folder, rows in zip(("ours", "theirs"), [shown, open_][::order], strict=True):
        write_verdicts(tmp_path / folder, *rows)
    note = verdicts.compare_verdicts(tmp_path / "ours", tmp_path / "theirs")
    here, there = ["contradicted", "not shown"][::order]
    assert note == (
        "1 claims, the same verdicts except on the edge;"
        f" S3 cloud_gap here blue rmse: {here} here, {there} there"
    )


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (("contradicted", 1, 0.0145), ("not shown", 1, 0.08)),  # theirs is not close to 2.5 %
        (("contradicted", 1, 0.008), ("not shown", 1, 0.027)),  # ours is not
        (("reproduced", 0.02, 0.02), ("contradicted", 0.02, 0.02)),  # one is the opposite
        (("contradicted", 0.02, 0.001), ("not shown", 0.02, 0.027)),  # on the other side
        (("reproduced", 0.02, 1), ("not tested", None, None)),
        (("reproduced", "x", 1), ("not shown", 0.03, 1)),
    ],
)
def test_other_verdicts_may_not(tmp_path, ours, theirs):
    for folder, row in (("ours", ours), ("theirs", theirs)):
        write_verdicts(tmp_path / folder, ("S3", "blue", *row))
    with pytest.raises(StudyError, match=f"S3 .* {ours[0]} here, {theirs[0]} there"):
        verdicts.compare_verdicts(tmp_path / "ours", tmp_path / "theirs")


def judged(*rows):
    """Verdicts of a claim C1 on cloud_gap, as claims.judge returns them."""
    table = pd.DataFrame(rows, columns=["band", "difference", "low", "high", "verdict"])
    place = {"claim": "C1", "protocol": "cloud_gap", "region": "gap", "metric": "rmse"}
    return table.assign(site="here", left="a", right="b", smallest=0.0032, **place)


def test_a_verdict_rests_on_what_is_nearest_to_0():
    rows = judged(
        ("red", -0.02, -0.03, -0.004, "reproduced"),
        ("blue", 0.01, 0.003, 0.02, "contradicted"),
        ("green", np.nan, np.nan, np.nan, "not tested"),
    )
    found = verdicts.margins(rows)
    # The blue one's low end: 0.003 from 0, but nearer to the smallest effect of interest.
    assert found == {("here", "cloud_gap", "gap", "rmse"): (pytest.approx(0.0002), "C1")}


def test_no_tolerance_may_hide_a_verdict():
    place = ("here", "cloud_gap", "gap", "rmse")
    index = pd.MultiIndex.from_tuples(
        [place, ("here", "cloud_gap", "gap", "cc")], names=verdicts.PLACE
    )
    table, found = pd.DataFrame({"difference": [0.01, 0.5]}, index), {place: (0.004, "C1")}
    share = verdicts.share_of_margins(table, np.array([1e-4, 9]), found)
    assert share == pytest.approx(0.025)
    assert verdicts.share_of_margins(table, np.array([1e-4, 9]), {}) is None
    with pytest.raises(StudyError, match="0.004 of rmse could hide another verdict on C1"):
        verdicts.share_of_margins(table, np.array([0.004, 9]), found)


def test_verdicts_are_those_of_the_scores_made_here():
    rows = judged(
        ("red", -0.02, -0.03, -0.004, "reproduced"),
        ("blue", np.nan, np.nan, np.nan, "not tested"),  # no models of it
        ("overall", np.nan, np.nan, np.nan, "not tested"),
    )
    sent = rows.assign(verdict=["reproduced", "reproduced", "reproduced"])
    assert verdicts.check_judged(rows, sent).startswith("1 of 3 were judged again from the scores")
    with pytest.raises(
        StudyError, match="C1 cloud_gap here red rmse a b: reproduced from the scores made"
    ):
        verdicts.check_judged(rows, sent.assign(verdict="contradicted"))


def test_each_reading_is_judged_again():
    """A reading that is not tested here says nothing about the others of its claim."""
    lacking = judged(("overall", np.nan, np.nan, np.nan, "not tested"))
    rows = judged(("overall", np.nan, np.nan, np.nan, "reproduced")).assign(protocol="denoise")
    both = pd.concat([lacking, rows])
    assert verdicts.check_judged(both, both.assign(verdict="reproduced")).startswith("1 of 2")
    with pytest.raises(StudyError, match="C1 denoise here overall .* contradicted from those sent"):
        verdicts.check_judged(both, both.assign(verdict="contradicted"))


# Spot checks


@given(st.integers(1, 30), st.integers(0, 30), st.integers(0, 30))
def test_the_chance_to_miss_a_forgery_is_counted(models, drawn, forged):
    """Against a closed form: one after the other, forged models are among those not drawn."""
    drawn, forged = min(drawn, models), min(forged, models)
    chance = 1.0
    for number in range(forged):
        chance *= max(0, models - drawn - number) / (models - number)
    assert spot.missed(models, drawn, forged) == pytest.approx(chance)


def test_the_dice_decide_alone_what_is_drawn():
    names = [f"model{number}" for number in range(20)]
    assert spot.draw(names, 3, "7") == spot.draw(names, 3, "7")
    assert len(set(map(tuple, (spot.draw(names, 3, str(dice)) for dice in range(9))))) > 5
    assert spot.draw(names[:2], 3, "7") == names[:2]
    assert spot.draw(names, 0, "7") == []


@pytest.mark.parametrize(("updates", "usual"), [(999, 3), (1000, 1)])
def test_fewer_models_are_drawn_where_training_is_long(updates, usual):
    study = STUDY | {"training": STUDY["training"] | {"updates": updates}}
    names = sorted(every_model(study))
    assert spot.draw_lacking(study, set(), 2, "7") == spot.draw(spot.lacking(study, set()), 2, "7")
    assert len(spot.draw_lacking(study, set(), None, "7")) == usual
    assert spot.draw_lacking(study, {*names[2:]}, 5, "7") == names[:2]
