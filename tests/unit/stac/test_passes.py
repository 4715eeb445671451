"""Overflights, which parts of them are pasted, and how much of the area they show."""

import numpy as np
import pytest
from choice_data import (
    AREA,
    CIRRUS,
    CLEAR,
    CLOUD,
    FILL,
    MASK,
    SIDE,
    Reader,
    box,
    grid,
    optical,
    quality,
    radar,
    see,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.crs import CRS
from rasterio.transform import Affine
from sarfusion.core.errors import StudyError
from sarfusion.core.raster import Grid
from sarfusion.scenes.stac.network import Broken, Unavailable
from sarfusion.scenes.stac.passes import (
    FOOTPRINT_CELLS,
    MAX_PASSES,
    in_footprint,
    optical_passes,
    overflights,
    radar_passes,
)

MINUTE = 1 / 24 / 60


def names(passes):
    """The items of each pass."""
    return [each.name for each in passes]


def reasons(refused):
    """The reason for each refused item."""
    return {item.id: item.reason for item in refused}


def test_neighbours_of_one_track_are_one_overflight():
    rows = [optical("b", 0.4 * MINUTE), optical("a", 0), optical("c", 0.8 * MINUTE)]
    later = optical("d", 16)
    other = optical("e", 0.2 * MINUTE, track="landsat-9 path 126")
    groups = overflights([later, *rows, other])
    assert [[item.id for item in group] for group in groups] == [["e"], ["a", "b", "c"], ["d"]]


def test_an_overflight_across_midnight_is_one():
    groups = overflights([optical("a", 0.4999), optical("b", 0.5001)])
    assert groups[0][0].datetime.day != groups[0][1].datetime.day
    assert len(groups) == 1


def test_the_next_orbit_is_another_overflight():
    slices = [radar("a", 0, track="s1"), radar("b", 99 * MINUTE, track="s1")]
    assert len(overflights(slices)) == 2


def test_a_footprint_is_counted_on_a_lattice():
    west, south, east, north = AREA
    half = in_footprint(box(west, south, (west + east) / 2, north), AREA)
    assert half.shape == (FOOTPRINT_CELLS, FOOTPRINT_CELLS)
    assert half.mean() == 0.5
    # A triangle over half of the box, whose diagonal runs through cell centres.
    corners = [(west, south), (east, south), (east, north), (west, south)]
    triangle = in_footprint({"type": "Polygon", "coordinates": [corners]}, AREA)
    assert triangle.mean() == pytest.approx(0.5, abs=1 / FOOTPRINT_CELLS)
    sliver = box(west - 1, south, west + 1e-6, north)
    assert not in_footprint(sliver, AREA).any()
    assert in_footprint(sliver, AREA, all_touched=True).any()


def test_a_hole_of_a_footprint_is_not_covered():
    west, south, east, north = AREA
    quarter = box(west, south, (west + east) / 2, (south + north) / 2)["coordinates"]
    geometry = {"type": "Polygon", "coordinates": [*box()["coordinates"], *quarter]}
    assert in_footprint(geometry, AREA).mean() == 0.75


def test_shares_are_counted_in_the_quality_band():
    numbers, where = quality(flagged=0.25, fill=0.125)
    numbers[-1] = CIRRUS  # one row of 128
    (measured,), refused = optical_passes([optical("a")], AREA, MASK, Reader(a=(numbers, where)))
    assert refused == []
    assert measured.grid == where
    assert measured.coverage == 0.875
    assert measured.masked == 0.25 + 1 / 128
    assert measured.unusable == 0.125 + 0.25 + 1 / 128
    (measured,), _ = optical_passes([optical("a")], AREA, ["cirrus"], Reader(a=(numbers, where)))
    assert (measured.coverage, measured.masked) == (0.875, 1 / 128)
    (measured,), _ = optical_passes([optical("a")], AREA, [], Reader(a=(numbers, where)))
    assert (measured.masked, measured.unusable) == (0, 0.125)


def test_ground_outside_the_file_is_not_covered():
    part = grid(row=96, column=32, height=32, width=64)
    numbers = np.full(part.shape, CLEAR, np.uint16)
    (measured,), _ = optical_passes([optical("a")], AREA, MASK, Reader(a=(numbers, part)))
    assert measured.grid == grid()
    assert measured.coverage == 32 * 64 / SIDE**2
    assert measured.unusable == 1 - 32 * 64 / SIDE**2


def test_items_of_an_overflight_are_pasted_and_the_fuller_one_comes_first():
    north, south = grid(height=80), grid(row=64, height=64)
    upper = np.full((80, SIDE), CLEAR, np.uint16)
    upper[40:] = CLOUD  # clear in the lower item where they overlap, rows 64 to 79
    upper[:16] = FILL
    lower = np.full((64, SIDE), CLEAR, np.uint16)
    reader = Reader(lower=(lower, south), upper=(upper, north))
    items = [optical("lower", MINUTE), optical("upper", 0)]
    (measured,), refused = optical_passes(items, AREA, MASK, reader)
    # Both show 64 rows; the earlier one comes first.
    assert names([measured]) == ["upper lower"]
    assert refused == []
    assert measured.datetime == items[1].datetime
    assert measured.coverage == 112 / 128
    assert measured.masked == 40 / 128
    upper[:17] = FILL  # now the lower one shows more, and its clear pixels win
    (measured,), _ = optical_passes(items, AREA, MASK, reader)
    assert names([measured]) == ["lower upper"]
    assert measured.masked == 24 / 128


def test_an_item_that_adds_nothing_is_left_out():
    reader = Reader(a=quality(), b=quality(flagged=0.5))
    (measured,), refused = optical_passes([optical("b"), optical("a")], AREA, MASK, reader)
    assert names([measured]) == ["a"]
    assert reasons(refused) == {"b": "it adds nothing to a"}


@pytest.mark.parametrize("other", ["crs", "shift", "step"])
def test_an_item_on_another_raster_is_left_out(other):
    where = {
        "crs": Grid(CRS.from_epsg(4269), grid().transform, SIDE, SIDE),
        "shift": Grid(grid().crs, grid().transform @ Affine.translation(0.5, 0), SIDE, SIDE - 1),
        "step": Grid(grid().crs, grid().transform @ Affine.scale(2), SIDE // 2, SIDE // 2),
    }[other]
    full, grown = quality(fill=0.5), (np.full(where.shape, CLEAR, np.uint16), where)
    grown[0][: len(grown[0]) * 3 // 4] = FILL
    reader = Reader(a=full, b=grown)
    (measured,), refused = optical_passes([optical("a"), optical("b")], AREA, MASK, reader)
    assert names([measured]) == ["a"]
    assert measured.coverage == 0.5
    assert reasons(refused) == {"b": "its pixels are not on the raster of a"}


def test_the_raster_that_shows_most_is_taken():
    # One item shows 5/8 alone; two on another raster show half each, and everything together.
    alone, where = quality(fill=0.375)
    elsewhere = Grid(CRS.from_epsg(4269), where.transform, SIDE, SIDE)
    upper, lower = (np.full((SIDE, SIDE), CLEAR, np.uint16) for _ in range(2))
    upper[64:], lower[:64] = FILL, FILL
    reader = Reader(a=(alone, where), b=(upper, elsewhere), c=(lower, elsewhere))
    items = [optical(name) for name in "abc"]
    (measured,), refused = optical_passes(items, AREA, MASK, reader)
    assert names([measured]) == ["b c"]
    assert measured.coverage == 1
    assert reasons(refused) == {"a": "its pixels are not on the raster of b"}


def test_items_of_no_use_are_refused_with_their_reason():
    reader = Reader(
        damaged=Broken("qa_pixel of damaged: cut short"),
        outside=None,
        bare=quality(fill=1),
        lost=(np.zeros((4, 4), np.uint8), Grid(CRS.from_epsg(2301), grid().transform, 4, 4)),
        floats=(np.zeros((SIDE, SIDE), np.float32), grid()),
        fine=(
            np.zeros((4, 4), np.uint8),
            Grid(grid().crs, Affine(1e-9, 0, 105, 0, -1e-9, 21.125), 4, 4),
        ),
    )
    far = optical("far", geometry=box(50, 20, 52, 22))
    items = [*(optical(name) for name in reader.answers), far]
    passes, refused = optical_passes(items, AREA, MASK, reader)
    assert passes == []
    assert reasons(refused) == {
        "far": "it does not reach the area",
        "bare": "it has only fill in the area",
        "damaged": "qa_pixel of damaged: cut short",
        "fine": "the area has 125000000 x 125000000 of its pixels, more than a scene may have",
        "lost": "the area has no place in its CRS, EPSG:2301",
        "floats": "its quality band contains float32, not bit fields",
        "outside": "it has no pixel in the area",
    }
    assert "far" not in reader.asked


def test_an_item_is_looked_at_if_its_footprint_only_touches_the_area():
    """Footprints have only a few corners; QA_PIXEL shows what is really there."""
    west, south, _, north = AREA
    touching = optical("a", geometry=box(west - 1, south, west + 1e-6, north))
    passes, _ = optical_passes([touching], AREA, MASK, Reader(a=quality()))
    assert names(passes) == ["a"]


def test_an_item_of_use_is_taken_from_beside_a_damaged_one():
    reader = Reader(a=Broken("cut short"), b=quality())
    passes, _ = optical_passes([optical("a"), optical("b")], AREA, MASK, reader)
    assert names(passes) == ["b"]


@pytest.mark.parametrize("error", [Unavailable("429, try again later"), StudyError("offline")])
def test_the_choice_does_not_depend_on_what_cannot_be_read_now(error):
    reader = Reader(a=quality(), b=error)
    with pytest.raises(type(error), match=str(error)):
        optical_passes([optical("a"), optical("b", 16)], AREA, MASK, reader)


def test_passes_are_read_from_the_clearest_scene_on_and_not_without_end():
    count = MAX_PASSES + 2
    answers = {f"i{number}": quality() for number in range(count)}
    # The cloud of the scenes falls with the date; that of one pass is not known.
    items = [optical(f"i{n}", 16 * n, 90 - n if n != 30 else None) for n in range(count)]
    reader = Reader(**answers)
    passes, refused = optical_passes(items, AREA, MASK, reader)
    assert reader.asked == [f"i{n}" for n in reversed(range(1, count)) if n != 30]
    assert len(passes) == MAX_PASSES
    reason = f"not read: {MAX_PASSES} dates have less cloud in the whole scene"
    assert reasons(refused) == {"i0": reason, "i30": reason}


def test_progress_sees_each_pass():
    seen = []

    def progress(groups):
        for group in groups:
            yield group
            seen.append(len(group))

    reader = Reader(a=quality(), b=quality(), c=quality())
    items = [optical("a"), optical("b", MINUTE), optical("c", 16)]
    optical_passes(items, AREA, MASK, reader, progress)
    assert seen == [2, 1]


def test_slices_of_a_radar_pass_are_pasted():
    west, south, east, north = AREA
    middle = (south + north) / 2
    slices = [
        radar("upper", 0, box(west, middle - 0.01, east, north + 1), track="s1"),
        radar("lower", 0.4 * MINUTE, box(west, south - 1, east, middle), track="s1"),
        radar("beyond", 0.8 * MINUTE, box(west, south - 3, east, south - 1), track="s1"),
        radar("again", 0.9 * MINUTE, box(west, middle, east, north), track="s1"),
    ]
    passes, refused = radar_passes(slices, AREA, "any", see)
    assert names(passes) == ["upper lower"]
    assert passes[0].coverage == 1
    assert passes[0].masked is None
    assert passes[0].grid == grid()
    assert reasons(refused) == {
        "beyond": "it does not reach the area",
        "again": "it adds nothing to upper",
    }


def test_radar_slices_in_two_zones_are_not_pasted():
    west, south, east, north = AREA
    zones = [
        Grid(CRS.from_epsg(code), Affine(10, 0, left, 0, -10, 2350000), 9000, 9000)
        for code, left in ((32648, 480000), (32649, -150000))
    ]
    slices = [
        radar("a", 0, box(west, south, west + 0.1, north), track="s1", where=zones[0]),
        radar("b", MINUTE, box(west + 0.05, south, east, north), track="s1", where=zones[1]),
    ]
    passes, refused = radar_passes(slices, AREA, "any", see)
    assert names(passes) == ["a"]
    assert passes[0].coverage == 0.8
    assert passes[0].grid.crs == CRS.from_epsg(32648)
    # An eighth of a degree at 21 degrees north is 13 km by 14 km.
    assert passes[0].grid.shape == pytest.approx((1390, 1300), abs=20)
    assert reasons(refused) == {"b": "its pixels are not on the raster of a"}


def test_radar_items_of_no_use_are_refused_with_their_reason():
    items = [
        radar("up", orbit="ascending"),
        radar("down", orbit="descending"),
        radar("unsaid", orbit=None),
        *(radar(name, orbit="descending") for name in ("outside", "empty", "broken")),
    ]
    nothing = np.zeros((FOOTPRINT_CELLS, FOOTPRINT_CELLS), bool)
    answers = {"outside": None, "empty": (grid(), nothing)}

    def look(item):
        if item.id == "broken":
            raise Broken("cut short")
        return answers[item.id] if item.id in answers else see(item)

    passes, refused = radar_passes(items, AREA, "descending", look)
    assert names(passes) == ["down"]
    assert reasons(refused) == {
        "up": "its orbit is ascending, not descending",
        "unsaid": "its orbit is not stated, not descending",
        "outside": "its files have no pixel in the area",
        "empty": "its files have no data in the area",
        "broken": "cut short",
    }


FLAGS = st.sampled_from([CLEAR, FILL, CLOUD, CIRRUS, CLOUD | FILL, CLOUD | CIRRUS])
PARTS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 3), st.lists(FLAGS, min_size=4, max_size=4)),
    min_size=1,
    max_size=4,
)


