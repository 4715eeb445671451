"""The cloud-free image: what is filled, by which method, how sure, and as which file."""

from xml.etree import ElementTree

import numpy as np
import pandas as pd
import product_data
import pytest
import rasterio
import torch
from product_data import (
    CLOUDY,
    DATED,
    FILL,
    GRID,
    MASK,
    NO_SAR,
    SATURATED,
    make_scene,
    models,
    record,
)
from rio_cogeo import cog_validate
from sarfusion.core.errors import StudyError
from sarfusion.core.files import sha256
from sarfusion.core.raster import Grid, read_bands, read_grid
from sarfusion.fusion.networks import build
from sarfusion.product.bands import NAMES, Source, compose, hidden
from sarfusion.product.choice import Method, best_method, read_factors, std_factors
from sarfusion.product.facts import describe, tags
from sarfusion.product.fill import Model, fill_scene, why_nothing_is_filled
from sarfusion.product.given import without_dates
from sarfusion.product.style import COLOURS, sources, stretch_of, true_colour
from sarfusion.scenes import landsat
from sarfusion.scenes.bands import BANDS

STD = product_data.SCALING["std"]
HEADER = "band,method,input,metric,value\n"  # of a table of uncertainties
FACTORS = {"red": 1.0, "green": 2.0, "blue": float("nan")}


