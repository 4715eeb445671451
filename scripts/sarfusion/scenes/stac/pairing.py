"""The rule by which an optical and a SAR pass are chosen, one criterion after the other:

1. An optical pass is clear enough if clouds, shadows, fill and ground outside its items cover at
   most max_masked of the area, counted in QA_PIXEL.
2. Each clear pass is paired with a SAR pass at most max_days_apart away. One that covers the area
   (FULL_COVERAGE or more) has priority, then the nearest in time. SAR passes that cover less than
   MIN_COVERAGE of the area are not used.
3. The pair wins whose optical pass has the smallest unusable share of the area, in whole percent.
   Ties are decided by: SAR covers the area; nearest in time; smallest exact unusable share;
   earlier date; item ids in alphabetical order.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from .passes import Pass

FULL_COVERAGE = 0.999  # footprints are polygons of a few corners, not exact to the pixel
MIN_COVERAGE = 0.5

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
        Criterion("days between optical and SAR", days, f"{days:.2f}"),
        Criterion("date", radar.datetime, f"{radar.datetime:%Y-%m-%d}"),
        Criterion("items", radar.name, radar.name),
    )


def rank_pair(optical: Pass, radar: Pass) -> tuple[Criterion, ...]:
    """Return the Criteria by which a pair is chosen."""
    covered, days, *_ = rank_radar(radar, optical)
    lacking = optical.unusable
    assert lacking is not None  # as of every optical pass
    return (
        Criterion("share of the area unusable", round(100 * lacking), f"{lacking:.0%}"),
        Criterion("share of the area that SAR covers", covered.value, covered.text),
        days,
        Criterion("share of the area unusable", lacking, f"{lacking:.3%}"),
        Criterion("date", optical.datetime, f"{optical.datetime:%Y-%m-%d}"),
        Criterion("items", optical.name, optical.name),
    )


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
