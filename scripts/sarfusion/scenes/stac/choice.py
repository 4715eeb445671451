"""Choosing the pair of passes for a study, by the rule in pairing.py."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from ...core.errors import StudyError
from ...core.raster import Grid
from .items import Item, Refused
from .mosaic import place_of
from .pairing import (
    MIN_COVERAGE,
    days_between,
    further_passes,
    gap_mask,
    max_days_of_passes,
    other_dates,
    partner,
    rank_pair,
    sort_key,
)
from .passes import FULL_COVERAGE, Pass, optical_passes, radar_passes
from .verdicts import (
    no_optical,
    no_pair,
    no_radar,
    optical_verdicts,
    radar_verdicts,
    tabulate,
    with_other_dates,
)


class NoPair(StudyError):
    """No optical and SAR pass form a pair; `table` has the reason for each candidate."""

    def __init__(self, message: str, table: pd.DataFrame) -> None:
        super().__init__(message)
        self.table = table


@dataclass(frozen=True)
class Files:
    """How the files of items are read.

    quality: see optical_passes. radar: see radar_passes. fault: optical Pass -> what is wrong with
    its files, or None.
    """

    quality: Callable[[Item], tuple[np.ndarray, Grid] | None]
    radar: Callable[[Item], tuple[Grid, np.ndarray] | None]
    fault: Callable[[Pass], str | None]


@dataclass(frozen=True)
class Choice:
    """The chosen passes, the table of all candidates, and warnings for the user.

    cloudy: the pass whose clouds are the gap mask, or None. dates: other optical passes, from which
    gaps are filled. further: other SAR passes, which are averaged with `sar`.
    """

    optical: Pass
    sar: Pass
    cloudy: Pass | None
    table: pd.DataFrame
    warnings: tuple[str, ...]
    dates: tuple[Pass, ...] = ()
    further: tuple[Pass, ...] = ()


def choose(
    site: Mapping[str, Any],
    mask: Collection[str],
    optical_items: Sequence[Item],
    sar_items: Sequence[Item],
    files: Files,
    refused: Iterable[Refused] = (),
    progress: Callable[..., Iterable[list[Item]]] = lambda groups, desc: groups,
) -> Choice:
    """Return the Choice for a site.

    site: resolved settings (area, period, orbit, max_masked, max_days_apart, gap_shapes, and
    optionally passes and other_dates; with other_dates, optical items may be outside the period).
    mask: QA_PIXEL flags that make a pixel unusable. optical_items, sar_items: usable Items. files:
    how they are read. refused: items that were refused before, for the table. progress: wraps a
    list of overflights that are read (tqdm).

    A pass with a file that is missing, unreadable or has a hole is set aside, and the next in rank
    is taken, so that all files of the chosen passes have been opened. Raises NoPair, which names
    the setting to widen, and Unavailable if a file cannot be read now.
    """
    radar, radar_refused = radar_passes(
        sar_items,
        site["area"],
        site["orbit"],
        files.radar,
        partial(progress, desc="reading SAR"),
    )
    refused = [*refused, *radar_refused]
    if not any(each.coverage >= MIN_COVERAGE for each in radar):
        # Reported before QA_PIXEL is read over the network.
        table = tabulate(radar_verdicts(radar, [], None, site), refused)
        raise NoPair(no_radar(radar, refused, site), table)
    seen, optical_refused = optical_passes(
        optical_items,
        site["area"],
        mask,
        files.quality,
        partial(progress, desc="reading QA_PIXEL"),
    )
    refused += optical_refused

    wanted = site.get("other_dates")
    optical = [each for each in seen if not wanted or _in_period(each, site)]
    faults: dict[str, str] = {}  # of passes by their names
    checked: set[str] = set()
    while True:
        usable = [each for each in optical if each.name not in faults]
        clear = [each for each in usable if each.unusable <= site["max_masked"]]
        pairs = [
            (each, sar) for each in clear if (sar := partner(each, radar, site["max_days_apart"]))
        ]
        best = min(pairs, key=lambda pair: sort_key(rank_pair(*pair)), default=None)
        fit = [each for each in seen if each.name not in faults]
        dates = other_dates(fit, best[0], wanted) if best and wanted else []
        todo = [*([best[0]] if best else []), *dates]
        todo = [each for each in todo if each.name not in checked]
        if not todo:
            break
        checked.add(todo[0].name)
        if fault := files.fault(todo[0]):
            faults[todo[0].name] = fault
    clouds_wanted = site["gap_shapes"] == "cloudy_date"
    cloudy = gap_mask(optical, best[0]) if best and clouds_wanted else None
    further = further_passes(radar, best, site) if best else []

    verdicts = optical_verdicts(optical, pairs, best, cloudy, site, faults)
    verdicts = with_other_dates(verdicts, seen, dates, best, faults)
    verdicts += radar_verdicts(radar, clear, best, site, further)
    table = tabulate(verdicts, refused)
    if not optical:
        raise NoPair(no_optical(refused, site), table)
    if best is None:
        raise NoPair(no_pair(optical, clear, radar, site, faults), table)
    chosen, sar = best
    warnings = [f"{name} is not used: {fault}" for name, fault in faults.items()]
    if disagreement := disagreeing([*seen, *radar]):
        warnings.append(disagreement)
    if sar.coverage < FULL_COVERAGE:
        warnings.append(
            f"the SAR pass of {sar.datetime:%Y-%m-%d} covers {sar.coverage:.1%} of the area;"
            " the rest will have no data"
        )
    if clouds_wanted and cloudy is None:
        warnings.append("no other optical date has clouds that can serve as the gap mask")
    if wanted and not dates:
        warnings.append(
            f"no other optical date within {wanted['window_days']:g} days is clear over"
            f" {wanted['min_clear']:.0%} of the area: gaps are not filled from other dates"
        )
    if 1 + len(further) < site.get("passes", 1):
        warnings.append(
            f"SAR is the mean of {1 + len(further)} instead of {site['passes']} passes: no other of"
            f" its relative orbit has its pixels within {max_days_of_passes(site):g} days"
        )
    sar, *others = (
        replace(each, days_apart=days_between(each, chosen)) for each in (sar, *further)
    )
    return Choice(chosen, sar, cloudy, table, tuple(warnings), tuple(dates), tuple(others))


def disagreeing(passes: Iterable[Pass]) -> str | None:
    """Return one line on the items whose catalogue states another grid than their files have."""
    reasons = {
        item.id: item.grid_fault or "other pixels"
        for each in passes
        for item in each.items
        if item.grid_fault or (item.grid and not _on_raster(item.grid, each.grid))
    }
    if not reasons:
        return None
    name, reason = min(reasons.items())
    return (
        f"{len(reasons)} of the catalogue's items state another grid than their files have, such as"
        f" {name} ({reason}); the files' grids are used"
    )


def _on_raster(stated: Grid, grid: Grid) -> bool:
    try:
        place_of(stated, grid)
    except StudyError:
        return False
    return True


def _in_period(optical: Pass, site: Mapping[str, Any]) -> bool:
    """Return whether a pass is in the period of a site."""
    first, last = map(date.fromisoformat, site["period"])
    return first <= optical.datetime.date() <= last
