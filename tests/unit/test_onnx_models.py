"""ONNX files: they return what the network returns, in its units, on scenes of any size."""

import json
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pystac
import pytest
import torch
from pystac.extensions.mlm import MLMExtension
from rasterio.crs import CRS
from rasterio.transform import from_origin
from sarfusion.core.errors import StudyError
from sarfusion.core.raster import Grid, write_raster
from sarfusion.fusion import checkpoint, onnx_models
from sarfusion.fusion.networks import build

sys.path.append(str(Path(__file__).resolve().parents[2] / "command/terminal"))

import export_models

CHANNELS = ["red", "gap", "vv_db", "vh_db"]
SCALING = {
    "red": {"low": None, "high": None, "mean": 0.12, "std": 0.06},
    "vv_db": {"low": -20.0, "high": 5.0, "mean": -8.0, "std": 4.0},
    "vh_db": {"low": -28.0, "high": -2.0, "mean": -15.0, "std": 4.0},
}
NETWORKS = [  # and whether they are uncertain
    *(("cnn", False), ("cae", True), ("unet", True)),
    *(
        pytest.param((name, False), marks=pytest.mark.second_tier)
        for name in ("residual", "dual_branch", "attention", "multiscale", "transformer")
    ),
]
# Convolutions of a network.
LAYERS = {"cnn": 3, "cae": 4, "unet": 6, "residual": 12, "dual_branch": 9, "attention": 18}
LAYERS |= {"multiscale": 17, "transformer": 6}


def trained(network, uncertain, channels=CHANNELS):
    """A network as after training, with no weight zero, and its record."""
    torch.manual_seed(1)
    net = build(network, len(channels), {}, starts=[0], uncertain=uncertain).eval()
    with torch.no_grad():
        for weights in net.parameters():
            weights += 0.02 * torch.randn_like(weights)
    record = {
        "site": "city",
        "protocol": "cloud_gap",
        "band": "red",
        "model": network,
        "input": "vvvh",
        "seed": 1,
        "network": network,
        "options": {},
        "residual": True,
        "uncertainty": uncertain,
        "channels": channels,
        "scaling": SCALING,
        "domain": {"pixel_m": [30, 30]},
        "training": {"updates": 100},
        "parameters": sum(weights.numel() for weights in net.parameters()),
    }
    return net, record


def scene(rows, columns):
    """Bands as in rasters: reflectance, gap 0, 1 or 2, dB beyond what is clipped, NaN in places."""
    rng = np.random.default_rng(0)
    bands = np.stack(
        [
            rng.uniform(-0.1, 1.1, (rows, columns)),
            rng.integers(0, 3, (rows, columns)),
            rng.uniform(-40, 20, (rows, columns)),
            rng.uniform(-40, 20, (rows, columns)),
        ]
    ).astype(np.float32)
    bands[2:, :5, :5] = np.nan
    return bands


@pytest.fixture(scope="module", params=NETWORKS, ids=str)
def exported(request, tmp_path_factory):
    """A network, its record, and the ONNX file of both."""
    net, record = trained(*request.param)
    path = tmp_path_factory.mktemp("onnx") / "seed1.onnx"
    onnx_models.export(net, record, path)
    return net, record, path


@pytest.mark.parametrize("shape", [(64, 64), (37, 50), (61, 23)], ids=str)
def test_an_onnx_file_gives_what_the_network_gives(exported, shape):
    net, record, path = exported
    assert onnx_models.largest_difference(path, net, record, scene(*shape)) < 1e-5


def test_another_date_and_channels_that_a_network_is_without(tmp_path):
    dated = ["red_other_date", "other_date_age", "other_date_clear"]
    without = ["without_vh_db", "without_vh_db_anomaly"]
    names = ["red", "gap", *dated, "vv_db", without[0], "red_other_date_anomaly", without[1]]
    net, record = trained("cnn", False, names)
    path = tmp_path / "seed1.onnx"
    onnx_models.export(net, record, path)
    rng = np.random.default_rng(3)
    bands = rng.uniform(0, 1, (len(names), 40, 30)).astype(np.float32)
    bands[1], bands[3], bands[4] = 1, 400, rng.integers(0, 2, (40, 30))
    bands[2:5, :9] = np.nan
    assert onnx_models.largest_difference(path, net, record, bands) < 1e-5
    session = onnxruntime.InferenceSession(path)
    (made,) = session.run(None, {"bands": bands[None]})
    bands[[6, 8]] = 99  # the network does not see these
    bands[3, 9:] = 365  # older than a year is as old as a year
    assert np.array_equal(session.run(None, {"bands": bands[None]})[0], made)
    units = {
        about["name"]: about.get("unit")
        for about in onnx_models.describe(net, record, path, (0, 0, 1, 1), 0.0)["properties"][
            "bands"
        ]
    }
    assert (units["other_date_age"], units["red_other_date"], units["vv_db"]) == ("d", "1", "dB")
    assert units["without_vh_db"] is None


def test_a_difference_is_seen(exported):
    net, record, path = exported
    shifted = {**record, "scaling": {**SCALING, "red": {**SCALING["red"], "mean": 0.13}}}
    assert onnx_models.largest_difference(path, net, shifted, scene(32, 32)) > 1e-5


