"""The same place on other days, as input of the methods without training over time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, overload

import numpy as np


@dataclass(frozen=True)
class Dates:
    """Optical images of other dates, on the grid of the scene.

    days: (dates,), days from the date of the scene, negative before it.
    bands: (dates, bands, rows, columns), reflectance; NaN where not clear. A pixel that lacks one
        band is NaN in all.
    clear: bool (dates, rows, columns), where every band has a value.
    """

    days: np.ndarray
    bands: np.ndarray
    clear: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        clear = np.isfinite(self.bands).all(axis=1)
        object.__setattr__(self, "days", np.asarray(self.days, np.float64))
        object.__setattr__(self, "clear", clear)
        object.__setattr__(self, "bands", np.where(clear[:, None], self.bands, np.nan))

    @property
    def nearest_first(self) -> np.ndarray:
        """The numbers of the dates, the nearest to the scene first; of two, the earlier one."""
        return np.lexsort((self.days, np.abs(self.days)))

    @overload
    def nearest(
        self, values: np.ndarray, among: np.ndarray | None = None, with_day: Literal[False] = False
    ) -> np.ndarray: ...

    @overload
    def nearest(
        self, values: np.ndarray, among: np.ndarray | None, with_day: Literal[True]
    ) -> tuple[np.ndarray, np.ndarray]: ...

    def nearest(
        self, values: np.ndarray, among: np.ndarray | None = None, with_day: bool = False
    ) -> np.ndarray | tuple[np.ndarray, np.ndarray]:
        """Return for each pixel the values of the nearest date that has any, else NaN.

        values: (dates, bands, pixels). among: bool (dates,), the dates that count; all by default.
        with_day: return (values, their days (pixels,)) instead.
        """
        found = np.full(values.shape[1:], np.nan)
        day = np.full(values.shape[2], np.nan)
        for number in self.nearest_first:
            if among is None or among[number]:
                new = np.isnan(day) & np.isfinite(values[number]).all(axis=0)
                found[:, new] = values[number][:, new]
                day[new] = self.days[number]
        return (found, day) if with_day else found
