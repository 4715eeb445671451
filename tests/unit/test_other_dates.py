"""Other dates of a site: the settings, what a study makes of them, and how they are read."""

import evaluate_fusion
import fuse_classical
import numpy as np
import pytest
from rasterio.crs import CRS
from rasterio.transform import from_origin
from sarfusion.core.errors import StudyError
from sarfusion.core.files import write_json
from sarfusion.core.raster import Grid, read_band, write_raster
from sarfusion.fusion.classical import gap_filling
from sarfusion.scenes import landsat
from sarfusion.scenes.other_dates import read_dates
from sarfusion.scoring.dates import shares_from_dates
from sarfusion.study import disk
from sarfusion.study.config import resolve
from sarfusion.study.inputs import DATE_AGE
from sarfusion.study.layout import Layout
from sarfusion.study.methods import DEFAULT_METHODS, OVER_TIME
from sarfusion.study.site_table import read_table

GRID = Grid(CRS.from_epsg(32648), from_origin(500_000, 1_000_000, 30, 30), 12, 14)
CLEAR, CLOUD = 21824, 22280
BANDS = ("red", "green", "blue")


def study(*other_dates, **more):
    """A study of simulated sites, each with these other dates or with none."""
    sites = {
        f"site{number}": {"source": "simulated", **({"other_dates": days} if days else {})}
        for number, days in enumerate(other_dates)
    }
    return {"study": "x", "sites": sites, **more}


def test_a_study_with_other_dates_compares_the_methods_over_time():
    assert resolve(study([16]))["baselines"] == [*DEFAULT_METHODS]
    assert not set(resolve(study(None))["baselines"]) & set(OVER_TIME)
    assert "other_dates" not in resolve(study(None))["sites"]["site0"]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (study([16], None), "sites.site1: it has no other_dates, but site0 has;"),
        (study(None, baselines=["nspi"]), "baselines: nspi fills from other dates; give"),
        (study([0]), "sites.site0.other_dates: 0 is the day of the scene itself"),
        (study([16, 16]), "other_dates: .* non-unique"),
        (study([5000]), "5000 is greater than the maximum"),
    ],
)
def test_what_cannot_be_compared_is_refused(config, message):
    with pytest.raises(StudyError, match=message):
        resolve(config)


def test_a_table_of_sites_may_have_other_dates(tmp_path):
    path = tmp_path / "sites.csv"
    path.write_text("name,source,other_dates\na,simulated,-16 32\n")
    assert read_table(path)["a"]["other_dates"] == [-16, 32]


def test_other_dates_have_their_places():
    layout = Layout(resolve(study([32, -16])), "results")
    assert layout.dates("site0") == {
        "dates": [f"results/scenes/site0/dates/{day}.tif" for day in ("2023-12-16", "2024-02-02")],
        "calendar": [
            f"results/scenes/site0/dates/{day}.json" for day in ("2023-12-16", "2024-02-02")
        ],
    }
    assert layout.from_dates("cloud_gap") == {"from_dates": "results/gaps/{site}.from_dates.tif"}
    assert layout.from_dates("reconstruction") == {}


@pytest.mark.parametrize(
    "config",
    [study(None), study([16], baselines=["mean"]), study([16], protocols={"sharpening": {}})],
)
def test_other_dates_that_no_method_uses_are_not_made(config):
    layout = Layout(resolve(config))
    assert layout.dates("site0") == {}
    assert layout.from_dates("cloud_gap") == {} or "cloud_gap" not in config.get("protocols", {})


def test_other_dates_take_disk():
    none, two = (
        disk.study_bytes(Layout(resolve(config))) for config in (study(None), study([1, 2]))
    )
    per_date = disk.DATE_BYTES + disk.DATE_TRUTH_BYTES
    more = 2 * per_date + disk.LAND_BYTES  # the land that all dates are made from
    assert two["scenes"] - none["scenes"] == pytest.approx(256**2 * more)


def write_date(folder, day, reflectance, cloud, grid=GRID):
    """Write another date; return its raster and its description."""
    numbers = np.round((reflectance - landsat.OFFSET) / landsat.SCALE)
    raw = np.stack([*numbers, np.where(cloud, CLOUD, CLEAR), np.zeros(cloud.shape)])
    path, about = folder / f"{day}.tif", folder / f"{day}.json"
    scaling = {"scale": [landsat.SCALE] * 3 + [1.0] * 2, "offset": [landsat.OFFSET] * 3 + [0.0] * 2}
    write_raster(path, raw.astype(np.uint16), grid, landsat.RAW_BANDS, landsat.FILL, **scaling)
    write_json(about, {"days": day})
    return path, about


@pytest.fixture
def places(tmp_path):
    """Two dates of reflectance 0.2 and 0.4; the right half of the first is cloudy."""
    cloud = np.zeros(GRID.shape, bool)
    cloud[:, 7:] = True
    full = np.ones((3, *GRID.shape))
    first, second = (
        write_date(tmp_path, -16, 0.2 * full, cloud),
        write_date(tmp_path, 32, 0.4 * full, ~cloud & False),
    )
    return list(zip(first, second, strict=True))


