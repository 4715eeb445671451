"""make_training_gaps, start_gaps, train_model and fuse_scene on small rasters."""

import json

import fuse_scene
import make_training_gaps
import numpy as np
import pandas as pd
import pytest
import start_gaps
import torch
import train_model
from rasterio.crs import CRS
from rasterio.transform import from_origin
from safetensors.numpy import load_file
from sarfusion.core.raster import Grid, read_band, read_bands, write_raster
from sarfusion.fusion import channels, checkpoint
from sarfusion.fusion.networks import predict
from sarfusion.ground import normalise
from sarfusion.ground.patches import index_patches
from sarfusion.ground.split import TRAIN, VALIDATION
from sarfusion.study.inputs import INPUTS

GRID = Grid(CRS.from_epsg(32648), from_origin(500_000, 1_000_000, 30, 30), 70, 90)
SCALING = {"low": None, "high": None, "mean": 0.1, "std": 0.5}
TRAINING = {
    "updates": 4,
    "learning_rate": 1e-3,
    "decay": "cosine",
    "augment": True,
    "validate_every": 2,
    "precision": "float32",
    "device": "cpu",
}
GAPS = {
    "seed": 1,
    "dilation_px": 0,
    "start": "biharmonic",
    "training_sizes_px": [4, 8],
    "training_shares": [0.2, 0.4],
}


def make_start(folder, stack):
    """Write start.tif of the bands of `stack` and of the gaps in a folder."""
    start_gaps.main(
        stack=folder / stack,
        sar=folder / stack,
        bands=["red"],
        radar=["ratio_db"],
        gaps=folder / "gaps.tif",
        matched=folder / "dates.tif",
        start=folder / "start.tif",
        method="biharmonic",
    )


@pytest.fixture
def site(tmp_path):
    """A stack of noise with a pixel that is not valid, its split, and folders for what is made."""
    bands = np.random.default_rng(0).normal(0.1, 0.5, (2, *GRID.shape)).astype(np.float32)
    bands[1, 3, 4] = np.nan
    write_raster(tmp_path / "stack.tif", bands, GRID, ["red", "ratio_db"], np.nan)
    other = np.random.default_rng(2).normal(0.1, 0.5, (3, *GRID.shape)).astype(np.float32)
    other[1:] = [np.full(GRID.shape, 16), np.ones(GRID.shape)]
    other[:2, 20:40] = np.nan  # no date is clear here
    other[2, 20:40] = 0
    names = ["red_other_date", "other_date_age", "other_date_clear"]
    write_raster(tmp_path / "dates.tif", other, GRID, names, np.nan)
    gaps = (np.random.default_rng(1).random(GRID.shape) < 0.3).astype(np.uint8)
    write_raster(tmp_path / "gaps.tif", gaps[None], GRID, ["gap"], None)
    make_start(tmp_path, "stack.tif")
    described = {
        "normalisation": {"red": SCALING, "ratio_db": SCALING},
        "percentiles": {"red": [0, 1, 2, 3, 4], "ratio_db": [5, 6, 7, 8, 9], "vv_db": [0] * 5},
    }
    (tmp_path / "stack.json").write_text(json.dumps(described))
    scene = {"simulated": False, "optical": {"sensor": "OLI-2"}, "sar": {"sensor": "C-SAR"}}
    (tmp_path / "scene.json").write_text(json.dumps(scene))
    use = np.full(GRID.shape, TRAIN)
    use[50:] = VALIDATION
    write_raster(tmp_path / "split.tif", use[None].astype(np.uint8), GRID, ["use"], None)
    make_training_gaps.main(
        stack=tmp_path / "stack.tif",
        split=tmp_path / "split.tif",
        views=tmp_path / "views.npz",
        bands=["red"],
        gap_settings=GAPS,
    )
    index_patches(use, 16, 4).to_parquet(tmp_path / "patches.parquet")
    return tmp_path


def train(
    site,
    seeds,
    folder,
    protocol="reconstruction",
    uncertainty=False,
    input_name="ratio",
    places=("ratio",),
    **changes,
):
    stack = site / "stack.tif"
    paths = [site / folder / f"seed{seed}" for seed in seeds]
    (site / folder).mkdir()
    train_model.main(
        optical=[stack],
        sar=[stack],
        stacks=[stack],
        description=site / "stack.json",
        metadata=[site / "scene.json"],
        weights=[f"{path}.safetensors" for path in paths],
        records=[f"{path}.json" for path in paths],
        bands=["red"],
        seeds=seeds,
        site="made",
        protocol=protocol,
        model="cae",
        input=input_name,
        given=INPUTS[input_name].channels,
        places=places,
        matched=[site / "dates.tif"],
        model_settings={
            "network": "cae",
            "options": {},
            "patch_px": 16,
            "batch": 2,
            "uncertainty": uncertainty,
        },
        training_settings=TRAINING | changes,
        preparation={"noise_floor_db": [-30], "start": ["biharmonic"]},
        **(
            {"views": [site / "views.npz"], "splits": [site / "split.tif"]}
            if protocol == "cloud_gap"
            else {"patches": [site / "patches.parquet"]}
        ),
        buffer_px=11,
        threads=1,
    )
    return paths


