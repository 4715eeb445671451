"""The pair that is chosen, and the table that says why."""

from dataclasses import replace

import numpy as np
from choice_data import (
    AREA,
    CLEAR,
    MASK,
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
from choosing import COLUMNS, names, pick, row, western
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.transform import Affine
from sarfusion.core.grid import Grid
from sarfusion.scenes.stac.choice import NoPair, choose
from sarfusion.scenes.stac.items import Refused


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
