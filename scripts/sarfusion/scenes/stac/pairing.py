"""The rule by which an optical and a SAR pass are chosen, one criterion after the other:

1. An optical pass is clear enough if clouds, shadows, fill and ground outside its items cover at
   most max_masked of the area, counted in QA_PIXEL.
2. Each clear pass is paired with a SAR pass at most max_days_apart away. One that covers the area
   (FULL_COVERAGE or more, measured in its files) has priority, then the nearest in time. SAR passes
   that cover less than MIN_COVERAGE of the area are not used.
   Among passes equally many whole days away, the one with fewer frames has priority.
3. The pair wins whose optical pass has the smallest unusable share of the area, in whole percent.
   Ties are decided by: SAR covers the area; nearest in time; smallest exact unusable share;
   earlier date; item ids in alphabetical order.

Further SAR passes (`passes`), which are averaged with the chosen one, are those of its relative
orbit, on its pixels, that are nearest in time to the optical pass. For each further pass, they may
be a repeat cycle further away than max_days_apart.

Other dates, from which gaps are filled (`other_dates`), are optical passes near the chosen one in
time that are clear over part of the area. Those with the same pixels have priority, then those of
the same path, then the nearest in time.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from .passes import FULL_COVERAGE, Pass, same_raster

MIN_COVERAGE = 0.5
REPEAT_DAYS = 12  # of one Sentinel-1 satellite over the same relative orbit

BEST_GAP_SHARE = 0.3  # of the area, masked by clouds, of a good gap mask
MIN_GAP_SHARE, MAX_GAP_SHARE = 0.1, 0.6
MIN_GAP_COVERAGE = 0.99


@dataclass(frozen=True)
class Criterion:
    """One criterion of a ranking."""

    name: str
    value: Any  # smaller is better
    text: str  # the value in words


def days_between(one: Pass, other: Pass) -> float:
    """Return the days between two passes."""
    return abs(one.datetime - other.datetime) / timedelta(days=1)


def rank_radar(radar: Pass, optical: Pass) -> tuple[Criterion, ...]:
    """Return the Criteria by which a SAR pass is chosen for an optical pass."""
    days = days_between(radar, optical)
    return (
        Criterion(
            "share of the area covered", radar.coverage < FULL_COVERAGE, f"{radar.coverage:.1%}"
        ),
        Criterion("whole days between optical and SAR", round(days), f"{days:.0f}"),
        Criterion("frames of SAR", len(radar.items), f"{len(radar.items)}"),
        Criterion("days between optical and SAR", days, f"{days:.2f}"),
        Criterion("date", radar.datetime, f"{radar.datetime:%Y-%m-%d}"),
        Criterion("items", radar.name, radar.name),
    )


def rank_pair(optical: Pass, radar: Pass) -> tuple[Criterion, ...]:
    """Return the Criteria by which a pair is chosen."""
    covered, whole_days, frames, days, *_ = rank_radar(radar, optical)
    lacking = optical.unusable
    assert lacking is not None  # every optical pass has it
    return (
        Criterion("share of the area unusable", round(100 * lacking), f"{lacking:.0%}"),
        Criterion("share of the area that SAR covers", covered.value, covered.text),
        whole_days,
        frames,
        days,
        Criterion("share of the area unusable", lacking, f"{lacking:.3%}"),
        Criterion("date", optical.datetime, f"{optical.datetime:%Y-%m-%d}"),
        Criterion("items", optical.name, optical.name),
    )


def rank_date(optical: Pass, chosen: Pass) -> tuple[Criterion, ...]:
    """Return the Criteria by which other dates of a chosen optical pass are taken."""
    days = days_between(optical, chosen)
    return (
        Criterion("its pixels are not those of the scene", optical.grid != chosen.grid, "so"),
        Criterion("its path is not that of the scene", _path(optical) != _path(chosen), "so"),
        Criterion("days from the scene", days, f"{days:.2f}"),
        Criterion("date", optical.datetime, f"{optical.datetime:%Y-%m-%d}"),
        Criterion("items", optical.name, optical.name),
    )


def _path(optical: Pass) -> str:
    """Return the path of an optical pass, whichever satellite flew it."""
    return optical.track.rpartition(" path ")[2]


def other_dates(optical: Iterable[Pass], chosen: Pass, wanted: Mapping[str, Any]) -> list[Pass]:
    """Return the passes from which gaps of the chosen one are filled, in the order of time.

    wanted: `count` of them at most, each at most `window_days` away, with at least the share
    `min_clear` of the area clear. Only one is taken per day.
    """
    near = [
        each
        for each in optical
        if each.datetime.date() != chosen.datetime.date()
        and days_between(each, chosen) <= wanted["window_days"]
        and each.unusable is not None
        and 1 - each.unusable >= wanted["min_clear"]
    ]
    of_day: dict[date, Pass] = {}
    for each in sorted(near, key=lambda each: sort_key(rank_date(each, chosen))):
        of_day.setdefault(each.datetime.date(), each)
    taken = list(of_day.values())[: wanted["count"]]
    return sorted(taken, key=lambda each: each.datetime)


def sort_key(criteria: Iterable[Criterion]) -> list[Any]:
    """Return the values by which Criteria are compared."""
    return [criterion.value for criterion in criteria]


def lost_by(own: Sequence[Criterion], best: Sequence[Criterion]) -> str:
    """Return in words the first of the Criteria `own` that is worse than in `best`."""
    mine, theirs = next((a, b) for a, b in zip(own, best, strict=True) if a.value != b.value)
    return f"{mine.name}: {mine.text}, chosen: {theirs.text}"


def partner(optical: Pass, radar: Iterable[Pass], max_days: float) -> Pass | None:
    """Return the pass of `radar` to pair with an optical pass, None if there is none."""
    near = [
        each
        for each in radar
        if each.coverage >= MIN_COVERAGE and days_between(each, optical) <= max_days
    ]
    return min(near, key=lambda each: sort_key(rank_radar(each, optical)), default=None)


def max_days_of_passes(site: Mapping[str, Any]) -> float:
    """Return how far SAR passes that are averaged may be from the optical pass, in days."""
    return site["max_days_apart"] + REPEAT_DAYS * (site.get("passes", 1) - 1)


def relative_orbit(radar: Pass) -> str | None:
    """Return the number of the relative orbit of a SAR pass, None if the catalogue lacks it."""
    found = re.search(r" orbit ([0-9]+)", radar.track)
    return found and found[1]


def further_passes(
    radar: Iterable[Pass], best: tuple[Pass, Pass], site: Mapping[str, Any]
) -> list[Pass]:
    """Return the SAR passes to average with the chosen one, in the order of time.

    best: the chosen optical and SAR pass. site: resolved settings; at most one fewer than `passes`
    are returned. Only one is taken per day.
    """
    optical, chosen = best
    orbit = relative_orbit(chosen)
    near = [
        each
        for each in radar
        if orbit
        and relative_orbit(each) == orbit
        and each.datetime.date() != chosen.datetime.date()
        and each.coverage >= MIN_COVERAGE
        and days_between(each, optical) <= max_days_of_passes(site)
        and same_raster(each.grid, chosen.grid)
    ]
    of_day: dict[date, Pass] = {}
    for each in sorted(near, key=lambda each: sort_key(rank_radar(each, optical))):
        of_day.setdefault(each.datetime.date(), each)
    taken = list(of_day.values())[: site.get("passes", 1) - 1]
    return sorted(taken, key=lambda each: each.datetime)


def gap_mask(optical: Iterable[Pass], chosen: Pass) -> Pass | None:
    """Return the optical pass whose clouds over the area make the best gaps, or None.

    Its clouds mask MIN_GAP_SHARE to MAX_GAP_SHARE of the area. A pass on the pixels of the chosen
    one has priority, then the share closest to BEST_GAP_SHARE.
    """
    ranked = [
        (
            each.grid != chosen.grid,
            abs(each.masked - BEST_GAP_SHARE),
            each.datetime,
            each.name,
            each,
        )
        for each in optical
        if each.name != chosen.name
        and each.coverage >= MIN_GAP_COVERAGE
        and each.masked is not None
        and MIN_GAP_SHARE <= each.masked <= MAX_GAP_SHARE
    ]
    return min(ranked, key=lambda candidate: candidate[:-1])[-1] if ranked else None
