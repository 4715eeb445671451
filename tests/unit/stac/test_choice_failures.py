"""The line and the table that say why no pair can be chosen, and items that are left out."""

import pytest
from choice_data import MASK, NOON, SITE, Reader, files, optical, quality, radar
from choosing import COLUMNS, failure, names, pick, row, western
from sarfusion.scenes.stac.choice import NoPair, choose
from sarfusion.scenes.stac.items import Refused
from sarfusion.scenes.stac.network import Broken, Unavailable


def test_radar_over_less_than_half_is_of_no_use():
    line, table = failure(
        [optical("a")], [radar("r1", 3, western(0.3)), radar("r2", 2, western(0.4))], {}
    )
    assert line == (
        "no SAR pass covers 50% of the area; the best of 2 passes, 2023-11-03, covers 40.0%:"
        " move the area, or widen the orbit or the period"
    )
    assert list(table["reason"]) == ["it covers 40.0% of the area", "it covers 30.0% of the area"]


def test_as_many_days_as_allowed_are_allowed():
    assert names(pick([optical("a")], [radar("r", -12)], {"a": quality()})) == ("a", "r")
    line, table = failure([optical("a")], [radar("r", -12.25)], {"a": quality()})
    assert line == (
        "no SAR pass within 12 days of the 1 clear optical date: the nearest, 2023-10-20, is 12.2"
        " days from 2023-11-01; widen the period, max_days_apart or the orbit"
    )
    assert dict(zip(table["items"], table["reason"], strict=True)) == {
        "a": "no SAR pass over the area within 12 days",
        "r": "more than 12 days from every clear optical date",
    }


def test_the_nearest_pair_is_named_where_none_is_near_enough():
    items, radars = [optical("a", 0), optical("b", 48)], [radar("r", 18), radar("s", 31)]
    line, _ = failure(items, radars, {"a": quality(), "b": quality()})
    assert "2 clear optical dates: the nearest, 2023-12-02, is 17.0 days from 2023-12-19" in line


def test_as_much_masked_as_allowed_is_allowed():
    share = {"a": quality(flagged=12 / 128)}
    assert pick([optical("a")], [radar("r")], share, max_masked=12 / 128).optical.name == "a"
    line, table = failure([optical("a")], [radar("r")], share, max_masked=0.09)
    assert "max_masked is 9.0%" in line
    assert list(table["reason"]) == [
        "9.4% of the area is masked or not shown, more than 9.0%",
        "no optical date to pair it with",
    ]


def test_the_clearest_date_is_named_where_none_is_clear_enough():
    answers = {f"i{n}": quality(flagged=(32 + 16 * (n % 5)) / 128) for n in (1, 2, 3, 4)}
    items = [optical(name, 16 * number) for number, name in enumerate(answers)]
    line, _ = failure(items, [radar("r")], answers)
    assert line == (
        "no optical date is clear enough: the clearest of 4 dates, 2023-11-01, has 37.5% of the"
        " area masked or not shown, max_masked is 10.0%; widen the period or raise max_masked"
    )


def test_fill_counts_against_a_pass_like_cloud():
    line, _ = failure([optical("a")], [radar("r")], {"a": quality(fill=0.25)})
    assert "has 25.0% of the area masked or not shown" in line


def test_nothing_found():
    line, table = failure([], [radar("r")], {})
    assert line == (
        "the catalogue has no optical item over the area from 2023-11-01 to 2024-02-29; widen the"
        " period, or check the area and the collection"
    )
    assert list(table["items"]) == ["r"]
    line, table = failure([optical("a")], [], {})
    assert line == (
        "the catalogue has no SAR item over the area from 2023-11-01 to 2024-02-29; widen the"
        " orbit or the period, or check the area and the collection"
    )
    assert list(table.columns) == COLUMNS
    assert len(table) == 0


def test_nothing_usable():
    refused = [
        Refused("sar", f"S1{letter}", "it has no asset 'vh' (it has vv)", NOON) for letter in "BA"
    ]
    line, table = failure([optical("a")], [radar("up")], {}, refused, orbit="descending")
    assert line == (
        "none of the 3 SAR items from 2023-11-01 to 2024-02-29 can be used, such as S1A: it has no"
        " asset 'vh' (it has vv); widen the orbit or the period, or see the table of candidates"
    )
    assert list(table["items"]) == ["S1A", "S1B", "up"]
    line, _ = failure(
        [optical("a")], [radar("r")], {"a": Broken("qa_pixel of a: cut short")}, refused
    )
    assert line == (
        "none of the 1 optical item from 2023-11-01 to 2024-02-29 can be used, such as a:"
        " qa_pixel of a: cut short; widen the period, or see the table of candidates"
    )


def test_nothing_is_read_where_there_is_no_radar():
    reader = Reader(a=quality())
    with pytest.raises(NoPair):
        choose(SITE, MASK, [optical("a")], [], files(reader))
    assert reader.asked == []


def test_a_quality_band_that_cannot_be_read_now_stops_the_choice():
    answers = {"a": quality(), "b": Unavailable("b: 429 Too Many Requests")}
    with pytest.raises(Unavailable, match="429"):
        pick([optical("a"), optical("b", 16)], [radar("r")], answers)


def test_a_damaged_item_is_left_out_and_stands_in_the_table():
    answers = {"a": Broken("qa_pixel of a: cut short"), "b": quality(flagged=8 / 128)}
    choice = pick([optical("a"), optical("b", 16)], [radar("r", 16)], answers)
    assert choice.optical.name == "b"
    assert row(choice, "a")["verdict"] == "refused"
    assert row(choice, "a")["reason"] == "qa_pixel of a: cut short"
    assert row(choice, "a")["scene_cloud_percent"] == 10


def test_a_pass_whose_files_are_at_fault_is_set_aside():
    items = [optical("best", 0), optical("next", 16), optical("last", 32)]
    answers = {"best": quality(), "next": quality(), "last": quality(flagged=1 / 16)}
    faults = {"best": "red of best: gone", "next": "blue of next has no data in 9.0% of the area"}
    sar = [radar("r1", 1), radar("r2", 17), radar("r3", 33)]
    choice = pick(items, sar, answers, faults=faults)
    assert names(choice) == ("last", "r3")
    assert row(choice, "best")["verdict"] == row(choice, "next")["verdict"] == "refused"
    assert row(choice, "best")["reason"] == "red of best: gone"
    assert choice.warnings[:2] == tuple(f"{name} is not used: {faults[name]}" for name in faults)
    line, table = failure(items, sar, answers, faults={**faults, "last": "green of last: gone"})
    assert line.startswith("no optical date that is clear enough has usable files, for example:")
    assert set(table.set_index("items").loc[["best", "next", "last"], "verdict"]) == {"refused"}
