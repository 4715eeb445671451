"""Which optical and SAR passes go together best. The rule, one criterion after the other:

1. An optical pass is clear enough when clouds, shadows, fill and ground outside its items take
   no more than max_masked of the area, counted in QA_PIXEL.
2. Each clear pass is joined with a SAR pass at most max_days_apart away: with one that covers
   the area (by FULL or more) if there is any, and of those the nearest in time. A SAR pass that
   covers less than PARTIAL of the area is of no use.
3. The pair wins whose optical pass lacks least of the area, in whole percent; then one whose SAR
   pass covers the area; then the one nearest in time; then what lacks least exactly; then the
   earlier one, and at last the one whose item ids come first.
"""

from dataclasses import dataclass
from datetime import timedelta

FULL = 0.999  # footprints are drawn with a few corners, not to the last pixel
PARTIAL = 0.5

CLOUDS = 0.3  # share of the area that is masked in the best gap mask
CLOUDS_AT_LEAST, CLOUDS_AT_MOST = 0.1, 0.6
CLOUDS_COVERAGE = 0.99


@dataclass(frozen=True)
class Criterion:
    """One step of a ranking: its name, a value (the smaller, the better), and that as text."""

    name: str
    value: object
    text: str


def days_between(one, other):
    """Return how many days lie between two passes."""
    return abs(one.datetime - other.datetime) / timedelta(days=1)


def rank_radar(radar, optical):
    """Return the Criteria by which a SAR pass is chosen for an optical pass."""
    days = days_between(radar, optical)
    return (
        Criterion("share of the area covered", radar.coverage < FULL, f"{radar.coverage:.1%}"),
        Criterion("days between optical and SAR", days, f"{days:.2f}"),
        Criterion("date", radar.datetime, f"{radar.datetime:%Y-%m-%d}"),
        Criterion("items", radar.name, radar.name),
    )


def rank_pair(optical, radar):
    """Return the Criteria by which a pair is chosen."""
    covered, days, *_ = rank_radar(radar, optical)
    lacking = optical.unusable
    return (
        Criterion("share of the area unusable", round(100 * lacking), f"{lacking:.0%}"),
        Criterion("share of the area that SAR covers", covered.value, covered.text),
        days,
        Criterion("share of the area unusable", lacking, f"{lacking:.3%}"),
        Criterion("date", optical.datetime, f"{optical.datetime:%Y-%m-%d}"),
        Criterion("items", optical.name, optical.name),
    )


def values(criteria):
    """Return what Criteria are compared by."""
    return [criterion.value for criterion in criteria]


def lost_by(own, best):
    """Return in words the first of the Criteria `own` that is worse than in `best`."""
    mine, theirs = next((a, b) for a, b in zip(own, best, strict=True) if a.value != b.value)
    return f"{mine.name}: {mine.text}, chosen: {theirs.text}"


def partner(optical, radar, max_days):
    """Return the SAR pass of `radar` that goes with an optical pass, or None."""
    near = [
        each
        for each in radar
        if each.coverage >= PARTIAL and days_between(each, optical) <= max_days
    ]
    return min(near, key=lambda each: values(rank_radar(each, optical)), default=None)


def gap_mask(optical, chosen):
    """Return the optical pass whose clouds over the area make the best gaps, or None.

    Its clouds mask CLOUDS_AT_LEAST to CLOUDS_AT_MOST of the area, as near to CLOUDS as there
    is, on the chosen pass's own pixels if possible.
    """
    fit = [
        each
        for each in optical
        if each.name != chosen.name
        and each.coverage >= CLOUDS_COVERAGE
        and CLOUDS_AT_LEAST <= each.masked <= CLOUDS_AT_MOST
    ]

    def order(each):
        return each.grid != chosen.grid, abs(each.masked - CLOUDS), each.datetime, each.name

    return min(fit, key=order, default=None)