def test_dates_are_read_with_their_masks(places):
    days, images = read_dates(*places, GRID, ["cloud"])
    assert days.tolist() == [-16, 32]
    np.testing.assert_allclose(images[0, :, :, :7], 0.2, atol=2e-5)
    assert np.isnan(images[0, :, :, 7:]).all()
    np.testing.assert_allclose(images[1], 0.4, atol=2e-5)
    _, unmasked = read_dates(*places, GRID, [])
    assert np.isfinite(unmasked).all()


def test_a_date_on_another_grid_is_refused(tmp_path):
    moved = Grid(GRID.crs, from_origin(500_030, 1_000_000, 30, 30), *GRID.shape)
    path, about = write_date(tmp_path, 5, np.ones((3, *GRID.shape)), np.zeros(GRID.shape), moved)
    with pytest.raises(StudyError, match=r"5.tif: is on another grid than the scene; make it"):
        read_dates([path], [about], GRID, [])


def test_gaps_are_filled_from_dates_and_the_rest_by_the_surface(places, tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    stack, gaps, split = (tmp_path / f"{name}.tif" for name in ("stack", "gaps", "split"))
    names = [*BANDS, "vv_db", "vh_db"]
    optical = rng.uniform(0.1, 0.5, (5, *GRID.shape)).astype(np.float32)
    write_raster(stack, optical, GRID, names, np.nan)
    gap = np.zeros(GRID.shape, bool)
    gap[4:8, 4:10] = True
    write_raster(gaps, gap[None].astype(np.uint8), GRID, ["gap"], None)
    write_raster(split, np.ones((1, *GRID.shape), np.uint8), GRID, ["use"], 0)
    dates, calendar = ([each[0]] for each in places)  # only the cloudy date
    methods = ("mean", "biharmonic", "previous")
    runs = [("cloud_gap", band, name) for name in methods for band in ("red", "blue")]
    solve, solved = gap_filling.biharmonic_bands, []
    monkeypatch.setattr(
        gap_filling, "biharmonic_bands", lambda *given: solved.append(given) or solve(*given)
    )
    fused = [tmp_path / f"{name}_{band}.tif" for _, band, name in runs]
    fuse_classical.main(
        stack=stack,
        split=split,
        gaps=gaps,
        fused=fused,
        runs=runs,
        dates=dates,
        calendar=calendar,
        from_dates=tmp_path / "from_dates.tif",
        mask=["cloud"],
    )
    red = read_band(tmp_path / "previous_red.tif", "red")
    flags = read_band(tmp_path / "from_dates.tif", "previous") == 1
    left = np.zeros(GRID.shape, bool)
    left[:, :7] = True
    np.testing.assert_array_equal(flags, gap & left)
    np.testing.assert_allclose(red[gap & left], 0.2, atol=2e-5)
    assert len(solved) == 1  # as a method, and where no date is clear
    surface = solve(optical[:1], gap)[0]
    np.testing.assert_array_equal(read_band(tmp_path / "biharmonic_red.tif", "red"), surface)
    np.testing.assert_array_equal(red[~left], surface[~left])
    np.testing.assert_array_equal(red[~gap], optical[0][~gap])
    assert len(set(read_band(tmp_path / "mean_red.tif", "red")[gap])) == 1


def test_shares_of_what_is_from_dates_by_hand(monkeypatch):
    monkeypatch.setattr("sarfusion.scoring.dates.TILE_PX", 2)
    flags = np.array([[1, 1, 0], [0, 1, 0]], bool)
    mask = np.array([[1, 1, 1], [0, 1, 0]], bool)
    found = shares_from_dates(
        (2, 3),
        lambda tile: {"gap": mask[tile.written], "clear": np.zeros((2, 3), bool)[tile.written]},
        {("previous", "none"): flags, ("mean", "none"): None},
    )
    assert found["gap", ("previous", "none")] == (0.75, 4)
    assert found["gap", ("mean", "none")] == (0, 4)
    assert np.isnan(found["clear", ("previous", "none")].value)
    assert found["clear", ("previous", "none")].n == 0


def test_where_dates_fill_is_told_by_the_method_or_by_the_input(tmp_path):
    """Networks alone, as scored in transfers and spot checks, need no band of the other methods."""
    from_dates, matched = tmp_path / "from_dates.tif", tmp_path / "matched.tif"
    left = np.zeros((1, *GRID.shape), np.uint8)
    left[..., :5] = 1
    write_raster(from_dates, left, GRID, ["previous"], None)
    age = np.where(left == 1, np.nan, 16).astype(np.float32)
    write_raster(matched, age, GRID, [DATE_AGE], np.nan)
    methods = {("previous", "none"), ("mean", "none"), ("unet", "date"), ("unet", "ratio")}
    found = evaluate_fusion.read_flags(methods, from_dates, matched, ["date"])
    np.testing.assert_array_equal(found["previous", "none"], left[0] == 1)
    np.testing.assert_array_equal(found["unet", "date"], left[0] == 0)
    assert found["mean", "none"] is None
    assert found["unet", "ratio"] is None
    assert evaluate_fusion.read_flags({("unet", "ratio")}, from_dates, None, []) == {
        ("unet", "ratio"): None
    }
