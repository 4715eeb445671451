import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rasterio.crs import CRS
from rasterio.transform import Affine
from rasterio.windows import Window
from sarfusion.core.errors import StudyError
from sarfusion.core.raster import Grid
from sarfusion.scenes.stac.mosaic import mosaic, place_of, window_on

UTM = CRS.from_epsg(32648)


def grid(row, column, height, width, pixel=30, crs=UTM):
    """A Grid whose first pixel is pixel (row, column) of one common raster."""
    corner = (600000 + column * pixel, 2300000 - row * pixel)
    return Grid(crs, Affine(pixel, 0, corner[0], 0, -pixel, corner[1]), height, width)


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (grid(10, 10, 5, 5), Window(0, 0, 5, 5)),  # inside
        (grid(8, 7, 20, 20), Window(3, 2, 10, 8)),  # the target lies inside the part
        (grid(15, 18, 20, 20), Window(0, 0, 2, 3)),  # a corner
        (grid(18, 10, 4, 4), None),  # touches the edge only
        (grid(0, 0, 5, 5), None),
    ],
)
def test_window_on_another_grid(part, expected):
    assert window_on(grid(10, 10, 8, 10), part) == expected


@pytest.mark.parametrize(
    "part",
    [
        grid(0, 0, 5, 5, pixel=10),
        grid(0, 0, 5, 5, crs=CRS.from_epsg(32647)),
        grid(0.5, 0, 5, 5),
        grid(0, 0.06, 5, 5),
    ],
)
def test_another_raster_is_refused(part):
    with pytest.raises(StudyError, match="another raster"):
        place_of(part, grid(0, 0, 9, 9))


def test_first_part_wins_and_later_ones_fill_what_it_lacks():
    first = np.array([[[1, 0, 1]], [[5, 9, 5]]])  # second band 9: no data
    second = np.array([[[2, 2, 2, 2]], [[7, 7, 9, 7]]])
    pasted = mosaic(
        [(first, grid(0, 0, 1, 3)), (second, grid(0, 1, 1, 4))],
        grid(0, 0, 2, 6),
        empty=(0, 9),
        is_empty=lambda bands: bands[1] == 9,
    )
    assert pasted[0].tolist() == [[1, 2, 1, 0, 2, 0], [0] * 6]
    assert pasted[1].tolist() == [[5, 7, 5, 9, 7, 9], [9] * 6]


@given(cut=st.integers(1, 6), overlap=st.integers(0, 3), nan=st.booleans())
def test_cutting_and_pasting_gives_the_scene_back(cut, overlap, nan):
    scene = np.arange(28, dtype=np.float32).reshape(1, 7, 4)
    if nan:
        scene[0, 3, 2] = np.nan
    top, bottom = scene[:, : cut + overlap], scene[:, cut:]
    parts = [
        (top, grid(0, 0, top.shape[1], 4)),
        (bottom, grid(cut, 0, bottom.shape[1], 4)),
    ]
    for order in (parts, parts[::-1]):
        pasted = mosaic(
            order, grid(0, 0, 7, 4), empty=(np.nan,), is_empty=lambda bands: np.isnan(bands[0])
        )
        np.testing.assert_array_equal(pasted, scene)