def test_an_onnx_file_has_standard_layers_and_free_sizes(exported):
    _, record, path = exported
    model = onnx.load(path)
    onnx.checker.check_model(model)
    assert {node.domain for node in model.graph.node} == {""}
    kinds = [node.op_type for node in model.graph.node]
    assert kinds.count("Conv") == LAYERS[record["network"]] * (1 + record["uncertainty"])
    (taken,) = onnxruntime.InferenceSession(path).get_inputs()
    assert taken.shape == ["batch", len(CHANNELS), "rows", "columns"]


def test_units_are_physical():
    """A network that returns the band and a log variance of 0: reflectance, and its std."""
    net, record = trained("cnn", True)
    for layer in (net.band, net.log_variance):
        for weights in layer.parameters():
            torch.nn.init.zeros_(weights)
    bands = torch.from_numpy(scene(16, 16))[None]
    bands[0, 0, 3, 3] = torch.nan
    with torch.no_grad():
        fused, deviation = onnx_models.InUnits(net, record)(bands)[0]
    expected = torch.where(torch.isnan(bands[0, 0]), SCALING["red"]["mean"], bands[0, 0])
    torch.testing.assert_close(fused, expected, rtol=0, atol=1e-6)
    torch.testing.assert_close(deviation, torch.full((16, 16), SCALING["red"]["std"]))


@pytest.fixture
def results(tmp_path, monkeypatch):
    """The results of a study with one trained model, in a folder to work in."""
    monkeypatch.chdir(tmp_path)
    Path("city.yaml").write_text(
        "study: town\nsites: {city: {source: simulated, size_px: 64}}\nseeds: [1]\n"
        "protocols: {reconstruction: {}, cloud_gap: {models: [cnn], inputs: [vvvh, none]}}\n"
    )
    net, record = trained("cnn", True)
    folder = Path("results/town")
    name = folder / "models/city/cloud_gap/red/cnn-vvvh/seed1"
    name.parent.mkdir(parents=True)
    checkpoint.save(net, record, f"{name}.safetensors", f"{name}.json")
    bands = scene(40, 50)
    grid = Grid(CRS.from_epsg(32648), from_origin(500_000, 2_400_000, 30, 30), 40, 50)
    for part in ("gaps", "stack"):
        (folder / part).mkdir()
    write_raster(folder / "gaps/city.start.tif", bands[:2], grid, CHANNELS[:2], np.nan)
    write_raster(folder / "stack/city.tif", bands[2:], grid, CHANNELS[2:], np.nan)
    return folder


def test_the_models_of_a_study_are_exported_and_described(results, capsys):
    export_models.main("city.yaml")
    assert "(1 models;" in capsys.readouterr().out
    path = results / "onnx/city/cloud_gap/red/cnn-vvvh/seed1.onnx"
    assert {file.name for file in path.parent.iterdir()} == {"seed1.json", "seed1.onnx"}
    item = pystac.Item.from_dict(json.loads(path.with_suffix(".json").read_text()))
    assert item.assets["model"].href == path.name
    west, south, east, north = item.bbox
    assert west == pytest.approx(105, abs=1e-6)
    assert east - west == pytest.approx(0.0144, abs=2e-4)  # 1 500 m at 21.7 degrees north
    assert north - south == pytest.approx(0.0108, abs=2e-4)  # 1 200 m
    model = MLMExtension.ext(item)
    (taken,), (given,) = model.input, model.output
    assert taken.bands == CHANNELS
    assert taken.input.shape == [-1, 4, -1, -1]
    assert given.result.shape == [-1, 2, -1, -1]
    about = item.properties["mlm:hyperparameters"]
    assert about["scaling"] == SCALING
    assert about["domain"] == {"pixel_m": [30, 30]}
    assert (about["radius_px"], about["multiple_px"]) == (8, 1)
    assert about["largest_difference_from_pytorch"] < 1e-5
    units = {band["name"]: band.get("unit") for band in item.properties["bands"]}
    assert units == {"red": "1", "gap": None, "vv_db": "dB", "vh_db": "dB"}


def test_a_model_that_would_differ_is_not_written(results, monkeypatch):
    monkeypatch.setattr(onnx_models, "export", lambda net, record, path: path.touch())
    monkeypatch.setattr(onnx_models, "largest_difference", lambda *arguments: float("nan"))
    with pytest.raises(StudyError, match="was not written"):
        export_models.main("city.yaml", "cloud_gap")
    assert not list(results.rglob("*.onnx"))


def test_what_cannot_be_exported_is_said(results):
    with pytest.raises(StudyError, match="no protocol sharpening in city.yaml"):
        export_models.main("city.yaml", "sharpening")
    with pytest.raises(StudyError, match=r"no trained model in results/town/models; run the study"):
        export_models.main("city.yaml", "reconstruction")
    _, models = export_models.find_models("city.yaml")
    assert [*models] == ["city/cloud_gap/red/cnn-vvvh/seed1"]
    (results / "gaps/city.start.tif").unlink()
    with pytest.raises(StudyError, match="city.start.tif is missing"):
        export_models.main("city.yaml")