def fuse(site, model, optical="stack.tif", tile_px=24, precision="float32"):
    fused = site / "fused.tif"
    fuse_scene.main(
        optical=[site / optical],
        sar=[site / "stack.tif"],
        weights=[f"{model}.safetensors"],
        records=[f"{model}.json"],
        fused=[fused],
        tile_px=tile_px,
        precision=precision,
        device="cpu",
        threads=1,
    )
    return read_band(fused, "red")


@pytest.mark.parametrize("protocol", ["reconstruction", "cloud_gap"])
def test_seeds_in_one_process_are_those_of_processes_of_their_own(site, protocol):
    together = train(site, [1, 2], "together", protocol)
    (alone,) = train(site, [2], "alone", protocol)
    first, second, own = (
        path.with_suffix(".safetensors").read_bytes() for path in (*together, alone)
    )
    assert second == own
    assert second != first
    record = json.loads(together[1].with_suffix(".json").read_text())
    assert (record["seed"], record["precision"], len(record["history"])) == (2, "float32", 2)


def test_the_record_says_what_a_network_was_trained_on(site):
    (model,) = train(site, [1], "models", "cloud_gap")
    assert json.loads(model.with_suffix(".json").read_text())["domain"] == {
        "sensors": {"optical": ["OLI-2"], "sar": ["C-SAR"]},
        "is_simulated": False,
        "pixel_m": pytest.approx([30, 30], rel=1e-3),
        "percentiles": {"red": [0, 1, 2, 3, 4], "ratio_db": [5, 6, 7, 8, 9]},
        "preparation": {"noise_floor_db": [-30], "start": ["biharmonic"]},
    }


def test_tiles_with_threads_beside_them_give_the_whole_forward_pass(site):
    (model,) = train(site, [1], "models")
    fused = fuse(site, model)
    network, record = checkpoint.load(f"{model}.safetensors", f"{model}.json")
    with channels.open_channels(
        record["channels"], site / "stack.tif", site / "stack.tif"
    ) as source:
        bands = source.read()
    inputs = torch.from_numpy(channels.normalised(bands, record["channels"], record["scaling"]))
    whole = normalise.undo(predict(network, inputs).numpy()[0], SCALING)
    whole[3, 4] = np.nan
    assert np.allclose(fused, whole, rtol=0, atol=1e-6, equal_nan=True)


def test_the_measured_band_stands_outside_the_gaps(site):
    (model,) = train(site, [1], "models", "cloud_gap")
    fused = fuse(site, model, "start.tif")
    measured, gap = read_band(site / "stack.tif", "red"), read_band(site / "gaps.tif", "gap") == 1
    valid = np.isfinite(read_band(site / "stack.tif", "ratio_db"))
    assert np.array_equal(fused[~gap & valid], measured[~gap & valid])
    assert not np.isclose(fused[gap & valid], measured[gap & valid]).any()
    assert np.isnan(fused[~valid]).all()


def test_a_deviation_is_given_in_gaps_alone_and_leaves_the_band_as_it_is(site):
    (plain,) = train(site, [1], "plain", "cloud_gap")
    band = fuse(site, plain, "start.tif")
    (model,) = train(site, [1], "models", "cloud_gap", uncertainty=True)
    assert np.allclose(fuse(site, model, "start.tif"), band, atol=1e-5, equal_nan=True)
    deviation = read_band(site / "fused.tif", "red_std")
    gap = read_band(site / "gaps.tif", "gap") == 1
    gap &= np.isfinite(read_band(site / "stack.tif", "ratio_db"))
    assert (deviation[gap] > 0).all()
    assert np.isnan(deviation[~gap]).all()
    record = json.loads(model.with_suffix(".json").read_text())
    assert (record["uncertainty"], record["residual"]) == (True, True)
    best = next(entry for entry in record["history"] if entry["update"] == record["best_update"])
    rmse = best["validation_loss"] ** 0.5 * SCALING["std"]
    assert record["validation_rmse"] == pytest.approx(rmse)


def test_no_network_sees_what_is_withheld(site):
    (model,) = train(site, [1], "models", "cloud_gap")
    before = fuse(site, model, "start.tif")
    stack = read_bands(site / "stack.tif", ["red", "ratio_db"])
    gap = read_band(site / "gaps.tif", "gap") == 1
    stack[0][gap] += 7
    write_raster(site / "other.tif", stack, GRID, ["red", "ratio_db"], np.nan)
    make_start(site, "other.tif")
    assert np.array_equal(fuse(site, model, "start.tif"), before, equal_nan=True)


