"""Training on several sites, testing on others: what is drawn, how it is scaled, what is lost."""

import itertools
import json

import numpy as np
import pandas as pd
import pool_ground
import pytest
import torch
from rasterio.crs import CRS
from rasterio.transform import from_origin
from sarfusion.core.errors import StudyError
from sarfusion.core.raster import Grid, write_raster
from sarfusion.fusion.batches import random_batches, spread_batches
from sarfusion.ground import split
from sarfusion.ground.normalise import even_sample
from sarfusion.ground.patches import PatchSource
from sarfusion.scenes import sar
from sarfusion.scenes.bands import BANDS
from sarfusion.scoring.transfer import losses, pooled_losses, tagged, without_training
from sarfusion.show.tables import METRIC_COLUMNS
from sarfusion.study.config import resolve
from sarfusion.study.resolved import transfers
from tabulate_transfer import best_text

CHANNELS = (*BANDS, *sar.CHANNELS)
SITES = {name: {"source": "simulated"} for name in "abc"}


def study(**more):
    return resolve({"study": "s", "sites": SITES, **more})


def test_leave_one_out_tests_each_site_by_all_others():
    found = transfers(study(transfer="leave_one_out"))
    assert found["transfer.without_b"] == {
        "name": "leave_one_out",
        "train": ["a", "c"],
        "test": ["b"],
    }
    assert len(found) == 3
    assert transfers(study()) == {}


def test_a_missing_site_is_neither_trained_nor_tested_on():
    missing = {"b": {"rule": "import_scene", "log": "x.log", "reason": "no"}}
    found = transfers(study(transfer="leave_one_out", missing_sites=missing))
    assert {name: about["train"] for name, about in found.items()} == {
        "transfer.without_a": ["c"],
        "transfer.without_c": ["a"],
    }
    named = {"to_b_and_c": {"train": ["a"], "test": ["b", "c"]}}
    named["from_b"] = {"train": ["b"], "test": ["c"]}
    found = transfers(study(transfer=named, missing_sites=missing))
    assert {name: about["test"] for name, about in found.items()} == {"transfer.to_b_and_c": ["c"]}


@pytest.mark.parametrize(
    ("transfer", "message"),
    [
        ({"x": {"train": ["a", "b"], "test": ["b"]}}, "transfer.x: b is both trained and tested"),
        (
            {"x": {"train": ["a"], "test": ["z"]}},
            "transfer.x.test: 'z' is not among .* sites: a, b",
        ),
        ({"x": {"train": [], "test": ["b"]}}, "transfer.x.train: "),
        ({"x": {"train": ["a"]}}, "transfer.x: 'test' is a required property"),
        ("leave_two_out", "transfer: 'leave_two_out' does not match"),
        ({"../x": {"train": ["a"], "test": ["b"]}}, "transfer: '../x' is not a name"),
    ],
)
def test_a_transfer_that_makes_no_sense_is_refused(transfer, message):
    with pytest.raises(StudyError, match=message):
        study(transfer=transfer)


def source(value, places):
    """A scene of one value, so that a patch tells where it comes from."""
    scene = np.full((1, 40, 40), value, np.float32)
    return PatchSource(scene, scene[0], [[n, n] for n in range(places)], 8)


def test_patches_are_drawn_from_the_scenes_in_turn_whatever_their_size():
    pool = [source(0, 30), source(1, 2), source(2, 10)]
    batches = list(itertools.islice(random_batches(pool, 4, seed=1), 6))
    origins = torch.cat([inputs[:, 0, 0, 0] for inputs, _ in batches]).int().tolist()
    assert origins == [0, 1, 2] * 8
    assert all(inputs.shape == (4, 1, 8, 8) for inputs, _ in batches)
    assert all(torch.equal(inputs, target) for inputs, target in batches)
    assert sum(map(len, pool)) == 42


def test_draws_depend_on_the_seed_alone():
    scene = np.arange(1600, dtype=np.float32).reshape(1, 40, 40)
    sources = [PatchSource(scene, scene[0], [[n, n] for n in range(30)], 8) for _ in range(2)]

    def drawn(seed):
        return next(random_batches(sources, 16, seed))[0]

    assert torch.equal(drawn(1), drawn(1))
    assert not torch.equal(drawn(1), drawn(2))


def test_every_scene_is_validated_alike():
    pool = [source(0, 30), source(1, 30)]
    origins = torch.cat([inputs[:, 0, 0, 0] for inputs, _ in spread_batches(pool, 4, 10)])
    assert torch.bincount(origins.int()).tolist() == [5, 5]


def test_one_scene_is_drawn_as_by_one_call_of_torch():
    scene = np.arange(1600, dtype=np.float32).reshape(1, 40, 40)
    alone = PatchSource(scene, scene[0], [[0, n] for n in range(30)], 8)
    batches = itertools.islice(random_batches([alone], 16, seed=1), 4)
    generator = torch.Generator().manual_seed(1)
    for inputs, _ in batches:
        assert torch.equal(inputs[:, 0, 0, 0].long(), torch.randint(30, (16,), generator=generator))