@settings(max_examples=60, deadline=None)
@given(PARTS, st.randoms())
def test_shares_are_those_of_a_plain_count(parts, random):
    """Parts of 2 x 2 blocks of 32 pixels; the count below uses no arrays."""
    items, answers = [], {}
    for number, (row, column, flags) in enumerate(parts):
        row, column = min(row, 2), min(column, 2)
        numbers = np.kron(np.reshape(flags, (2, 2)), np.ones((32, 32), int)).astype(np.uint16)
        answers[f"i{number}"] = numbers, grid(32 * row, 32 * column, 64, 64)
        items.append(optical(f"i{number}", number * MINUTE / 10))
    random.shuffle(items)
    passes, refused = optical_passes(items, AREA, ["cloud"], Reader(**answers))

    blocks = {}
    for number, (row, column, flags) in enumerate(parts):
        row, column = min(row, 2), min(column, 2)
        places = [(row, column), (row, column + 1), (row + 1, column), (row + 1, column + 1)]
        shown = [(place, flag) for place, flag in zip(places, flags, strict=True) if not flag & 1]
        blocks[number] = dict(shown)
    order = sorted(blocks, key=lambda number: (-len(blocks[number]), number))
    pasted, kept = {}, []
    for number in order:
        if set(blocks[number]) - set(pasted):
            kept.append(f"i{number}")
        for place, flag in blocks[number].items():
            pasted.setdefault(place, flag)
    clouds = sum(1 for flag in pasted.values() if flag & CLOUD)

    assert names(passes) == ([" ".join(kept)] if kept else [])
    assert len(kept) + len(refused) == len(parts)
    if passes:
        assert passes[0].coverage == len(pasted) / 16
        assert passes[0].masked == clouds / 16
        assert passes[0].unusable == (16 - len(pasted) + clouds) / 16
