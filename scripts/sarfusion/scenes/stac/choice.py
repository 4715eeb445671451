"""Choosing the pair of passes for a study, by the rule in pairing.py."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from ...core.errors import StudyError
from ...core.raster import Grid
from .items import Item, Refused
from .pairing import (
    FULL_COVERAGE,
    MIN_COVERAGE,
    days_between,
    gap_mask,
    partner,
    rank_pair,
    sort_key,
)
from .passes import Pass, optical_passes, radar_passes
from .verdicts import no_optical, no_pair, no_radar, optical_verdicts, radar_verdicts, tabulate


class NoPair(StudyError):
    """No optical and SAR pass form a pair; `table` has the reason for each candidate."""

    def __init__(self, message: str, table: pd.DataFrame) -> None:
        super().__init__(message)
        self.table = table


@dataclass(frozen=True)
class Choice:
    """The chosen passes, the table of all candidates, and warnings for the user.

    cloudy: the pass whose clouds are the gap mask, or None.
    """

    optical: Pass
    sar: Pass
    cloudy: Pass | None
    table: pd.DataFrame
    warnings: tuple[str, ...]


def choose(
    site: Mapping[str, Any],
    mask: Collection[str],
    optical_items: Sequence[Item],
    sar_items: Sequence[Item],
    read_quality: Callable[[Item], tuple[np.ndarray, Grid] | None],
    refused: Iterable[Refused] = (),
    progress: Callable[[Iterable[list[Item]]], Iterable[list[Item]]] = iter,
) -> Choice:
    """Return the Choice for a site.

    site: resolved settings (area, period, orbit, max_masked, max_days_apart, gap_shapes).
    mask: QA_PIXEL flags that make a pixel unusable. optical_items, sar_items: usable Items.
    refused: items that were refused before, for the table. read_quality, progress: see
    optical_passes.

    Raises NoPair, which names the setting to widen, and Unavailable if QA_PIXEL cannot be read
    now.
    """
    radar, radar_refused = radar_passes(sar_items, site["area"], site["orbit"])
    refused = [*refused, *radar_refused]
    if not any(each.coverage >= MIN_COVERAGE for each in radar):
        # Reported before QA_PIXEL is read over the network.
        table = tabulate(radar_verdicts(radar, [], None, site), refused)
        raise NoPair(no_radar(radar, refused, site), table)
    optical, optical_refused = optical_passes(
        optical_items, site["area"], mask, read_quality, progress
    )
    refused += optical_refused

    clear = [each for each in optical if each.unusable <= site["max_masked"]]
    pairs = [(each, sar) for each in clear if (sar := partner(each, radar, site["max_days_apart"]))]
    best = min(pairs, key=lambda pair: sort_key(rank_pair(*pair)), default=None)
    clouds_wanted = site["gap_shapes"] == "cloudy_date"
    cloudy = gap_mask(optical, best[0]) if best and clouds_wanted else None

    verdicts = optical_verdicts(optical, pairs, best, cloudy, site)
    verdicts += radar_verdicts(radar, clear, best, site)
    table = tabulate(verdicts, refused)
    if not optical:
        raise NoPair(no_optical(refused, site), table)
    if best is None:
        raise NoPair(no_pair(optical, clear, radar, site), table)
    chosen, sar = best
    warnings = []
    if sar.coverage < FULL_COVERAGE:
        warnings.append(
            f"the SAR pass of {sar.datetime:%Y-%m-%d} covers {sar.coverage:.1%} of the area;"
            " the rest will have no data"
        )
    if clouds_wanted and cloudy is None:
        warnings.append("no other optical date has clouds that can serve as the gap mask")
    sar = replace(sar, days_apart=days_between(sar, chosen))
    return Choice(chosen, sar, cloudy, table, tuple(warnings))
