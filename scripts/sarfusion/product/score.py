"""The errors of the filled pixels of a product, if the ground under the clouds is known."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..fusion.ensemble import deviation_name
from ..scenes.bands import BANDS
from ..scoring.uncertainty import half_width
from .bands import MADE, NAMES, SOURCE, Source

FROM_DATE, OTHERWISE = "from_date", "not_from_date"  # parts of the filled pixels, if both exist
REGIONS = {
    "clouds": MADE,
    FROM_DATE: (Source.FROM_DATE,),
    OTHERWISE: (Source.FILLED,),
    "measured": (Source.MEASURED,),
}
COLUMNS = ["study", "site", "region", "band", "method", "input", "metric", "value", "n"]
ALL_BANDS = "rgb"


class Tally:
    """Sums over the pixels of one band and region, part by part of a scene of any size."""

    def __init__(self) -> None:
        self.n = self.with_std = self.held = 0
        self.error = self.squares = self.width = 0.0

    def add(self, error: np.ndarray, std: np.ndarray) -> None:
        """Add pixels. error: product minus truth; std: NaN where unknown; both (pixels,)."""
        error, std = error.astype(np.float64), std.astype(np.float64)
        known = np.isfinite(std)
        wide = half_width(95)
        self.n += error.size
        self.error += float(error.sum())
        self.squares += float(np.square(error).sum())
        self.with_std += int(known.sum())
        self.held += int((np.abs(error[known]) <= wide * std[known]).sum())
        self.width += float(2 * wide * std[known].sum())

    def scores(self) -> dict[str, tuple[float, int]]:
        """Return {metric: (value, number of pixels)}; without pixels, there are no scores.

        rmse, bias: of the product against the truth, reflectance. coverage_95, width_95: the share
        of pixels whose truth is in the 95 % interval, and its mean width, where it is known.
        """
        found = {}
        if self.n:
            found["rmse"] = (math.sqrt(self.squares / self.n), self.n)
            found["bias"] = (self.error / self.n, self.n)
        if self.with_std:
            found["coverage_95"] = (self.held / self.with_std, self.with_std)
            found["width_95"] = (self.width / self.with_std, self.with_std)
        return found


def add_part(tallies: dict[tuple[str, str], Tally], product: np.ndarray, truth: np.ndarray) -> None:
    """Add a part of a scene to the tallies, {(region, band): Tally}, in place.

    product: its bands (bands.NAMES; rows, columns). truth: true reflectance (3, rows, columns) on
    the same pixels, NaN where it is not known.
    """
    of = dict(zip(NAMES, product, strict=True))
    for region, kinds in REGIONS.items():
        for band, true in zip(BANDS, truth, strict=True):
            chosen = np.isin(of[SOURCE], kinds) & np.isfinite(true)
            error = of[band][chosen] - true[chosen]
            tallies.setdefault((region, band), Tally()).add(error, of[deviation_name(band)][chosen])


def share_rows(pixels: Mapping[str, int]) -> list[dict[str, Any]]:
    """Return rows with the filled shares of the picture, and the share of the scene without data.

    pixels: {"no_data", "measured", "filled", "from_date"}. The picture consists of the measured and
    the filled pixels. Without pixels from another date, there is no row for these.
    """
    scene, dated = sum(pixels.values()), pixels.get("from_date", 0)
    picture = scene - pixels["no_data"]
    shares = {
        "share_filled": (picture - pixels["measured"], picture),
        **({"share_from_date": (dated, picture)} if dated else {}),
        "share_no_data": (pixels["no_data"], scene),
    }
    return [
        {"region": "scene", "band": ALL_BANDS, "metric": name, "value": part / whole, "n": whole}
        for name, (part, whole) in shares.items()
        if whole
    ]


def score_rows(tallies: Mapping[tuple[str, str], Tally]) -> list[dict[str, Any]]:
    """Return a row for each score of the tallies.

    Parts of the filled pixels have rows if some of these are from another date, and some are not.
    """
    both = all(
        any(of.n for (name, _), of in tallies.items() if name == part)
        for part in (FROM_DATE, OTHERWISE)
    )
    return [
        {"region": region, "band": band, "metric": metric, "value": value, "n": n}
        for (region, band), tally in tallies.items()
        if both or region not in (FROM_DATE, OTHERWISE)
        for metric, (value, n) in tally.scores().items()
    ]


def placed(rows: Sequence[Mapping[str, Any]], facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return rows with study, site and method of a product (product.facts), by COLUMNS."""
    place = {"study": facts["study"], "site": facts["site"]}
    method = {"method": facts["model"], "input": facts["input"]}
    whole = [{**place, **method, **row} for row in rows]
    return [{name: row[name] for name in COLUMNS} for row in whole]
