"""The cloud-free image that a run makes, compared with the scene and the networks behind it."""

import numpy as np
import pandas as pd
import pystac
import pytest
import rasterio
import torch
from pystac.validation import validate_dict
from rio_cogeo import cog_validate
from sarfusion.core.files import read_json
from sarfusion.core.raster import read_band, read_bands, read_grid
from sarfusion.fusion import channels, checkpoint
from sarfusion.fusion.networks import predict
from sarfusion.product.bands import NAMES, Source
from sarfusion.scenes import landsat
from sarfusion.scenes.bands import BANDS


@pytest.fixture(scope="module")
def folder(protocols_results):
    return protocols_results / "products/village"


@pytest.fixture(scope="module")
def bands(folder):
    with rasterio.open(folder / "cloud_free.tif") as dataset:
        return dict(zip(dataset.descriptions, dataset.read(), strict=True))


def test_clouds_are_filled_and_all_else_is_as_measured(protocols_results, folder, bands):
    quality = read_band(protocols_results / "scenes/village/optical.tif", "qa_pixel")
    flags = ("dilated_cloud", "cirrus", "cloud", "cloud_shadow", "snow")
    cloudy = landsat.any_flagged(quality.astype(np.uint16), flags)
    cloudy &= ~landsat.is_fill(quality.astype(np.uint16))
    stack = read_bands(protocols_results / "stack/village.tif", BANDS)
    assert np.array_equal(bands["source"] == Source.FILLED, cloudy)
    assert cloudy.any()
    for band, measured in zip(BANDS, stack, strict=True):
        assert np.array_equal(bands[band][~cloudy], measured[~cloudy], equal_nan=True)
        assert np.isfinite(bands[band][cloudy]).all()
        assert np.isfinite(bands[f"{band}_std"][cloudy]).all()
        assert np.isnan(bands[f"{band}_std"][~cloudy]).all()
    pixels = read_json(folder / "cloud_free.json")["pixels"]
    assert pixels["filled"] == cloudy.sum()
    assert sum(pixels.values()) == cloudy.size


def test_it_is_filled_by_the_method_that_did_best_on_validation_ground(
    protocols_results, folder, bands
):
    """The mean of its networks over the whole scene at once, where the run went tile by tile."""
    models = protocols_results / "models/village/cloud_gap"
    errors = {}
    for path in models.rglob("*.json"):
        errors.setdefault(path.parent.name, []).append(read_json(path)["validation_rmse"])
    best = min(errors, key=lambda name: np.mean(errors[name]))
    facts = read_json(folder / "cloud_free.json")
    assert f"{facts['model']}-{facts['input']}" == best
    filled = bands["source"] == Source.FILLED
    for band in BANDS:
        means = []
        for weights in sorted((models / band / best).glob("*.safetensors")):
            network, record = checkpoint.load(weights, weights.with_suffix(".json"))
            names = record["channels"]
            start = protocols_results / "gaps/village.clouds.start.tif"
            with channels.open_channels(
                names, start, protocols_results / "stack/village.tif"
            ) as source:
                given = channels.normalised(source.read(), names, record["scaling"])
            output = predict(network, torch.from_numpy(given)).numpy()
            means.append(channels.in_reflectance(output, record["scaling"][band])[0])
        assert len(means) == 2
        assert bands[band][filled] == pytest.approx(np.mean(means, axis=0)[filled], abs=1e-5)


def test_it_opens_in_other_programs(protocols_results, folder):
    path = folder / "cloud_free.tif"
    assert cog_validate(path, strict=True) == (True, [], [])
    assert read_grid(path) == read_grid(protocols_results / "scenes/village/optical.tif")
    catalogue = pystac.Catalog.from_file(str(folder.parent / "catalog.json"))
    (item,) = catalogue.get_items()
    assert validate_dict(read_json(folder.parent / "catalog.json"), extensions=[])
    assert validate_dict(read_json(folder / "village.json"), extensions=[])
    assert [band["name"] for band in item.assets["cloud_free"].extra_fields["bands"]] == [*NAMES]


def test_the_table_has_what_is_filled_and_how_far_off_it_is(protocols_results, folder, bands):
    table = pd.read_csv(protocols_results / "tables/product.csv")
    value = table.set_index(["region", "band", "metric"])["value"]
    filled = (bands["source"] == Source.FILLED).sum()
    seen = (bands["source"] != Source.NO_DATA).sum()
    assert value["scene", "rgb", "share_filled"] == pytest.approx(filled / seen)
    for band in BANDS:
        for region in ("clouds", "gap"):
            assert 0 < value[region, band, "rmse"] < 1
            assert 0 <= value[region, band, "coverage_95"] <= 1
        # The measured ground differs from the truth only by noise and blur.
        assert value["measured", band, "rmse"] < 0.01
    page = (protocols_results / "tables/product.md").read_text()
    assert "is filled, by the U-Net" in page
