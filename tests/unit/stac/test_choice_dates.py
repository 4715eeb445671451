"""The other dates that are chosen besides the pair."""

from dataclasses import replace

from choice_data import grid, optical, quality, radar
from choosing import names, pick, row
from rasterio.transform import Affine

DATED = {"other_dates": {"count": 2, "window_days": 40, "min_clear": 0.5}}


def taken(choice):
    return [each.name for each in choice.dates]


def dated(items, **changed):
    """A choice of "scene" on day 0 with other dates, of which all but some are clear."""
    answers = {item.id: quality(flagged=0.25) for item in items} | {"scene": quality()}
    wanted = {"other_dates": DATED["other_dates"] | changed}
    return pick([optical("scene"), *items], [radar("r")], answers, **wanted)


def test_other_dates_are_the_nearest_before_and_after_in_order():
    items = [optical("a", 32), optical("b", 8), optical("c", 16)]
    choice = dated(items, count=2)
    assert names(choice) == ("scene", "r")
    assert taken(choice) == ["b", "c"]
    assert row(choice, "b")["verdict"] == "other date"
    assert row(choice, "b")["reason"].startswith("75% of the area clear, 8.00 days from the scene")
    assert row(choice, "a")["verdict"] in ("refused", "gap mask")
    assert taken(dated(items, count=5)) == ["b", "c", "a"]


def test_without_other_dates_none_is_taken():
    choice = pick(
        [optical("scene"), optical("b", 8)], [radar("r")], {"scene": quality(), "b": quality()}
    )
    assert taken(choice) == []
    assert "other date" not in set(choice.table["verdict"])


def test_other_dates_lie_within_the_window_and_are_partly_clear():
    items = [optical("far", 41), optical("near", 39)]
    assert taken(dated(items)) == ["near"]
    assert taken(dated(items, min_clear=0.75)) == ["near"]
    none = dated(items, min_clear=0.76)
    assert taken(none) == []
    assert none.warnings == (
        "no other optical date within 40 days is clear over 76% of the area: gaps are not filled"
        " from other dates",
    )


def test_the_same_path_comes_before_a_nearer_date_whichever_satellite():
    items = [
        optical("beside", 7, track="landsat-9 path 126"),
        optical("same", 16, track="landsat-8 path 127"),
    ]
    assert taken(dated(items, count=1)) == ["same"]
    assert taken(dated(items)) == ["beside", "same"]


def test_other_pixels_come_last():
    other = (
        quality(flagged=0.25)[0],
        replace(grid(), transform=grid().transform * Affine.translation(0.5, 0)),
    )
    items = [optical("shifted", 8), optical("same", 24, track="landsat-9 path 126")]
    answers = {"scene": quality(), "shifted": other, "same": quality(flagged=0.25)}
    wanted = {"other_dates": DATED["other_dates"] | {"count": 1}}
    choice = pick([optical("scene"), *items], [radar("r")], answers, **wanted)
    assert taken(choice) == ["same"]


def test_other_dates_may_lie_outside_the_period_and_the_scene_may_not():
    items = [optical("before", -8, cloud=0), optical("scene")]
    answers = {"before": quality(), "scene": quality(flagged=0.0625)}
    choice = pick(items, [radar("r", -8), radar("s", 1)], answers, **DATED)
    assert names(choice) == ("scene", "s")
    assert taken(choice) == ["before"]
    late = [*items, optical("late", -30)]
    choice = pick(late, [radar("s", 1)], answers | {"late": quality(flagged=0.75)}, **DATED)
    assert row(choice, "late")["verdict"] == "refused"
    assert row(choice, "late")["reason"].startswith("outside the period")


def test_of_one_day_one_date_is_taken():
    items = [optical("a", 16, track="landsat-9 path 126"), optical("b", 16.01)]
    assert taken(dated(items)) == ["b"]


def test_other_dates_at_fault_are_left_for_others():
    items = [optical("a", 0), optical("near", 8, track="x"), optical("far", 24, track="y")]
    answers = {"a": quality(), "near": quality(flagged=0.5), "far": quality(flagged=0.5)}
    site = {"other_dates": {"count": 1, "window_days": 60, "min_clear": 0.3}}
    site["gap_shapes"] = "simulated"
    (date,) = pick(items, [radar("r", 1)], answers, **site).dates
    assert date.name == "near"
    choice = pick(items, [radar("r", 1)], answers, faults={"near": "red of near: gone"}, **site)
    assert [each.name for each in choice.dates] == ["far"]
    assert row(choice, "near")["reason"] == "red of near: gone"
