"""The further passes of the radar that are averaged with the chosen one."""

from choice_data import grid, optical, quality, radar
from choosing import pick, row, western
from rasterio.transform import Affine
from sarfusion.core.grid import Grid


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
