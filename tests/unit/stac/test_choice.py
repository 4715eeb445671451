"""The pair that is chosen, the table that says why, and the line that says what to widen."""

from dataclasses import replace

import numpy as np
import pytest
from choice_data import (
    AREA,
    CLEAR,
    MASK,
    NOON,
    SITE,
    STEP,
    Reader,
    box,
    files,
    grid,
    optical,
    quality,
    radar,
    see,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.transform import Affine
from sarfusion.core.grid import Grid
from sarfusion.scenes.stac.choice import NoPair, choose
from sarfusion.scenes.stac.items import Refused
from sarfusion.scenes.stac.network import Broken, Unavailable

COLUMNS = [
    "sensor",
    "date",
    "pass",
    "items",
    "scene_cloud_percent",
    "coverage",
    "masked",
    "days_apart",
    "verdict",
    "reason",
]


def western(share):
    """A footprint over the western `share` of the area."""
    west, south, east, north = AREA
    return box(west - 1, south - 1, west + share * (east - west), north + 1)


def pick(optical_items, sar_items, answers, refused=(), radar=see, faults=(), **site):
    """choose() with a Reader of `answers`; radar, faults: see choice_data.files."""
    made = files(Reader(**answers), radar, faults)
    return choose({**SITE, **site}, MASK, optical_items, sar_items, made, refused)


def row(choice, name):
    """One row of the table, as a dictionary without missing values."""
    table = choice.table.set_index("items")
    return {key: value for key, value in table.loc[name].items() if value == value}


def names(choice):
    """The chosen items."""
    return choice.optical.name, choice.sar.name


def failure(*args, **kwargs):
    """The one-line message and the table of a choice that cannot be made."""
    with pytest.raises(NoPair) as caught:
        pick(*args, **kwargs)
    assert "\n" not in str(caught.value)
    return str(caught.value), caught.value.table


def test_the_choice_and_its_table():
    choice = pick(
        [optical("clear", 0, 60), optical("hazy", 16, 1), optical("gone", 32, 5)],
        [radar("r1", 2), radar("r2", 14.5, orbit="descending"), radar("r3", 80)],
        {
            "clear": quality(flagged=1 / 32),
            "hazy": quality(flagged=1 / 16),
            "gone": quality(flagged=0.25, fill=1 / 128),
        },
        [Refused("sar", "../../x", "the id ../../x is not a plain name", None)],
    )
    assert names(choice) == ("clear", "r1")
    assert choice.optical.unusable == 1 / 32
    assert choice.sar.days_apart == 2
    assert choice.cloudy.name == "gone"
    assert choice.optical.grid == grid()
    assert choice.sar.grid == grid()
    assert choice.warnings == ()

    table = choice.table
    assert list(table.columns) == COLUMNS
    assert list(table["sensor"]) == ["optical"] * 3 + ["sar"] * 4
    assert list(table["date"]) == sorted(table["date"][:3]) + sorted(table["date"][3:])
    assert row(choice, "clear") == {
        "sensor": "optical",
        "date": "2023-11-01T12:00:00Z",
        "pass": "landsat-9 path 127",
        "scene_cloud_percent": 60,
        "coverage": 1,
        "masked": 0.0312,
        "days_apart": 2,
        "verdict": "chosen",
        "reason": "3.1% of the area unusable, SAR 2.00 days apart",
    }
    assert row(choice, "hazy")["verdict"] == "candidate"
    assert row(choice, "hazy")["reason"] == "share of the area unusable: 6%, chosen: 3%"
    assert row(choice, "hazy")["days_apart"] == 1.5
    assert row(choice, "gone")["verdict"] == "gap mask"
    assert row(choice, "gone")["reason"] == "clouds over 25% of the area"
    assert row(choice, "r1")["verdict"] == "chosen"
    assert row(choice, "r1")["reason"] == "2.00 days from the chosen optical date"
    assert row(choice, "r2")["verdict"] == "candidate"
    assert row(choice, "r2")["reason"] == "14.50 days from the chosen optical date"
    assert row(choice, "r2")["days_apart"] == 14.5
    assert row(choice, "r3")["verdict"] == "refused"
    assert row(choice, "r3")["reason"] == "more than 12 days from every clear optical date"
    assert row(choice, "../../x") == {
        "sensor": "sar",
        "date": "",
        "pass": "",
        "verdict": "refused",
        "reason": "the id ../../x is not a plain name",
    }


def test_cloud_over_the_area_counts_and_not_that_of_the_scene():
    choice = pick(
        [optical("scene", 0, 1.0), optical("area", 16, 90.0)],
        [radar("r1", 0), radar("r2", 16)],
        {"scene": quality(flagged=5 / 128), "area": quality(flagged=2 / 128)},
    )
    assert names(choice) == ("area", "r2")


def test_nearer_radar_does_not_outweigh_clouds_but_equal_percents_do():
    # 2/128 is 1.6 % and 3/128 is 2.3 %: both are 2 % in whole percent.
    items = [optical("a", 0), optical("b", 16)]
    radars = [radar("r1", 5), radar("r2", 17)]
    equal = {"a": quality(flagged=2 / 128), "b": quality(flagged=3 / 128)}
    choice = pick(items, radars, equal)
    assert names(choice) == ("b", "r2")
    assert row(choice, "a")["reason"] == "whole days between optical and SAR: 5, chosen: 1"
    worse = {**equal, "b": quality(flagged=4 / 128)}
    assert names(pick(items, radars, worse)) == ("a", "r1")


def test_equal_days_leave_it_to_the_exact_share_and_then_to_the_earlier_date():
    items, radars = [optical("a", 0), optical("b", 16)], [radar("r1", 1), radar("r2", 17)]
    choice = pick(items, radars, {"a": quality(flagged=3 / 128), "b": quality(flagged=2 / 128)})
    assert names(choice) == ("b", "r2")
    reason = "share of the area unusable: 2.344%, chosen: 1.562%"
    assert row(choice, "a")["reason"] == reason
    choice = pick(items, radars, {"a": quality(), "b": quality()})
    assert names(choice) == ("a", "r1")
    assert row(choice, "b")["reason"] == "date: 2023-11-17, chosen: 2023-11-01"


def test_at_last_the_ids_decide():
    items = [optical("b", track="landsat-8 path 1"), optical("a", track="landsat-9 path 1")]
    choice = pick(items, [radar("s"), radar("r")], {"a": quality(), "b": quality()})
    assert names(choice) == ("a", "r")
    assert row(choice, "s")["reason"] == "items: s, chosen: r"


def test_radar_that_covers_the_area_is_taken_before_nearer_radar_that_does_not():
    radars = [radar("near", 1, western(0.75)), radar("full", 11)]
    choice = pick([optical("a")], radars, {"a": quality()})
    assert names(choice) == ("a", "full")
    assert row(choice, "near")["coverage"] == 0.75
    assert row(choice, "near")["reason"] == "share of the area covered: 75.0%, chosen: 100.0%"


def test_an_optical_date_with_full_radar_beside_it_is_taken_first():
    choice = pick(
        [optical("a", 0), optical("b", 30)],
        [radar("near", 0, western(0.75)), radar("full", 40)],
        {"a": quality(), "b": quality()},
    )
    assert names(choice) == ("b", "full")
    assert row(choice, "a")["reason"] == (
        "share of the area that SAR covers: 75.0%, chosen: 100.0%"
    )


def test_radar_over_half_of_the_area_is_the_last_resort_with_a_warning():
    choice = pick(
        [optical("a")], [radar("half", 3, western(0.5))], {"a": quality()}, gap_shapes="simulated"
    )
    assert choice.sar.coverage == 0.5
    assert choice.warnings == (
        "the SAR pass of 2023-11-04 covers 50.0% of the area; the rest will have no data",
    )


def test_full_coverage_leaves_room_for_how_footprints_are_drawn():
    choice = pick([optical("a")], [radar("r", 3, western(0.9993))], {"a": quality()})
    assert not any("covers" in warning for warning in choice.warnings)
    choice = pick([optical("a")], [radar("r", 3, western(0.998))], {"a": quality()})
    assert any("covers 99.8%" in warning for warning in choice.warnings)


def test_radar_over_less_than_half_is_of_no_use():
    line, table = failure(
        [optical("a")], [radar("r1", 3, western(0.3)), radar("r2", 2, western(0.4))], {}
    )
    assert line == (
        "no SAR pass covers 50% of the area; the best of 2 passes, 2023-11-03, covers 40.0%:"
        " move the area, or widen the orbit or the period"
    )
    assert list(table["reason"]) == ["it covers 40.0% of the area", "it covers 30.0% of the area"]


def test_slices_of_the_radar_are_pasted():
    west, south, east, north = AREA
    lower, upper = box(west, south - 1, east, 21.05), box(west, 21.04, east, north + 1)
    slices = [
        radar("lower", 1, lower, track="s1"),
        radar("upper", 1.0003, upper, track="s1"),
        radar("other", 0.9, western(0.9)),
    ]
    choice = pick([optical("a")], slices, {"a": quality()})
    assert names(choice) == ("a", "upper lower")
    assert choice.sar.coverage == 1


def test_the_orbit_is_a_condition():
    radars = [radar("up", 1, orbit="ascending"), radar("down", 5, orbit="descending")]
    assert names(pick([optical("a")], radars, {"a": quality()}))[1] == "up"
    choice = pick([optical("a")], radars, {"a": quality()}, orbit="descending")
    assert names(choice)[1] == "down"
    assert row(choice, "up")["reason"] == "its orbit is ascending, not descending"


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


def test_adjacent_items_are_pasted_and_stand_in_one_row():
    lower, upper = grid(row=64, height=64), grid(height=64)
    clear = np.full((64, 128), CLEAR, np.uint16)
    choice = pick(
        [optical("row46", 0.0003, 30), optical("row45", 0, 10)],
        [radar("r")],
        {"row45": (clear, upper), "row46": (clear, lower)},
    )
    assert choice.optical.name == "row45 row46"
    assert choice.optical.unusable == 0
    assert row(choice, "row45 row46")["scene_cloud_percent"] == 20


CLOUDY = {
    "chosen": quality(),
    "light": quality(flagged=13 / 128),
    "heavy": quality(flagged=77 / 128),
    "near": quality(flagged=40 / 128),
}


def cloudy(answers, **site):
    """The name of the gap mask among items with these answers, a day apart."""
    items = [optical(name, day, track=name) for day, name in enumerate(answers)]
    choice = pick(items, [radar("r")], answers, **site)
    assert choice.optical.name == "chosen"
    return choice.cloudy and choice.cloudy.name


def test_the_gap_mask_is_the_date_nearest_to_three_tenths_masked():
    assert cloudy(CLOUDY) == "near"
    assert cloudy({name: CLOUDY[name] for name in ("chosen", "light", "heavy")}) == "light"


@pytest.mark.parametrize(
    "other",
    [
        quality(flagged=12 / 128),  # 9 %
        quality(flagged=77 / 128),  # 60.2 %
        quality(flagged=0.3, fill=2 / 128),  # a date that lacks 1.6 % of the area
    ],
)
def test_without_clouds_that_can_serve_there_is_no_gap_mask(other):
    items = [optical("chosen"), optical("other", 16)]
    choice = pick(items, [radar("r")], {"chosen": quality(), "other": other})
    assert choice.cloudy is None
    assert choice.warnings == ("no other optical date has clouds that can serve as the gap mask",)


def test_the_chosen_date_is_not_its_own_gap_mask():
    choice = pick([optical("a")], [radar("r")], {"a": quality(flagged=0.25)}, max_masked=0.5)
    assert choice.cloudy is None


def test_no_gap_mask_is_looked_for_where_gaps_are_simulated():
    assert cloudy(CLOUDY, gap_shapes="simulated") is None
    items = [optical("chosen")]
    choice = pick(items, [radar("r")], CLOUDY, gap_shapes="simulated")
    assert choice.warnings == ()


def test_a_gap_mask_on_the_chosen_pixels_is_preferred():
    numbers, where = CLOUDY["near"]
    shifted = replace(where, transform=where.transform @ Affine.translation(0.5, 0.5))
    wide = replace(shifted, transform=shifted.transform @ Affine.translation(-1, -1))
    wide = replace(wide, height=129, width=129)
    padded = np.pad(numbers, (0, 1), mode="edge")
    assert wide.transform.c == AREA[0] - STEP / 2
    answers = {**CLOUDY, "near": (padded, wide)}
    assert cloudy({"chosen": answers["chosen"], "near": answers["near"]}) == "near"
    assert cloudy(answers) == "light"


SCENES = st.lists(
    st.tuples(
        st.integers(0, 6),  # days
        st.sampled_from([0, 1, 2, 3, 8, 14, 40]),  # rows of 128 under cloud
        st.sampled_from([0, 1]),  # rows of fill
        st.integers(0, 9).map(lambda tenth: 10.0 * tenth),  # scene cloud
    ),
    min_size=1,
    max_size=4,
)
RADARS = st.lists(
    st.tuples(st.integers(-4, 10), st.sampled_from([0.4, 0.75, 1.0]), st.booleans()),
    min_size=1,
    max_size=4,
)


@settings(max_examples=40, deadline=None)
@given(SCENES, RADARS, st.randoms())
def test_the_order_of_items_does_not_matter(scenes, radars, random):
    answers, items = {}, []
    for number, (day, cloud, fill, scene) in enumerate(scenes):
        answers[f"o{number}"] = quality(flagged=cloud / 128, fill=fill / 128)
        items.append(optical(f"o{number}", day, scene, track=f"path {number}"))
    slices = [
        radar(f"r{number}", day, western(share), "ascending" if up else "descending")
        for number, (day, share, up) in enumerate(radars)
    ]

    def outcome(optical_items, sar_items):
        reader = Reader(**answers)
        try:
            choice = choose(
                {**SITE, "max_days_apart": 3, "orbit": "ascending"},
                MASK,
                optical_items,
                sar_items,
                files(reader),
            )
        except NoPair as error:
            return str(error), error.table
        named = choice.cloudy and choice.cloudy.name
        return (choice.optical, choice.sar, named, choice.warnings), choice.table

    first, table = outcome(items, slices)
    assert len(table) >= len(slices)
    random.shuffle(items)
    random.shuffle(slices)
    second, other = outcome(items, slices)
    assert first == second
    assert table.equals(other)
    shares = table[["coverage", "masked"]].to_numpy()
    assert np.all(np.isnan(shares) | ((shares >= 0) & (shares <= 1)))
    if not isinstance(first, str):
        # No pair is better by the rule: the chosen one lacks no more, in whole percent, than any
        # clear date that has radar over half of the area within three days.
        for number, (day, cloud, fill, _) in enumerate(scenes):
            near = any(
                up and share >= 0.5 and abs(day - radar_day) <= 3 for radar_day, share, up in radars
            )
            lacking = (cloud + fill) / 128
            if near and lacking <= 0.1:
                assert round(100 * first[0].unusable) <= round(100 * lacking), number


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


# Further passes of the radar


def passing(count, *others, **site):
    """A choice of "scene" on day 0 with "r" on day 1, and others to average with it."""
    ours = radar("r", 1, track="sentinel-1a orbit 018 direction ascending take A")
    answers = {"scene": quality()}
    site = {"passes": count, "gap_shapes": "simulated", **site}
    return pick([optical("scene")], [ours, *others], answers, **site)


def pass_on(day, orbit="018", **more):
    """Another pass of a satellite over a relative orbit."""
    track = f"sentinel-1c orbit {orbit} direction ascending take {day}"
    return radar(f"on {day}", day, track=track, **more)


def averaged(choice):
    return [each.name for each in choice.further]


def test_further_passes_are_the_nearest_of_the_relative_orbit_in_order():
    others = [pass_on(13), pass_on(-11), pass_on(25), pass_on(-5, orbit="091")]
    choice = passing(3, *others)
    assert choice.sar.name == "r"
    assert averaged(choice) == ["on -11", "on 13"]
    assert [each.days_apart for each in choice.further] == [11, 13]
    assert row(choice, "on 13")["verdict"] == "averaged"
    assert row(choice, "on 13")["reason"] == "relative orbit 018, 13.00 days from the optical date"
    assert row(choice, "on -5")["verdict"] == "candidate"
    assert choice.warnings == ()
    assert averaged(passing(4, *others)) == ["on -11", "on 13", "on 25"]


def test_one_pass_has_no_further_ones():
    assert averaged(passing(1, pass_on(13))) == []
    assert averaged(pick([optical("scene")], [radar("r")], {"scene": quality()})) == []


def test_further_passes_lie_within_a_repeat_cycle_each():
    choice = passing(2, pass_on(25), max_days_apart=12)
    assert averaged(choice) == []
    assert choice.warnings == (
        "SAR is the mean of 1 instead of 2 passes: no other of its relative orbit has its pixels"
        " within 24 days",
    )
    assert averaged(passing(2, pass_on(24), max_days_apart=12)) == ["on 24"]


def test_passes_on_other_pixels_or_over_little_of_the_area_are_not_averaged():
    shifted = grid()
    shifted = Grid(shifted.crs, shifted.transform @ Affine.translation(0.5, 0), *shifted.shape)
    assert averaged(passing(2, pass_on(13, geometry=western(0.4)), pass_on(7, where=shifted))) == []


def test_of_one_day_one_pass_is_averaged():
    assert averaged(passing(3, pass_on(13), pass_on(13.2), pass_on(-11))) == ["on -11", "on 13"]


def test_without_a_stated_orbit_nothing_is_averaged():
    items = [radar("r"), radar("s", 12)]
    wanted = {"passes": 2, "gap_shapes": "simulated"}
    choice = pick([optical("scene")], items, {"scene": quality()}, **wanted)
    assert averaged(choice) == []
    assert len(choice.warnings) == 1


def halves(days, name):
    """Two SAR items of one pass that show the area together."""
    west, south, east, north = AREA
    middle = (west + east) / 2
    sides = box(west - 1, south - 1, middle, north + 1), box(middle, south - 1, east + 1, north + 1)
    return [
        radar(f"{name}{number}", days + number / 86400, side, track=name)
        for number, side in enumerate(sides)
    ]


def test_one_frame_is_preferred_to_two_of_as_many_whole_days():
    answers = {"a": quality()}
    near, whole = halves(1.0, "near"), radar("whole", 1.3)
    choice = pick([optical("a", 0)], [*near, whole], answers)
    assert choice.sar.name == "whole"
    assert row(choice, "near0 near1")["reason"] == "frames of SAR: 2, chosen: 1"
    farther = radar("farther", 2.3)
    assert pick([optical("a", 0)], [*near, farther], answers).sar.name == "near0 near1"


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


def test_items_that_state_another_grid_than_their_files_are_told_once():
    stated = {"r1": grid(row=-3), "r2": None}
    sar = [radar("r1", 1), radar("r2", 2), radar("r3", 3)]
    sar = [replace(item, grid=stated.get(item.id, item.grid)) for item in sar]
    sar[1] = replace(sar[1], grid_fault="its grid is not north up")
    off = replace(sar[0], grid=Grid(grid().crs, Affine(STEP, 0, 105.0004, 0, -STEP, 21.125), 9, 9))

    def look(item):
        return grid(), see(radar(item.id))[1]

    choice = pick([optical("a", 0)], [off, *sar[1:]], {"a": quality()}, radar=look)
    told = [warning for warning in choice.warnings if "state another grid" in warning]
    assert told == [
        "2 of the catalogue's items state another grid than their files have, such as r1 (other"
        " pixels); the files' grids are used"
    ]
