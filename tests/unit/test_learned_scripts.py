"""train_model and fuse_scene on small rasters, without Snakemake."""

import json

import fuse_scene
import numpy as np
import pandas as pd
import pytest
import torch
import train_model
from rasterio.crs import CRS
from rasterio.transform import from_origin
from sarfusion.core.raster import Grid, read_band, write_raster
from sarfusion.fusion import channels, checkpoint
from sarfusion.fusion.networks import predict
from sarfusion.ground import normalise
from sarfusion.ground.patches import index_patches
from sarfusion.ground.split import TRAIN, VALIDATION

GRID = Grid(CRS.from_epsg(32648), from_origin(500_000, 1_000_000, 30, 30), 70, 90)
SCALING = {"low": None, "high": None, "mean": 0.1, "std": 0.5}
TRAINING = {
    "updates": 4,
    "learning_rate": 1e-3,
    "validate_every": 2,
    "precision": "float32",
    "device": "cpu",
}


@pytest.fixture
def site(tmp_path):
    """A stack of noise with a pixel that is not valid, its split, and folders for what is made."""
    bands = np.random.default_rng(0).normal(0.1, 0.5, (2, *GRID.shape)).astype(np.float32)
    bands[1, 3, 4] = np.nan
    write_raster(tmp_path / "stack.tif", bands, GRID, ["red", "ratio_db"], np.nan)
    gaps = (np.random.default_rng(1).random(GRID.shape) < 0.3).astype(np.uint8)
    write_raster(tmp_path / "gaps.tif", gaps[None], GRID, ["gap"], None)
    scaling = {"normalisation": {"red": SCALING, "ratio_db": SCALING}}
    (tmp_path / "stack.json").write_text(json.dumps(scaling))
    use = np.full(GRID.shape, TRAIN)
    use[50:] = VALIDATION
    index_patches(use, 16, 4).to_parquet(tmp_path / "patches.parquet")
    return tmp_path


def train(site, seeds, folder, protocol="reconstruction", **changes):
    stack = site / "stack.tif"
    paths = [site / folder / f"seed{seed}" for seed in seeds]
    (site / folder).mkdir()
    train_model.main(
        optical=[stack],
        sar=[stack],
        stacks=[stack],
        description=site / "stack.json",
        patches=[site / "patches.parquet"],
        weights=[f"{path}.safetensors" for path in paths],
        records=[f"{path}.json" for path in paths],
        bands=["red"],
        seeds=seeds,
        site="made",
        protocol=protocol,
        model="cae",
        input="ratio",
        model_settings={"network": "cae", "options": {}, "patch_px": 16, "batch": 2},
        training_settings=TRAINING | changes,
        gap_settings=(
            {"share": 0.3, "size_px": 4, "dilation_px": 0} if protocol == "cloud_gap" else None
        ),
        buffer_px=11,
        threads=1,
    )
    return paths


def fuse(site, model, gaps=None, tile_px=24):
    fused = site / "fused.tif"
    fuse_scene.main(
        optical=site / "stack.tif",
        sar=site / "stack.tif",
        gaps=gaps,
        weights=[f"{model}.safetensors"],
        records=[f"{model}.json"],
        fused=[fused],
        tile_px=tile_px,
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


def test_tiles_with_threads_beside_them_give_the_whole_forward_pass(site):
    (model,) = train(site, [1], "models")
    fused = fuse(site, model)
    network, record = checkpoint.load(f"{model}.safetensors", f"{model}.json")
    with channels.open_channels(
        record["channels"], site / "stack.tif", site / "stack.tif"
    ) as source:
        bands = source.read()
    inputs = torch.from_numpy(channels.normalised(bands, record["channels"], record["scaling"]))
    whole = normalise.undo(predict(network, inputs).numpy(), SCALING)
    whole[3, 4] = np.nan
    assert np.allclose(fused, whole, rtol=0, atol=1e-6, equal_nan=True)


def test_the_measured_band_stands_outside_the_gaps(site):
    (model,) = train(site, [1], "models", "cloud_gap")
    fused = fuse(site, model, site / "gaps.tif")
    measured, gap = read_band(site / "stack.tif", "red"), read_band(site / "gaps.tif", "gap") == 1
    valid = np.isfinite(read_band(site / "stack.tif", "ratio_db"))
    assert np.array_equal(fused[~gap & valid], measured[~gap & valid])
    assert not np.isclose(fused[gap & valid], measured[gap & valid]).any()


def test_an_error_while_writing_leaves_no_raster(site, monkeypatch):
    (model,) = train(site, [1], "models")

    def full(*args, **kwargs):
        raise OSError("No space left on device")

    monkeypatch.setattr("rasterio.io.DatasetWriter.write", full, raising=False)
    with pytest.raises(OSError, match="No space left"):
        fuse(site, model)
    assert [path.name for path in site.glob("*fused*")] == []


def test_bfloat16_moves_weights_by_little(site, caplog):
    (exact,) = train(site, [1], "models")
    (fewer,) = train(site, [1], "fewer", precision="bfloat16")
    native = torch.cpu._is_avx512_bf16_supported()
    assert ("has no instructions for" in caplog.text) == (not native)
    one, two = (checkpoint.load(f"{p}.safetensors", f"{p}.json")[0] for p in (exact, fewer))
    for a, b in zip(one.parameters(), two.parameters(), strict=True):
        assert not torch.equal(a, b)
        assert a.dtype == b.dtype == torch.float32
        assert torch.allclose(a, b, atol=10 * TRAINING["updates"] * TRAINING["learning_rate"])
    assert pd.read_json(f"{fewer}.json", typ="series")["precision"] == "bfloat16"
