"""Values of a raster as text in a page: whole numbers, compressed, base64."""

import base64
import math
import zlib

import numpy as np

NOTHING = 0xFFFF  # the number that stands for no data
NUMBERS = NOTHING  # how many others there are


def steps_of(low, high, finest):
    """Return (offset, step) that bring values from `low` to `high` into the numbers of `pack`.

    value = offset + step * number. The step is `finest`, or the smallest 1, 2, 5 times a power of
    ten above it that spans the values; the offset is a multiple of it.
    """
    step = finest
    while high - low > step * (NUMBERS - 2):
        digit, power = f"{step:.0e}".split("e")
        step = float(f"{ {'1': '2', '2': '5', '5': '10'}[digit] }e{power}")
    return math.floor(low / step) * step, step


def pack(values, finest):
    """Return {"offset", "step", "data"} of float `values` (any shape); NaN stays NaN.

    A value comes back within half a step (see steps_of). The numbers are uint16; each is stored as
    its difference from the one before, low bytes before high bytes, deflated (zlib), base64:
    neighbours in a scene are alike. A browser undoes this itself.
    """
    flat = np.ravel(values).astype(np.float64)
    known = np.isfinite(flat)
    low, high = (flat[known].min(), flat[known].max()) if known.any() else (0.0, 0.0)
    offset, step = steps_of(low, high, finest)
    numbers = np.full(flat.shape, NOTHING, np.uint16)
    numbers[known] = np.rint((flat[known] - offset) / step).astype(np.uint16)
    return {"offset": offset, "step": step, "data": encode(numbers)}


def encode(numbers):
    """Return uint16 `numbers` (flat) as text; see pack."""
    changes = np.diff(numbers, prepend=np.uint16(0)).astype("<u2")
    planes = changes.view(np.uint8).reshape(-1, 2).T
    return base64.b64encode(zlib.compress(planes.tobytes(), 9)).decode("ascii")


def decode(text):
    """Return the numbers that `encode` made into text."""
    planes = np.frombuffer(zlib.decompress(base64.b64decode(text)), np.uint8).reshape(2, -1)
    changes = np.ascontiguousarray(planes.T).view("<u2").ravel()
    return np.cumsum(changes, dtype=np.uint16)


def unpack(packed):
    """Return the values (flat, float64) in what `pack` returned, as the page gets them."""
    numbers = decode(packed["data"])
    return np.where(
        numbers == NOTHING, np.nan, packed["offset"] + packed["step"] * numbers.astype(float)
    )
