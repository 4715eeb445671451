"""Train one network for one site, protocol and input, once for each band and seed."""

from sarfusion.core.job import run

import logging
import platform
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sarfusion.core.errors import StudyError
from sarfusion.core.files import read_json
from sarfusion.core.memory import keep_freed_memory
from sarfusion.core.raster import read_band
from sarfusion.fusion import channels, checkpoint
from sarfusion.fusion.batches import random_batches, spread_batches, withhold
from sarfusion.fusion.networks import build
from sarfusion.fusion.training import choose_device, choose_precision, fit, make_deterministic
from sarfusion.ground import normalise
from sarfusion.ground.gaps import GapBank
from sarfusion.ground.patches import PatchSource, read_places
from tqdm import tqdm

MAX_VALIDATION_PATCHES = 64


def main(
    *,
    optical: Sequence[str | Path],
    sar: Sequence[str | Path],
    stacks: Sequence[str | Path],
    description: str | Path,
    patches: Sequence[str | Path],
    weights: Sequence[str | Path],
    records: Sequence[str | Path],
    site: str,
    protocol: str,
    model: str,
    input: str,
    bands: Sequence[str],
    seeds: Sequence[int],
    model_settings: Mapping[str, Any],
    training_settings: Mapping[str, Any],
    gap_settings: Mapping[str, Any] | None,
    buffer_px: int,
    threads: int,
    trained_on: Sequence[str] | None = None,
) -> None:
    """Train one network for each band and seed and write its weights and record, one by one.

    optical, sar, stacks, patches: paths, one per site that is trained on: rasters that hold the
    optical band and the SAR bands that go in, and the band that shall come out, and the patch
    index. description: JSON with the normalisation of the channels. weights, records: paths, band
    by band, one per seed. site, protocol, model, input: names, for the record. model_settings,
    training_settings, gap_settings: as in the config; the last is None where nothing is withheld.
    trained_on: the sites, for the record, where `site` is the name of a transfer.
    """
    keep_freed_memory()
    scalings = read_json(description)["normalisation"]
    size, paths = model_settings["patch_px"], zip(weights, records, strict=True)
    for band in bands:
        names = channels.channel_names(band, input, gap_settings is not None)
        network = build(model_settings["network"], len(names), model_settings["options"])
        check_sizes(network, model, size, buffer_px)
        scaling = scaling_of(scalings, names)
        ground: dict[str, list[PatchSource]] = {"train": [], "validation": []}
        for bands_in, sar_in, stack, index in zip(optical, sar, stacks, patches, strict=True):
            scene = read_scene(names, bands_in, sar_in, scaling)
            values = normalise.apply(read_band(stack, band), scaling[band])
            for split, sources in ground.items():
                sources.append(PatchSource(scene, values, read_places(index, split, size), size))
        for seed in seeds:
            make_deterministic(seed, threads)
            network = build(model_settings["network"], len(names), model_settings["options"])
            batch = model_settings["batch"]
            fitted = train(network, ground, names, seed, batch, training_settings, gap_settings)
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
                "channels": names,
                "scaling": scaling,
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


def train(network, ground, names, seed, batch, training, gaps):
    """Train `network` in place; return what is to be recorded of it."""
    device = choose_device(training["device"])
    precision = choose_precision(training["precision"], device)
    batches = random_batches(ground["train"], batch, seed)
    validation = spread_batches(ground["validation"], batch, MAX_VALIDATION_PATCHES)
    if gaps is not None:
        where, size = names.index(channels.GAP), ground["train"][0].size
        batches = withhold(batches, draw_gaps(gaps, size, seed), where)
        validation = list(withhold(validation, draw_gaps(gaps, size, 0), where))
    start = time.perf_counter()
    history, best_update = fit(
        network,
        batches,
        validation,
        updates=training["updates"],
        learning_rate=training["learning_rate"],
        validate_every=training["validate_every"],
        device=device,
        precision=precision,
        progress=lambda updates: tqdm(updates, f"training, seed {seed}", disable=None, leave=False),
    )
    seconds = time.perf_counter() - start
    for entry in history:
        logging.info("seed %d  update %6d  train %.6f  validation %.6f", seed, *entry.values())
    return {
        "best_update": best_update,
        "history": history,
        "training_seconds": round(seconds, 2),
        "device": str(device),
        "precision": precision,
    }


def check_sizes(network, model, patch_px, buffer_px):
    """Raise StudyError where the config's sizes do not suit the network."""
    if network.radius > buffer_px:
        raise StudyError(
            f"config: split.buffer_px is {buffer_px}, less than the receptive-field radius"
            f" {network.radius} of {model}; raise it"
        )
    if patch_px % network.multiple:
        raise StudyError(
            f"config: models.{model}.patch_px is {patch_px}, no multiple of"
            f" {network.multiple}, which its poolings need"
        )


def scaling_of(normalisation, names):
    """Return the scaling of the channels that are scaled."""
    return {name: normalisation[name] for name in names if name != channels.GAP}


def read_scene(names, optical, sar, scaling):
    """Return the whole scene as a network takes it; gaps are withheld later, patch by patch."""
    bands = [name for name in names if name != channels.GAP]
    with channels.open_channels(bands, optical, sar) as reader:
        scene = channels.normalised(reader.read(), bands, scaling)
    if channels.GAP in names:
        nothing = np.zeros_like(scene[:1])
        scene = np.insert(scene, names.index(channels.GAP), nothing, axis=0)
    return scene


def draw_gaps(gaps, size, seed):
    """Return count -> (count, size, size) random gaps, which depend on `seed` alone."""
    bank = GapBank.simulated(gaps["share"], gaps["size_px"], seed, dilation_px=gaps["dilation_px"])
    generator = np.random.default_rng(seed)
    return lambda count: bank.draw(count, size, generator)


if __name__ == "__main__":
    run(main, snakemake)
