"""The sizes of pixels in words, and what is said of SAR that is coarser than its products."""

import pytest
from paper_data import make_stack
from sarfusion.show.pixels import coarse_sar_note, metres, pixel_sizes


def stack(optical, sar):
    """The content of a stack/SITE.json, with square pixels of these sizes in metres."""
    made = make_stack()
    made["grid"]["pixel_m"], made["sar"]["pixel_m"] = [optical] * 2, [sar] * 2
    return made


def test_sizes_are_those_of_the_grid():
    assert pixel_sizes([(30, 30)]) == {"coarse": "90", "native": "30", "fine": "10"}
    assert pixel_sizes([(10, 10)]) == {"coarse": "30", "native": "10", "fine": "3.33"}
    assert pixel_sizes([(29.6, 30.9)])["native"] == "30.2"  # degrees, away from the equator


def test_sites_that_differ_have_a_range():
    sizes = pixel_sizes([(10, 10), (30, 30), (20, 20)])
    assert sizes == {"coarse": "30–90", "native": "10–30", "fine": "3.33–10"}
    assert pixel_sizes([(30, 30), (30.0001, 30)])["native"] == "30"


@pytest.mark.parametrize(
    ("size", "text"),
    [(0.5, "0.5"), (3.3333, "3.33"), (250, "250"), (3000, "3000"), (5566, "5570")],
)
def test_metres_are_written_without_an_exponent(size, text):
    assert metres(size) == text


def test_coarser_sar_is_told_of_the_sites_that_have_it():
    stacks = {"landsat": stack(30, 10), "sentinel": stack(10, 10), "planet": stack(3, 20)}
    assert coarse_sar_note({"landsat": stacks["landsat"]}) == ""
    assert coarse_sar_note(stacks) == (
        "At sentinel, planet, SAR has pixels of 10–20 m, and the 1–3.33 m products hold no finer"
        " SAR."
    )
    many = {f"site{number}": stack(10, 10) for number in range(9)}
    assert coarse_sar_note(many).startswith("At 9 sites, SAR has pixels of 10 m, and")


def test_a_size_that_only_a_projection_changes_is_no_coarser():
    assert coarse_sar_note({"a": stack(29.6, 10)}) == ""  # products of 9.87 m
