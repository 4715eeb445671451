"""Numbers and names for the paper's section on methods."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ...core.pixel_sizes import RATIO
from ...scoring import definitions
from ...study.methods import METHODS, method_name
from ..pixels import pixel_sizes
from .sites import FLAG_NAMES
from .texts import counted, listed, number, percent, whole

FRACTIONS = {1: "end", 2: "half", 3: "third", 4: "quarter"}  # steps along a block -> a step


def constants(study: Mapping[str, Any], stacks: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Return the study's settings and the library's constants as texts, by name.

    stacks: {site: content of its stack/SITE.json}. For the sizes of pixels, see pixel_sizes.
    """
    split, gaps, sar = study["split"], study["gaps"], study["sar"]
    return {
        "bands": listed(study["bands"]),
        "flags": listed([FLAG_NAMES[flag] for flag in study["optical"]["mask"]] or ["none"]),
        "noise_floor": number(sar["noise_floor_db"]),
        "clip": listed([number(value) for value in sar["clip_percentiles"]]),
        "block": number(split["block_px"]),
        "test": percent(split["test"]),
        "validation": percent(split["validation"]),
        "buffer": number(split["buffer_px"]),
        "gap_share": percent(gaps["share"]),
        "gap_size": number(gaps["size_px"]),
        "gain": number(study["sharpening"]["gain_at_nyquist"]),
        "factor": number(RATIO),
        **pixel_sizes(stack["grid"]["pixel_m"] for stack in stacks.values()),
        "updates": whole(study["training"]["updates"]),
        "validate_every": whole(study["training"]["validate_every"]),
        "learning_rate": number(study["training"]["learning_rate"]),
        "seeds": counted(len(study["seeds"]), "seed"),
        "seed_names": listed([str(seed) for seed in study["seeds"]]),
        "resampled_block": number(study["bootstrap"]["block_px"]),
        "draws": whole(study["bootstrap"]["draws"]),
        "ssim_window": number(definitions.SSIM_WINDOW),
        "ssim_sigma": number(definitions.SSIM_SIGMA),
        "stable": listed([number(value) for value in definitions.STABLE]),
        "uiqi_window": number(definitions.UIQI_WINDOW),
        "sobel_window": number(definitions.SOBEL_WINDOW),
        "confidence": percent(definitions.CONFIDENCE),
        "tails": listed(
            [percent(half / 2) for half in (1 - definitions.CONFIDENCE, 1 + definitions.CONFIDENCE)]
        ),
        "step": FRACTIONS[definitions.STEPS],
        "least_blocks": number(definitions.MIN_BLOCKS),
        "least_seeds": number(definitions.MIN_SEEDS),
    }


def used_models(study: Mapping[str, Any]) -> dict[str, str]:
    """Return {model: network} of the models that the study trains."""
    names = [name for cut in study["protocols"].values() for name in cut["models"]]
    return {name: study["models"][name]["network"] for name in dict.fromkeys(names)}


def used_baselines(summary: pd.DataFrame) -> list[str]:
    """Return the names of the methods without training in a summary of scores."""
    return [method_name(name) for name in dict.fromkeys(summary["method"]) if name in METHODS]