GRID = Grid(CRS.from_epsg(32648), from_origin(500_000, 1_000_000, 30, 30), 20, 20)


def ground(folder, name, value, rows):
    """A stack whose training ground, its first `rows`, is `value`, with other values beyond."""
    bands = np.full((6, 20, 20), 99, np.float32)
    bands[:, :rows] = value
    use = np.full((1, 20, 20), split.TEST, np.uint8)
    use[:, :rows] = split.TRAIN
    write_raster(folder / f"{name}.tif", bands, GRID, CHANNELS, np.nan)
    write_raster(folder / f"{name}.split.tif", use, GRID, ["use"], 0)
    return folder / f"{name}.tif", folder / f"{name}.split.tif"


def test_channels_are_scaled_by_the_training_ground_of_all_sites_alike(tmp_path):
    """One site has four times the ground of the other; test ground, with 99, must not count."""
    stacks, splits = zip(
        ground(tmp_path, "large", 1, 16), ground(tmp_path, "small", 3, 4), strict=True
    )
    pool_ground.main(
        stacks=stacks,
        splits=splits,
        description=tmp_path / "pool.json",
        sites=["large", "small"],
        clip_percentiles=[0, 100],
    )
    found = json.loads((tmp_path / "pool.json").read_text())
    assert (found["trained_on"], found["pixels_per_site"]) == (["large", "small"], 4 * 20)
    assert found["normalisation"]["red"] == {"low": None, "high": None, "mean": 2, "std": 1}
    assert found["normalisation"]["ratio_db"] == {"low": 1, "high": 3, "mean": 2, "std": 1}


def test_an_even_sample_has_both_ends():
    assert even_sample(np.arange(9)[None], 3).tolist() == [[0, 4, 8]]
    assert even_sample(np.arange(3)[None], 3).tolist() == [[0, 1, 2]]


def scores(rows):
    """Tidy RMSE from (site, method, input, seed, value)."""
    return pd.DataFrame(
        [
            ("s", site, "cloud_gap", "gap", "red", method, sar_input, seed, "rmse", value, 9)
            for site, method, sar_input, seed, value in rows
        ],
        columns=METRIC_COLUMNS,
    )


OWN = scores(
    [
        *[
            ("a", "cnn", "ratio", 1, 1.0),
            ("a", "cnn", "ratio", 2, 3.0),
            ("b", "cnn", "ratio", 1, 4.0),
        ],
        *[("a", "mean", "none", 0, 5.0), ("b", "mean", "none", 0, 9.0)],
        *[("a", "nearest", "none", 0, 6.0), ("b", "nearest", "none", 0, 7.0)],
        ("a", "copy", "none", 0, 0.0),
    ]
)
UNSEEN = tagged(
    [scores([("a", "cnn", "ratio", 1, 3.0), ("a", "cnn", "ratio", 2, 5.0)]),
     scores([("b", "cnn", "ratio", 1, 6.0)])],
    [("leave_one_out", ["b", "c"]), ("leave_one_out", ["a", "c"])],
)  # fmt: skip


def test_what_is_lost_is_counted_site_by_site():
    assert UNSEEN["trained_on"].tolist() == ["b c", "b c", "a c"]
    lost = losses(OWN, UNSEEN)
    assert lost[["site", "unseen", "own", "difference"]].to_numpy().tolist() == [
        ["a", 4, 2, 2],
        ["b", 6, 4, 2],
    ]
    (row,) = pooled_losses(lost).to_dict("records")
    assert (row["unseen"], row["own"], row["mean"]) == (5, 3, 2)
    assert (row["above"], row["sites"], row["low"], row["high"]) == (2, 2, 2, 2)


def test_the_best_method_without_training_is_that_of_all_tested_sites():
    found = without_training(OWN, ["a", "b"])
    assert found[["site", "method", "rmse"]].to_numpy().tolist() == [
        ["a", "nearest", 6],
        ["b", "nearest", 7],
    ]
    assert without_training(OWN, ["a"])["method"].tolist() == ["mean"]
    assert found["from_dates"].isna().all()
    nowhere = scores([("a", "mean", "none", 0, np.nan)]).assign(region="gap_edge_240-infm")
    assert len(without_training(pd.concat([OWN, nowhere]), ["a"])) == 1


def test_what_is_from_dates_stands_beside_the_best_method_without_training():
    shares = scores([("a", "nearest", "none", 0, 0.9), ("b", "nearest", "none", 0, 0.5)])
    shares = shares.assign(metric="from_dates")
    found = without_training(pd.concat([OWN, shares]), ["a", "b"])
    assert found["from_dates"].tolist() == [0.9, 0.5]
    assert best_text(found) == "6500.00 (Nearest; 70% from dates)"
    assert best_text(without_training(OWN, ["a", "b"])) == "6500.00 (Nearest)"
