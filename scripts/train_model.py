"""Train one network for one site, protocol, band, input and seed."""

import logging
import platform

import numpy as np
import pandas as pd
import torch
from sarfusion import channels, checkpoint
from sarfusion.errors import StudyError
from sarfusion.files import read_json
from sarfusion.models import build
from sarfusion.raster import read_bands
from sarfusion.training import (
    PatchSource,
    choose_device,
    fit,
    keep_freed_memory,
    make_deterministic,
)
from tqdm import tqdm

MOST_VALIDATION_PATCHES = 256


def main(
    *, stack, stack_json, patches, weights, record, identity, model, training, buffer_px, threads
):
    """Train and write the weights and the record.

    identity: site, protocol, band, model, input, seed. model and training: as in the config.
    """
    keep_freed_memory()
    make_deterministic(identity["seed"], threads)
    device = choose_device(training["device"])
    names = channels.channel_names(identity["band"], identity["input"])
    normalisation = read_json(stack_json)["normalisation"]
    scene = channels.normalised(read_bands(stack, names), names, normalisation)

    network = build(model["network"], len(names), model["options"])
    if network.radius > buffer_px:
        raise StudyError(
            f"config: split.buffer_px is {buffer_px}, less than the receptive-field radius"
            f" {network.radius} of {identity['model']}; raise it"
        )
    size, batch = model["patch_px"], model["batch"]
    if size % network.multiple:
        raise StudyError(
            f"config: models.{identity['model']}.patch_px is {size}, no multiple of"
            f" {network.multiple}, which its poolings need"
        )
    index = pd.read_parquet(patches)
    ground = {
        split: PatchSource(scene, scene[0], places_of(index, split, size, patches), size)
        for split in ("train", "validation")
    }
    history, best_update = fit(
        network,
        ground["train"].draw(batch, identity["seed"]),
        ground["validation"].spread(batch, MOST_VALIDATION_PATCHES),
        updates=training["updates"],
        learning_rate=training["learning_rate"],
        validate_every=training["validate_every"],
        device=device,
        progress=lambda updates: tqdm(updates, "training", disable=None, leave=False),
    )
    for entry in history:
        logging.info(
            "update %(update)6d  train %(train_loss).6f  validation %(validation_loss).6f", entry
        )
    checkpoint.save(
        network,
        {
            **identity,
            "network": model["network"],
            "options": model["options"],
            "channels": names,
            "scaling": {name: normalisation[name] for name in names},
            "patch_px": size,
            "batch": batch,
            "training": training,
            "training_patches": len(ground["train"]),
            "parameters": sum(p.numel() for p in network.parameters()),
            "receptive_field_radius_px": network.radius,
            "best_update": best_update,
            "history": history,
            "device": str(device),
            "threads": threads,
            "software": {
                "python": platform.python_version(),
                "torch": torch.__version__,
                "numpy": np.__version__,
            },
        },
        weights,
        record,
    )


def places_of(index, split, size, path):
    """Return the (n, 2) places of the patches of `size` on the ground of `split`."""
    chosen = index[(index["split"] == split) & (index["size"] == size)]
    if chosen.empty:
        raise StudyError(
            f"{path}: no {split} patch of {size} px: too little {split} ground; lower patch_px"
            " or split.buffer_px, or raise split.block_px"
        )
    return chosen[["row", "col"]].to_numpy()


if __name__ == "__main__":
    from sarfusion.job import job

    with job(snakemake.log[0]):
        main(
            stack=snakemake.input.stack,
            stack_json=snakemake.input.stack_json,
            patches=snakemake.input.patches,
            weights=snakemake.output.weights,
            record=snakemake.output.record,
            identity=snakemake.params.identity,
            model=snakemake.params.model,
            training=snakemake.params.training,
            buffer_px=snakemake.params.buffer_px,
            threads=snakemake.threads,
        )