def fill(scene, networks, path, factors=FACTORS, tile_px=128, mask=MASK, precision="float32"):
    counts = fill_scene(
        scene,
        networks,
        factors,
        mask,
        path,
        tags={"METHOD": "unet-ratio"},
        tile_px=tile_px,
        precision=precision,
        device=torch.device("cpu"),
    )
    with rasterio.open(path) as dataset:
        assert dataset.descriptions == NAMES
        return counts, dict(zip(NAMES, dataset.read(), strict=True))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A scene, its truth, and its product by two networks without an uncertainty of their own."""
    folder = tmp_path_factory.mktemp("product")
    scene, truth = make_scene(folder)
    path = folder / "cloud_free.tif"
    return scene, truth, path, *fill(scene, models([0.0, 0.2]), path)


def test_clouds_and_shadows_are_filled_and_all_else_stays(made):
    scene, truth, _, counts, bands = made
    source = np.full(GRID.shape, Source.MEASURED)
    source[CLOUDY] = Source.FILLED
    source[FILL] = source[SATURATED] = source[NO_SAR] = Source.NO_DATA
    assert np.array_equal(bands["source"], source)
    assert counts == {kind.name.lower(): (source == kind).sum() for kind in Source}
    for index, band in enumerate(BANDS):
        seen = source == Source.MEASURED
        assert np.array_equal(bands[band][seen], read_bands(scene.stack, [band])[0][seen])
        # The mean of two networks of which one adds 0 and the other 0.2, in normalised units.
        filled = source == Source.FILLED
        assert bands[band][filled] == pytest.approx(truth[index][filled] + 0.1 * STD, abs=1e-6)
        assert np.isnan(bands[band][FILL]).all()
        assert np.isnan(bands[band][NO_SAR])


def test_a_saturated_band_has_no_value_and_the_others_keep_theirs(made):
    _, truth, _, _, bands = made
    assert np.isnan(bands["red"][SATURATED])
    assert bands["green"][SATURATED] == truth[1][SATURATED]


def test_the_standard_deviation_is_that_of_the_ensemble_times_its_factor(made, tmp_path):
    scene, *_, bands = made
    filled = bands["source"] == Source.FILLED
    apart = 0.1 * STD  # each network from the mean of both
    assert bands["red_std"][filled] == pytest.approx(apart, rel=1e-4)
    assert bands["green_std"][filled] == pytest.approx(2 * apart, rel=1e-4)
    assert np.isnan(bands["blue_std"]).all()
    assert np.isnan(bands["red_std"][~filled]).all()
    _, surer = fill(scene, models([0.0, 0.2], log_variance=np.log(0.09)), tmp_path / "other.tif")
    own = 0.3 * STD
    assert surer["red_std"][filled] == pytest.approx(np.hypot(apart, own), rel=1e-4)


def test_tiles_change_nothing(made, tmp_path):
    scene, _, path, *_ = made
    for tile_px in (64, 512):
        again = tmp_path / f"{tile_px}.tif"
        fill(scene, models([0.0, 0.2]), again, tile_px=tile_px)
        assert sha256(again) == sha256(path)


def drawn_networks():
    """A U-Net with random weights for each band."""
    torch.manual_seed(0)
    network = build("unet", 3, {}, starts=[0], uncertain=True).eval()
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    return {band: [Model(network, record(band))] for band in BANDS}


def test_there_are_no_seams_between_tiles(made, tmp_path):
    """A real network sees beyond a tile, as far as its radius."""
    scene, *_ = made
    networks = drawn_networks()
    (_, tiled), (_, whole) = (
        fill(scene, networks, tmp_path / f"{tile_px}.tif", tile_px=tile_px) for tile_px in (64, 512)
    )
    filled = whole["source"] == Source.FILLED
    for band in ("red", "green_std"):
        span = float(np.ptp(whole[band][filled]))
        assert span > 0
        assert tiled[band][filled] == pytest.approx(whole[band][filled], rel=1e-4, abs=1e-5 * span)


def test_bfloat16_moves_filled_pixels_alone(made, tmp_path):
    scene, *_ = made
    networks = drawn_networks()
    exact, fewer = (
        fill(scene, networks, tmp_path / f"{precision}.tif", precision=precision)[1]
        for precision in ("float32", "bfloat16")
    )
    assert np.array_equal(exact["source"], fewer["source"])
    filled = exact["source"] == Source.FILLED
    for band in ("red", "green_std"):
        moved = np.abs(exact[band] - fewer[band])[filled]
        assert (moved > 0).mean() > 0.1
        assert np.quantile(moved, 0.9) < 0.02 * np.ptp(exact[band][filled])
        assert np.array_equal(exact[band][~filled], fewer[band][~filled], equal_nan=True)


def test_a_method_without_sar_fills_where_sar_is_missing(made, tmp_path):
    scene, *_ = made
    _, bands = fill(scene, models([0.0], sar_input="none"), tmp_path / "optical.tif")
    assert bands["source"][NO_SAR] == Source.FILLED


def test_what_another_date_shows_is_told_from_what_it_does_not(made, tmp_path):
    """Pixels are from another date only under the cloud, and where a network is given the date."""
    scene, truth, *_ = made
    counts, bands = fill(scene, models([0.0], sar_input="date"), tmp_path / "dated.tif")
    source = np.full(GRID.shape, Source.MEASURED)
    source[CLOUDY] = Source.FILLED
    source[CLOUDY][:20, :150] = Source.FROM_DATE
    source[FILL] = source[SATURATED] = Source.NO_DATA
    assert np.array_equal(bands["source"], source)
    assert counts["from_date"] == 20 * 150
    assert counts["filled"] == 40 * 250 - 20 * 150
    made_up = np.isin(source, [Source.FILLED, Source.FROM_DATE])
    assert bands["red"][made_up] == pytest.approx(truth[0][made_up], abs=1e-6)
    assert np.isfinite(bands["red_std"][made_up]).all()
    again = fill(scene, models([0.0], sar_input="date"), tmp_path / "again.tif", tile_px=64)[1]
    assert np.array_equal(again["source"], source)
    assert DATED[0].start < CLOUDY[0].start  # otherwise the measured rows would not be tested


def test_without_flags_nothing_is_filled(made, tmp_path):
    scene, *_ = made
    counts, bands = fill(scene, models([0.0]), tmp_path / "plain.tif", mask=[])
    assert counts["filled"] == 0
    assert (bands["source"][CLOUDY] == Source.NO_DATA).all()


def test_the_file_is_a_valid_cog_on_the_grid_of_the_scene(made, tmp_path):
    scene, _, path, *_ = made
    assert cog_validate(path, strict=True) == (True, [], [])
    assert read_grid(path) == read_grid(scene.optical) == GRID
    with rasterio.open(path) as dataset:
        assert set(dataset.dtypes) == {"float32"}
        assert np.isnan(dataset.nodata)
        assert dataset.tags()["METHOD"] == "unet-ratio"
        assert dataset.tags(7)["CLASSES"] == (
            "0 no data, 1 measured, 2 filled, 3 filled from another date"
        )


def test_overviews_hold_no_class_that_does_not_exist(tmp_path):
    grid = Grid(GRID.crs, GRID.transform, 700, 900)
    scene, _ = make_scene(tmp_path, grid)
    path = tmp_path / "cloud_free.tif"
    fill(scene, models([0.0]), path, tile_px=512)
    with rasterio.open(path) as dataset:
        assert dataset.overviews(1)
    with rasterio.open(path, overview_level=0) as dataset:
        assert set(np.unique(dataset.read(7))) == {*Source} - {Source.FROM_DATE}
    assert cog_validate(path, strict=True) == (True, [], [])


def test_what_is_flagged_is_hidden_with_and_without_a_number_and_fill_alone_is_not():
    fill = landsat.QA_FILL
    quality = np.array([[product_data.CLOUD, product_data.CLOUD | fill, fill, 0]], np.uint16)
    assert hidden(quality, ["cloud"]).tolist() == [[True, True, False, False]]
    assert not hidden(quality, ["snow"]).any()


def change_raw(scene, path, change):
    """Write the raw scene to a path with other digital numbers; return the scene with it."""
    with rasterio.open(scene.optical) as raw:
        numbers, profile, names = raw.read(), raw.profile, raw.descriptions
    change(numbers)
    with rasterio.open(path, "w", **profile) as raw:
        raw.write(numbers)
        raw.descriptions = names
    return scene._replace(optical=path)


def test_clouds_without_numbers_are_filled_like_others(made, tmp_path):
    """As in a file whose clouds were masked before it was exported."""
    scene, _, path, *_ = made

    def erase(numbers):
        numbers[:3, *CLOUDY] = landsat.FILL
        numbers[3, *CLOUDY] |= landsat.QA_FILL

    again = tmp_path / "again.tif"
    fill(change_raw(scene, tmp_path / "erased.tif", erase), models([0.0, 0.2]), again)
    assert sha256(again) == sha256(path)


def test_a_product_without_filled_pixels_says_why(made, tmp_path):
    scene, *_ = made
    assert why_nothing_is_filled(scene.optical, ["snow", "cirrus"]) == (
        "no pixel is flagged as snow, cirrus, so none is filled"
    )
    found = why_nothing_is_filled(scene.optical, ["cloud"])
    assert found.startswith("5000 pixels are flagged as cloud, but none is filled, since the bands")

    def forget(numbers):
        numbers[3] &= landsat.QA_FILL

    without = change_raw(scene, tmp_path / "without.tif", forget)
    found = why_nothing_is_filled(without.optical, MASK)
    assert found.startswith("no qa_pixel is given, or it flags nothing but fill, so no pixel is")
    assert found.endswith("; give a qa_pixel in which cloud is 8")


def test_a_pixel_is_filled_in_all_bands_or_in_none():
    nothing = np.full((3, 1, 2), np.nan)
    mean = np.array([[[0.1, 0.1]], [[0.2, np.nan]], [[0.3, 0.3]]])
    bands = compose(nothing, np.ones((1, 2), bool), mean, mean / 10)
    assert bands[:3, 0, 0] == pytest.approx([0.1, 0.2, 0.3])
    assert bands[6].tolist() == [[Source.FILLED, Source.NO_DATA]]
    assert np.isnan(bands[:6, 0, 1]).all()
    dated = compose(nothing, np.ones((1, 2), bool), mean, mean / 10, np.ones((1, 2), bool))
    assert dated[6].tolist() == [[Source.FROM_DATE, Source.NO_DATA]]


def records(**errors):
    """Records of two seeds and three bands: {"MODEL_INPUT": mean error}."""
    return [
        record(band, *name.split("_"), seed=seed, error=error + 0.001 * (1 if seed else -1))
        for name, error in errors.items()
        for band in BANDS
        for seed in (0, 1)
    ]


def test_the_method_of_the_lowest_error_on_validation_ground_fills():
    found = best_method(records(unet_none=0.03, unet_ratio=0.02, cnn_ratio=0.025))
    assert (found.model, found.input) == ("unet", "ratio")
    assert found.error == pytest.approx(0.02)


def test_shuffled_sar_and_methods_without_all_bands_are_never_chosen():
    known = records(unet_shuffled=0.01, cnn_none=0.03)
    lacking = [one for one in records(cae_none=0.001) if one["band"] != "blue"]
    assert best_method([*known, *lacking])[:2] == ("cnn", "none")
    with pytest.raises(StudyError, match="no method was trained for red, green and blue"):
        best_method([*records(unet_shuffled=0.01), *lacking])


def test_factors_are_those_of_the_method():
    table = pd.DataFrame(
        [
            ("red", "unet", "ratio", "scale", 1.5),
            ("red", "unet", "none", "scale", 9.0),
            ("green", "unet", "ratio", "scale", 2.5),
            ("green", "unet", "ratio", "crps", 0.1),
        ],
        columns=["band", "method", "input", "metric", "value"],
    )
    found = std_factors(table, Method("unet", "ratio", 0.02))
    assert (found["red"], found["green"]) == (1.5, 2.5)
    assert np.isnan(found["blue"])
    assert np.isnan([*std_factors(None, Method("unet", "ratio", 0.02)).values()]).all()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "not a table of uncertainties: No columns to parse"),
        ("garbage\n", "not a table of uncertainties: has no band, method, input, metric, value"),
        ("band,method\n1,2,3,4\n1,2,3,4,5\n", "not a table of uncertainties: .*in line 3"),
        *(
            (f"{HEADER}red,unet,ratio,scale,1.5\nred,unet,none,scale,{value}\n", problem)
            for value, problem in (
                ("wide", "line 3: value is wide, not a factor"),
                ("-1", "line 3: value is -1.0, not a factor"),
                ("1" + "0" * 400, "line 3: value is inf, not a factor"),
            )
        ),
    ],
)
def test_a_table_without_usable_factors_is_refused(tmp_path, text, problem):
    path = tmp_path / "uncertainty.csv"
    path.write_text(text)
    with pytest.raises(StudyError, match=f"uncertainty.csv.*{problem}") as error:
        read_factors(path, Method("unet", "ratio", 0.02))
    assert "\n" not in str(error.value)


def test_factors_are_read_from_a_table(tmp_path):
    path = tmp_path / "uncertainty.csv"
    path.write_text(f"{HEADER}red,unet,ratio,scale,1.5\nblue,unet,ratio,scale,\n")
    found = read_factors(path, Method("unet", "ratio", 0.02))
    assert found["red"] == 1.5
    assert np.isnan([found["green"], found["blue"]]).all()
    assert np.isnan([*read_factors(None, Method("unet", "ratio", 0.02)).values()]).all()


def test_the_tags_name_the_method():
    facts = describe("s", "town", Method("unet", "ratio", 0.0213), [1, 2], FACTORS, MASK)
    found = tags(facts)
    assert found["METHOD"] == "unet-ratio"
    assert found["SEEDS"] == "1 2"
    assert (found["STD_FACTOR_GREEN"], found["STD_FACTOR_BLUE"]) == ("2.0000", "unknown")
    assert (
        "cloud, cloud_shadow were filled by U-Net, with ratio, mean of 2 networks"
        in (found["TIFFTAG_IMAGEDESCRIPTION"])
    )


def test_the_style_stretches_true_colour(made):
    low, high = stretch_of(made[2])
    assert 0.05 <= low < 0.07
    assert 0.38 < high <= 0.46
    text = true_colour(low, high)
    root = ElementTree.fromstring(text.partition("\n")[2])
    renderer = root.find("pipe/rasterrenderer")
    assert renderer.get("type") == "multibandcolor"
    assert [renderer.get(f"{band}Band") for band in BANDS] == ["1", "2", "3"]
    for band in BANDS:
        stretch = renderer.find(f"{band}ContrastEnhancement")
        assert float(stretch.findtext("minValue")) == pytest.approx(low, abs=1e-4)
        assert float(stretch.findtext("maxValue")) == pytest.approx(high, abs=1e-4)
        assert stretch.findtext("algorithm") == "StretchToMinimumMaximum"


def test_a_new_scene_is_filled_by_networks_that_need_no_other_date():
    dated = {"channels": ["red", "gap", "red_other_date", "other_date_age", "other_date_clear"]}
    without = {"channels": ["red", "gap", "without_red_other_date", "ratio_db"]}
    assert without_dates({"a": dated, "b": without}, "here") == {"b": without}
    assert without_dates({}, "here") == {}
    with pytest.raises(StudyError, match="here: all need another date") as error:
        without_dates({"a": dated}, "here")
    assert "\n" not in str(error.value)


def test_the_style_of_sources_names_each_kind_of_pixel():
    root = ElementTree.fromstring(sources().partition("\n")[2])
    renderer = root.find("pipe/rasterrenderer")
    assert (renderer.get("type"), renderer.get("band")) == ("paletted", "7")
    entries = {
        int(entry.get("value")): (entry.get("label"), entry.get("color"))
        for entry in renderer.iter("paletteEntry")
    }
    assert entries == {
        1: ("measured", "#d9d9d9"),
        2: ("filled", "#cc78bc"),
        3: ("filled from another date", "#0173b2"),
    }
    assert len(set(COLOURS.values())) == len(COLOURS) == len(Source) - 1
