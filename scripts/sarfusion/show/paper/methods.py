"""Numbers and names for the paper's section on methods."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ...core.pixel_sizes import RATIO
from ...scoring import definitions
from ...scoring.decision import ALPHA
from ...study.methods import METHODS, OVER_TIME, method_name
from ...study.resolved import setting
from ..pixels import pixel_sizes
from .sites import FLAG_NAMES
from .texts import counted, listed, number, percent, whole

FRACTIONS = {1: "end", 2: "half", 3: "third", 4: "quarter"}  # steps along a block -> a step
STARTS = {  # by the setting gaps.start
    "pyramid": "averages of its surroundings, coarser the further away",
    "biharmonic": "the biharmonic surface from its rim",
    "zero": "the mean of the training ground",
}
DECAYS = {"cosine": " that falls to zero by half a cosine wave", "none": ""}
TAKEN_BACK = (
    " If the frames agree on more than half a pixel, the radar is moved by that much before it is"
    " averaged, so that it is resampled only once; the table has the remaining shift."
)
REPORTED = " It is reported, not corrected."
AUGMENTED = " Patches are rotated by random quarter turns, and half of them are mirrored."


def _masked(optical: Mapping[str, Any]) -> list[str]:
    """Return the flags that make a pixel invalid, from the settings of the optical scene."""
    return [*optical["mask"], *(f"aerosol_{flag}" for flag in optical["mask_aerosol"])]


def _training_gaps(gaps: Mapping[str, Any]) -> str:
    """Return a description of the gaps that networks are trained on, from the gap settings."""
    if gaps["training_masks"] == "real":
        return "cut at random from the masks of the study"
    least, most = (number(size) for size in gaps["training_sizes_px"])
    fewest, largest = (percent(share) for share in gaps["training_shares"])
    return f"of {least} to {most}~px, on {fewest} to {largest} of the ground"


def _at_sites(study: Mapping[str, Any], section: str, key: str) -> str:
    """Return a number of the settings as text; all its values if sites differ."""
    numbers = {setting(study, site, section)[key] for site in study["sites"]}
    return listed([number(each) for each in sorted(numbers)])


def constants(
    study: Mapping[str, Any], stacks: Mapping[str, Mapping[str, Any]], smallest_effect: float
) -> dict[str, str]:
    """Return the study's settings and the library's constants as texts, by name.

    stacks: {site: content of its stack/SITE.json}; smallest_effect: of the claims. For the sizes of
    pixels, see pixel_sizes.
    """
    split, gaps, sar = study["split"], study["gaps"], study["sar"]
    return {
        "bands": listed(study["bands"]),
        "flags": listed([FLAG_NAMES[flag] for flag in _masked(study["optical"])] or ["none"]),
        "noise_floor": number(sar["noise_floor_db"]),
        "shift": TAKEN_BACK if sar["correct_shift"] else REPORTED,
        "clip": listed([number(value) for value in sar["clip_percentiles"]]),
        "block": _at_sites(study, "split", "block_px"),
        "test": percent(split["test"]),
        "validation": percent(split["validation"]),
        "buffer": number(split["buffer_px"]),
        "gap_share": percent(gaps["share"]),
        "gap_size": _at_sites(study, "gaps", "size_px"),
        "start": STARTS[gaps["start"]],
        "training_gaps": _training_gaps(gaps),
        "gain": number(study["sharpening"]["gain_at_nyquist"]),
        "blur": number(study["denoise"]["sigma_px"]),
        "snr": number(study["denoise"]["snr_db"]),
        "factor": number(RATIO),
        **pixel_sizes(stack["grid"]["pixel_m"] for stack in stacks.values()),
        "updates": whole(study["training"]["updates"]),
        "validate_every": whole(study["training"]["validate_every"]),
        "learning_rate": number(study["training"]["learning_rate"]),
        "decay": DECAYS[study["training"]["decay"]],
        "augment": AUGMENTED if study["training"]["augment"] else "",
        "seeds": counted(len(study["seeds"]), "seed"),
        "seed_names": listed([str(seed) for seed in study["seeds"]]),
        "least_block": number(max(study["bootstrap"]["block_px"], definitions.MAX_WINDOW)),
        "lengths_in_block": number(definitions.LENGTHS_IN_BLOCK),
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
        "least_sites": number(definitions.MIN_SITES),
        "alpha": percent(ALPHA),
        "smallest_effect": percent(smallest_effect),
    }


def used_models(study: Mapping[str, Any]) -> dict[str, str]:
    """Return {model: network} of the models that the study trains."""
    names = [name for cut in study["protocols"].values() for name in cut["models"]]
    return {name: study["models"][name]["network"] for name in dict.fromkeys(names)}


def used_baselines(summary: pd.DataFrame) -> list[str]:
    """Return the names of the methods without training in a summary of scores."""
    return [method_name(name) for name in dict.fromkeys(summary["method"]) if name in METHODS]


def used_over_time(summary: pd.DataFrame) -> list[str]:
    """Return the names of the methods without training that fill from other dates."""
    return [method_name(name) for name in dict.fromkeys(summary["method"]) if name in OVER_TIME]
