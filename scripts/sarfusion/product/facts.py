"""The facts on the product of a site: in a file beside it, in its tags and in its STAC item."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ..study.methods import method_label
from .bands import CLASSES
from .choice import Method


def describe(
    study: str,
    site: str,
    method: Method,
    seeds: Sequence[int],
    factors: Mapping[str, float],
    mask: Sequence[str],
) -> dict[str, Any]:
    """Return the facts of a product as JSON values.

    factors: {band: factor on the standard deviation}; an unknown one, NaN, becomes None. mask: the
    QA_PIXEL flags of pixels that were filled.
    """
    return {
        "study": study,
        "site": site,
        "model": method.model,
        "input": method.input,
        "seeds": list(seeds),
        "validation_rmse": method.error,
        "std_factor": {
            band: None if math.isnan(factor) else factor for band, factor in factors.items()
        },
        "filled_flags": list(mask),
    }


def of_models(domain: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts on networks of another study. domain: as scripts/check_domain.py writes it.

    trained_by: their study and site. outside: in words, how the scene is outside their domain.
    """
    return {name: domain[name] for name in ("trained_by", "outside")}


def lineage(facts: Mapping[str, Any]) -> str:
    """Return how the product was made, in a few sentences for readers of its metadata."""
    method = method_label(facts["model"], facts["input"])
    seeds = len(facts["seeds"])
    whose = " network" if seeds == 1 else " networks"
    if "trained_by" in facts:
        whose += " that the study {study} trained at {site}".format(**facts["trained_by"])
        unlike = "; ".join(facts["outside"])
        whose += f" (which is unlike this scene: {unlike})" if unlike else ""
    return (
        f"Surface reflectance. Pixels flagged as {', '.join(facts['filled_flags'])} were filled by"
        f" {method}, mean of {seeds}{whose}; all others are as measured. Bands *_std: one standard"
        f" deviation of filled pixels, calibrated on validation ground. Band source: {CLASSES}."
    )


def tags(facts: Mapping[str, Any]) -> dict[str, str]:
    """Return the tags of the file with the product, names and values that GDAL shows."""
    return {
        "TIFFTAG_SOFTWARE": "sarfusion",
        "TIFFTAG_IMAGEDESCRIPTION": lineage(facts),
        "STUDY": facts["study"],
        "SITE": facts["site"],
        "METHOD": f"{facts['model']}-{facts['input']}",
        "SEEDS": " ".join(map(str, facts["seeds"])),
        "VALIDATION_RMSE": f"{facts['validation_rmse']:.6f}",
        **{
            f"STD_FACTOR_{band.upper()}": "unknown" if factor is None else f"{factor:.4f}"
            for band, factor in facts["std_factor"].items()
        },
    }