def test_without_a_channel_a_network_is_the_same_with_zeros_in_its_place(site):
    places = INPUTS["date_ratio"].channels
    records, weights = [], []
    for name in ("date_ratio", "date", "none"):
        (model,) = train(site, [1], name, "cloud_gap", input_name=name, places=places)
        records.append(json.loads(model.with_suffix(".json").read_text()))
        weights.append(load_file(model.with_suffix(".safetensors")))
    assert len({record["parameters"] for record in records}) == 1
    assert [len(record["channels"]) for record in records] == [8, 8, 8]
    assert records[2]["channels"][2:] == [
        *("without_red_other_date", "without_other_date_age", "without_other_date_clear"),
        *("without_ratio_db", "without_red_other_date_anomaly", "without_ratio_db_anomaly"),
    ]
    # Weights that only zeros pass through have not moved, and all networks began alike.
    first = next(key for key, value in weights[0].items() if value.shape[1:2] == (8,))
    whole, dated, none = (each[first] for each in weights)
    assert np.array_equal(dated[:, [5, 7]], none[:, [5, 7]])
    assert not np.array_equal(dated[:, 2], none[:, 2])
    assert not np.array_equal(whole[:, 5], dated[:, 5])


@pytest.mark.parametrize("tile_px", [16, 64])
def test_a_network_given_another_date_is_the_same_in_tiles_and_fills_where_none_is_clear(
    site, tile_px
):
    (model,) = train(
        *(site, [1], "models", "cloud_gap"),
        input_name="date",
        places=INPUTS["date_ratio"].channels,
    )
    whole = fuse(site, model, "start.tif", tile_px=1000)
    assert np.allclose(fuse(site, model, "start.tif", tile_px=tile_px), whole, atol=1e-6)
    assert np.isfinite(whole).all()  # also where SAR is not valid: this network has none
    other = read_bands(site / "dates.tif", ["red_other_date", "other_date_age", "other_date_clear"])
    other[0] += 0.3
    names = ["red_other_date", "other_date_age", "other_date_clear"]
    write_raster(site / "dates.tif", other, GRID, names, np.nan)
    make_start(site, "stack.tif")
    changed = fuse(site, model, "start.tif") != whole
    gap = read_band(site / "gaps.tif", "gap") == 1
    assert changed[gap & (other[2] == 1)].mean() > 0.9
    assert not changed[~gap].any()


def test_an_error_while_writing_leaves_no_raster(site, monkeypatch):
    (model,) = train(site, [1], "models")

    def full(*args, **kwargs):
        raise OSError("No space left on device")

    monkeypatch.setattr("rasterio.io.DatasetWriter.write", full, raising=False)
    with pytest.raises(OSError, match="No space left"):
        fuse(site, model)
    assert [path.name for path in site.glob("*fused*")] == []


def test_fusing_in_bfloat16_moves_what_networks_make_by_little(site, caplog):
    (model,) = train(site, [1], "models", "cloud_gap", uncertainty=True)
    made = {}
    for precision in ("float32", "bfloat16"):
        fuse(site, model, "start.tif", precision=precision)
        made[precision] = read_bands(site / "fused.tif", ["red", "red_std"])
    native = torch.cpu._is_avx512_bf16_supported()
    said = [text for text in caplog.messages if "fusing.precision is bfloat16" in text]
    assert len(said) == (not native)
    gap = read_band(site / "gaps.tif", "gap") == 1
    gap &= np.isfinite(read_band(site / "stack.tif", "ratio_db"))
    for one, other in zip(*made.values(), strict=True):
        assert np.array_equal(one[~gap], other[~gap], equal_nan=True)
        assert (one != other)[gap].mean() > 0.5
        assert np.abs(one - other)[gap].max() < 0.02 * SCALING["std"]


def test_bfloat16_moves_weights_by_little(site, caplog):
    (exact,) = train(site, [1], "models")
    (fewer,) = train(site, [1], "fewer", precision="bfloat16")
    native = torch.cpu._is_avx512_bf16_supported()
    assert ("has no instructions" in caplog.text) == (not native)
    one, two = (checkpoint.load(f"{p}.safetensors", f"{p}.json")[0] for p in (exact, fewer))
    for a, b in zip(one.parameters(), two.parameters(), strict=True):
        assert not torch.equal(a, b)
        assert a.dtype == b.dtype == torch.float32
        assert torch.allclose(a, b, atol=10 * TRAINING["updates"] * TRAINING["learning_rate"])
    assert pd.read_json(f"{fewer}.json", typ="series")["precision"] == "bfloat16"
