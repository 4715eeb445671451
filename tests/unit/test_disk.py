"""The disk space of a study, what a person reads about it, and rasters on a full disk."""

import numpy as np
import pytest
from rasterio.crs import CRS
from rasterio.transform import from_origin
from sarfusion.core.raster import Grid, create_raster, strips, write_raster
from sarfusion.study import disk
from sarfusion.study.config import resolve
from sarfusion.study.disk import site_pixels
from sarfusion.study.layout import Layout
from small_disk import small_disk

GRID = Grid(CRS.from_epsg(32648), from_origin(500_000, 1_000_000, 30, 30), 70, 50)
GB = 10**9
MODELS = {"cnn": {"network": "cnn", "patch_px": 33, "batch": 8}}


def study(more=None, **site):
    return resolve({"study": "x", "sites": {"here": site}, "models": MODELS} | (more or {}))


def test_pixels_of_a_simulated_site():
    assert site_pixels(study(source="simulated", size_px=100), "here") == 10_000


def test_pixels_of_an_area():
    """A square of 0.1 degrees at 60 degrees north is half as wide as high."""
    place = {"area": [10, 59.95, 10.1, 60.05], "period": ["2023-01-01", "2023-02-01"]}
    found = site_pixels(study(source="stac", catalogue="planetary_computer", **place), "here")
    assert found == pytest.approx((11132 / 30) * (5566 / 30), rel=0.01)


def test_further_passes_lie_on_the_disk_while_they_are_downloaded():
    place = {"area": [10, 50, 10.1, 50.1], "period": ["2023-01-01", "2023-02-01"]}

    def scenes(passes, **site):
        found = study({"sar": {"passes": passes}}, **site)
        return disk.study_bytes(Layout(found))["scenes"]

    stac = {"source": "stac", "catalogue": "planetary_computer", **place}
    once, twice, thrice = (scenes(count, **stac) for count in (1, 2, 3))
    assert thrice - twice == pytest.approx(twice - once)
    assert twice - once > once / 2
    made = {"source": "simulated", "size_px": 100}
    assert scenes(1, **made) == scenes(4, **made)


def test_pixels_of_own_files(tmp_path):
    write_raster(tmp_path / "o.tif", np.ones((1, 70, 50), np.float32), GRID, ["r"], np.nan)
    band = {"path": str(tmp_path / "o.tif")}
    own = study(
        source="files",
        optical={"red": band, "green": band, "blue": band, "scale": 1.0, "offset": 0.0},
        sar={"vv": band, "vh": band, "unit": "linear"},
    )
    assert site_pixels(own, "here") == 3500


def test_bytes_grow_with_pixels_and_runs():
    def estimate(protocol, size):
        cut = {"protocols": {protocol: {"models": ["cnn"], "inputs": ["ratio"]}}}
        chosen = {"bands": ["red"], "seeds": [1, 2], "baselines": ["mean"]}  # of neither
        return disk.study_bytes(Layout(study({**cut, **chosen}, source="simulated", size_px=size)))

    small, large = (estimate("reconstruction", size) for size in (100, 200))
    for what in ("scenes", "stack", "fused"):
        assert large[what] == 4 * small[what] > 0
    assert large["models"] == small["models"] == 2 * 250_000
    models = {"study": "a", "site": "b", "models": ["m"], "anyway": False}
    filled = disk.study_bytes(Layout(study({"fill_with": models}, source="simulated", size_px=100)))
    assert filled["scenes"] == small["scenes"]
    assert filled["products"] > 0
    assert [filled[what] for what in ("fused", "models", "figures")] == [0, 0, 0]
    fine = estimate("sharpening", 100)
    assert fine["fused"] == 10 * small["fused"]  # beside each 30 m raster one of 9 x its pixels
    assert fine["stack"] > 9 * small["stack"]


@pytest.mark.parametrize(
    ("needed", "written", "free", "words"),
    [
        (0.2 * GB, 0, 100 * GB, []),
        (20 * GB, 19 * GB, 100 * GB, []),
        (20 * GB, 0, 100 * GB, ["disk: this study takes about 20 GB (fused 20 GB)", "100 GB are"]),
        (20 * GB, 2 * GB, 100 * GB, ["of which 2 GB are already written"]),
        (0.2 * GB, 0, 0.3 * GB, ["disk: ", "300 MB are free"]),
        (0.2 * GB, 0, 0.15 * GB, ["warning: disk: ", "free 50 MB more"]),
    ],
)
def test_a_person_is_told_where_it_matters(needed, written, free, words):
    line = disk.announcement({"fused": needed}, written, free)
    assert bool(line) == bool(words)
    assert "\n" not in line
    for word in words:
        assert word in line


def test_what_is_free_above_a_folder_that_is_not_there(tmp_path):
    assert disk.free_bytes(tmp_path / "a/b") > 0
    assert disk.written_bytes(tmp_path / "a/b") == 0


@pytest.mark.parametrize("threads", [1, 2])
def test_a_raster_on_a_full_disk_is_an_error_and_leaves_nothing(tmp_path, threads):
    """Sizes around that of the disk: GDAL reports no error for the last blocks or in threads."""
    with small_disk(tmp_path / "disk", 400) as folder:
        path = folder / "x.tif"
        write_noise(path, 250, threads)
        path.unlink()
        for side in (345, 350, 600, 1200):
            with pytest.raises(OSError, match="x.tif: could not be written .* 0.0 MB free"):
                write_noise(path, side, threads)
            assert not list(folder.iterdir())


def write_noise(path, side, threads):
    """Write 3.5 bytes for each of side x side pixels, strip by strip."""
    rng = np.random.default_rng(0)
    grid = Grid(GRID.crs, GRID.transform, side, side)
    with create_raster(path, grid, ["a"], np.float32, np.nan, threads=threads) as raster:
        for window in strips(grid.shape, 2**16):
            values = rng.random((1, window.height, side), np.float32)
            raster.write(values, window=window)
