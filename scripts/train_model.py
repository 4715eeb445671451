"""Train one network for one site, protocol and input, once for each band and seed."""

from sarfusion.core.job import run

import logging
import platform
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sarfusion.core.errors import StudyError
from sarfusion.core.files import read_json
from sarfusion.core.memory import keep_freed_memory
from sarfusion.core.raster import read_band, read_grid
from sarfusion.fusion import channels, checkpoint
from sarfusion.fusion.batches import Source, counted, random_batches, spread_batches
from sarfusion.fusion.domain import domain_of
from sarfusion.fusion.networks import build
from sarfusion.fusion.precision import choose_precision
from sarfusion.fusion.training import (
    choose_device,
    fit,
    has_converged,
    make_deterministic,
)
from sarfusion.ground import normalise
from sarfusion.ground.patches import PatchSource, WithheldSource, read_places
from sarfusion.ground.split import NAMES, TRAIN, VALIDATION
from sarfusion.ground.training_gaps import Views
from sarfusion.study.protocols import PROTOCOLS
from tqdm import tqdm

MAX_VALIDATION_PATCHES = 64
USES = {NAMES[value]: value for value in (TRAIN, VALIDATION)}


def main(
    *,
    optical: Sequence[str | Path],
    sar: Sequence[str | Path],
    stacks: Sequence[str | Path],
    description: str | Path,
    metadata: Sequence[str | Path],
    weights: Sequence[str | Path],
    records: Sequence[str | Path],
    site: str,
    protocol: str,
    model: str,
    input: str,
    given: Sequence[str],
    places: Sequence[str],
    bands: Sequence[str],
    seeds: Sequence[int],
    model_settings: Mapping[str, Any],
    training_settings: Mapping[str, Any],
    preparation: Mapping[str, Any],
    buffer_px: int,
    threads: int,
    patches: Sequence[str | Path] | None = None,
    views: Sequence[str | Path] | None = None,
    matched: Sequence[str | Path] | None = None,
    splits: Sequence[str | Path] | None = None,
    trained_on: Sequence[str] | None = None,
) -> None:
    """Train one network for each band and seed and write its weights and record, one by one.

    optical, sar, stacks, metadata: paths, one per training site: of rasters with the optical input
    band, the SAR input bands and the band to predict, and of scene.json. description: JSON with the
    normalisation of the channels and
    percentiles of their values. weights, records: paths, band by band, one per seed. site,
    protocol, model, input: names, for the record. given, places: channels of the input, and of all
    inputs of the protocol (study/inputs.py). model_settings, training_settings: as in the
    config. preparation: see fusion/domain.py. patches: of the same sites, the index of patches.
    views, splits: used instead if the band is withheld: the training gaps (see
    ground/training_gaps.py) and the split maps. matched: rasters of other dates (match_dates.py),
    if networks take any. trained_on: the training sites, for the record, if `site` is the name of a
    transfer.
    """
    keep_freed_memory()
    described = read_json(description)
    scalings = described["normalisation"]
    scenes = [read_json(path) for path in metadata]
    pixels_m = [read_grid(path).pixel_m for path in stacks]
    size, paths = model_settings["patch_px"], zip(weights, records, strict=True)
    has_gaps = views is not None

    def ground_of(
        band: str, names: Sequence[str], scaling: Mapping[str, Any]
    ) -> dict[str, list[Source]]:
        """Return the sources of patches of all sites for each use, to predict a band."""
        ground: dict[str, list[Source]] = {use: [] for use in USES}
        for number, stack in enumerate(stacks):
            values = normalise.apply(read_band(stack, band), scaling[band])
            radar = sar[number]
            if views and splits:
                rasters = matched[number] if matched else radar, radar
                cuts = views[number], splits[number]
                make_source = gapped_patches(names, rasters, values, scaling, *cuts)
            else:
                assert patches is not None
                index = patches[number]
                make_source = whole_patches(names, optical[number], radar, values, scaling, index)
            for use, sources in ground.items():
                sources.append(make_source(use, size))
        return ground

    for band in bands:
        gives_band = PROTOCOLS[protocol].gives_band
        names = channels.channel_names(band, given, has_gaps, places, gives_band)
        new_network = partial(
            build,
            *(model_settings["network"], len(names), model_settings["options"]),
            starts=channels.start_places(names) if has_gaps else (),
            radar=channels.radar_places(names),
            uncertain=model_settings["uncertainty"],
        )
        check_sizes(new_network(), model, size, buffer_px)
        seen = channels.scaled_alone(names)
        # The band to predict is scaled too.
        scaling = {name: scalings[name] for name in dict.fromkeys([band, *seen])}
        ranges = {name: described["percentiles"][name] for name in seen}
        domain = domain_of(scenes, pixels_m, ranges, preparation)
        ground = ground_of(band, names, scaling)
        for seed in seeds:
            make_deterministic(seed, threads)
            network = new_network()
            batch = model_settings["batch"]
            fitted = train(network, ground, names, seed, batch, training_settings)
            fitted["validation_rmse"] = fitted["validation_rmse"] * scaling[band]["std"]
            record = {
                "site": site,
                **({"trained_on": trained_on} if trained_on else {}),
                "protocol": protocol,
                "band": band,
                "model": model,
                "input": input,
                "seed": seed,
                "network": model_settings["network"],
                "options": model_settings["options"],
                "residual": has_gaps,
                "uncertainty": model_settings["uncertainty"],
                "channels": names,
                "scaling": scaling,
                "domain": domain,
                "patch_px": size,
                "batch": batch,
                "training": training_settings,
                "training_patches": sum(map(len, ground["train"])),
                "parameters": sum(p.numel() for p in network.parameters()),
                "receptive_field_radius_px": network.radius,
                **fitted,
                "threads": threads,
                "software": {
                    "python": platform.python_version(),
                    "torch": torch.__version__,
                    "numpy": np.__version__,
                },
            }
            checkpoint.save(network, record, *next(paths))
        del ground  # before that of the next band is made, since both are large


