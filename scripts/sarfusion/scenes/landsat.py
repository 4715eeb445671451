"""Landsat Collection 2 Level-2: digital numbers to reflectance, and what must be masked.

Source: USGS, Landsat 8-9 Collection 2 Level 2 Science Product Guide (LSDS-1619).
"""

import numpy as np

BANDS = ("red", "green", "blue")
RAW_BANDS = (*BANDS, "qa_pixel", "qa_radsat")
FILL = 0  # digital number
SCALE, OFFSET = 2.75e-5, -0.2

QA_PIXEL_BITS = {
    "fill": 0,
    "dilated_cloud": 1,
    "cirrus": 2,
    "cloud": 3,
    "cloud_shadow": 4,
    "snow": 5,
}
# Bit n - 1 of QA_RADSAT says that OLI band n is saturated.
QA_RADSAT_BITS = {"blue": 1, "green": 2, "red": 3}


def flagged(qa, bit):
    """Return where `bit` is set in the bit field `qa` (integers)."""
    return (qa >> bit) & 1 == 1


def to_reflectance(numbers, qa_pixel, qa_radsat, scale, offset, mask):
    """Return surface reflectance (bands, rows, columns; float32, NaN where masked) and counts.

    numbers: (3, rows, columns), red, green, blue; qa_pixel, qa_radsat: (rows, columns) integers.
    scale, offset: one per band, reflectance = scale * number + offset.
    mask: names of QA_PIXEL flags that invalidate a pixel; fill always does, and it is taken
    out before scaling, since fill would scale to a plausible -0.2.
    Saturated values are masked band by band. Reflectance below 0 or above 1 is kept (the
    atmospheric correction makes it) and counted.
    """
    fill = flagged(qa_pixel, QA_PIXEL_BITS["fill"]) | ~np.isfinite(numbers).all(axis=0)
    counts = {"pixels": int(fill.size), "fill": int(fill.sum())}
    masked = fill.copy()
    for name in mask:
        flag = flagged(qa_pixel, QA_PIXEL_BITS[name]) & ~fill
        counts[name] = int(flag.sum())
        masked |= flag
    counts["masked"] = int(masked.sum())

    reflectance = np.full(numbers.shape, np.nan, np.float32)
    for index, band in enumerate(BANDS):
        saturated = flagged(qa_radsat, QA_RADSAT_BITS[band]) & ~masked
        keep = ~masked & ~saturated
        values = numbers[index].astype(np.float64) * scale[index] + offset[index]
        np.copyto(reflectance[index], values, where=keep, casting="same_kind")
        counts[f"{band}_saturated"] = int(saturated.sum())
        counts[f"{band}_below_0"] = int(((values < 0) & keep).sum())
        counts[f"{band}_above_1"] = int(((values > 1) & keep).sum())
    return reflectance, counts