def train(network, ground, names, seed, batch, training):
    """Train `network` in place; return its entries for the record, in normalised units."""
    device = choose_device(training["device"])
    precision = choose_precision(training["precision"], device, "training.precision")
    batches = random_batches(ground["train"], batch, seed, training["augment"])
    validation = spread_batches(ground["validation"], batch, MAX_VALIDATION_PATCHES)
    if channels.GAP in names:
        batches, validation = counted(batches), list(counted(validation))
    start = time.perf_counter()
    history, best_update = fit(
        network,
        batches,
        validation,
        loss=network.new_loss(device),
        updates=training["updates"],
        learning_rate=training["learning_rate"],
        decay=training["decay"],
        validate_every=training["validate_every"],
        device=device,
        precision=precision,
        progress=lambda updates: tqdm(updates, f"training, seed {seed}", disable=None, leave=False),
    )
    seconds = time.perf_counter() - start
    for entry in history:
        logging.info("seed %d  update %6d  train %.6f  validation %.6f", seed, *entry.values())
    best = next(entry for entry in history if entry["update"] == best_update)
    return {
        "best_update": best_update,
        "converged": has_converged(history),
        "validation_rmse": best["validation_loss"] ** 0.5,
        "history": history,
        "training_seconds": round(seconds, 2),
        "device": str(device),
        "precision": precision,
    }


def check_sizes(network, model, patch_px, buffer_px):
    """Raise StudyError if the sizes in the config do not suit the network."""
    if network.radius > buffer_px:
        raise StudyError(
            f"config: split.buffer_px is {buffer_px}, less than the receptive-field radius"
            f" {network.radius} of {model}; raise it"
        )
    if patch_px % network.multiple:
        raise StudyError(
            f"config: models.{model}.patch_px is {patch_px}, but the pooling layers need a multiple"
            f" of {network.multiple}"
        )


def whole_patches(names, optical, sar, target, scaling, index):
    """Return a function (use, size) -> PatchSource of one site, by its index of patches.

    target: the normalised band to predict. use: "train" or "validation".
    """
    with channels.open_channels(names, optical, sar) as reader:
        scene = channels.normalised(reader.read(), names, scaling)
    return lambda use, size: PatchSource(scene, target, read_places(index, use, size), size)


def gapped_patches(names, rasters, target, scaling, views, split):
    """Return a function (use, size) -> WithheldSource, by a site's training gaps and split.

    rasters: of other dates, and of SAR. Other arguments: as for whole_patches and main.
    """
    views, uses = Views.load(views), read_band(split, "use")
    band = names[0]
    starts = normalise.apply(views.starts[:, views.bands.index(band)], scaling[band])
    differing = [name for name in names if name.endswith(channels.ANOMALY)]
    whole = [name for name in names[2:] if name not in differing]
    beside = np.zeros((len(whole), *target.shape), np.float32)
    anomalies = np.zeros((len(starts), len(differing), *starts.shape[1:]), np.float32)
    if any(not name.startswith(channels.WITHOUT) for name in whole):
        with channels.open_channels(whole, *rasters) as reader:
            bands = reader.read()
        beside = channels.normalised(bands, whole, scaling)
        for place, name in enumerate(differing):
            if not name.startswith(channels.WITHOUT):
                of_scene = bands[whole.index(name.removesuffix(channels.ANOMALY))]
                for view, values in enumerate(views.anomalies(of_scene)):
                    anomalies[view, place] = channels.normalised(values[None], [name], scaling)[0]
    return lambda use, size: WithheldSource(
        beside, target, views, starts, anomalies, uses == USES[use], size
    )


if __name__ == "__main__":
    run(main, snakemake)
