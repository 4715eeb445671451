"""Why passes were chosen or not: a table of all candidates, or one line on what to widen."""

from collections.abc import Iterable, Mapping, Sequence, Sized
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from typing import Any

import pandas as pd

from .items import Refused
from .pairing import (
    MIN_COVERAGE,
    days_between,
    lost_by,
    rank_pair,
    rank_radar,
    relative_orbit,
    sort_key,
)
from .passes import Pass

COLUMNS = (
    "sensor",
    "date",
    "pass",
    "items",
    "scene_cloud_percent",
    "coverage",
    "masked",
    "days_apart",
    "verdict",
    "reason",
)
CHOSEN, CANDIDATE, REFUSED, GAP_MASK = "chosen", "candidate", "refused", "gap mask"
OTHER_DATE, AVERAGED = "other date", "averaged"


@dataclass(frozen=True)
class Verdict:
    """The decision on a Pass, and the reason."""

    of: Pass
    verdict: str  # CHOSEN, CANDIDATE, REFUSED, GAP_MASK, OTHER_DATE or AVERAGED
    reason: str
    days_apart: float | None = None  # from the other pass of its pair, or the chosen optical one


Pair = tuple[Pass, Pass]  # optical, SAR


def optical_verdicts(
    optical: Iterable[Pass],
    pairs: Iterable[Pair],
    best: Pair | None,
    cloudy: Pass | None,
    site: Mapping[str, Any],
    faults: Mapping[str, str],
) -> list[Verdict]:
    """Return the Verdicts on the optical passes.

    pairs: all that are possible; best: the chosen one, or None. cloudy: the pass for the gap
    mask, or None. site: resolved settings. faults: what is wrong with the files of a pass, by name.
    """
    partners = {each.name: sar for each, sar in pairs}
    verdicts = []
    for each in optical:
        sar = partners.get(each.name)
        days = days_between(each, sar) if sar else None
        if best and each.name == best[0].name:
            verdict = CHOSEN
            reason = f"{each.unusable:.1%} of the area unusable, SAR {days:.2f} days apart"
        elif cloudy and each.name == cloudy.name:
            verdict, reason = GAP_MASK, f"clouds over {each.masked:.0%} of the area"
        elif each.name in faults:
            verdict, reason = REFUSED, faults[each.name]
        elif each.unusable > site["max_masked"]:
            verdict = REFUSED
            reason = (
                f"{each.unusable:.1%} of the area is masked or not shown, more than"
                f" {site['max_masked']:.1%}"
            )
        elif sar is None:
            verdict = REFUSED
            reason = f"no SAR pass over the area within {site['max_days_apart']:g} days"
        else:
            assert best is not None  # there is at least this pair
            verdict, reason = CANDIDATE, lost_by(rank_pair(each, sar), rank_pair(*best))
        verdicts.append(Verdict(each, verdict, reason, days))
    return verdicts


def with_other_dates(
    verdicts: Iterable[Verdict],
    seen: Iterable[Pass],
    dates: Iterable[Pass],
    best: Pair | None,
    faults: Mapping[str, str],
) -> list[Verdict]:
    """Return Verdicts on optical passes with those of other dates.

    seen: all optical passes, also those outside the period. dates: those from which gaps are
    filled. faults: see optical_verdicts.
    """
    known = {verdict.of.name: verdict for verdict in verdicts}
    taken = {each.name for each in dates}
    found = []
    for each in seen:
        days = days_between(each, best[0]) if best else None
        verdict = known.get(each.name) or Verdict(
            each,
            REFUSED,
            faults.get(
                each.name, "outside the period; the other dates taken were nearer or clearer"
            ),
            days,
        )
        if each.name in taken:
            also = f"; {verdict.verdict}: {verdict.reason}" if verdict.verdict == GAP_MASK else ""
            clear = 1 - (each.unusable or 0)
            reason = f"{clear:.0%} of the area clear, {days:.2f} days from the scene{also}"
            verdict = Verdict(each, OTHER_DATE, reason, days)
        found.append(verdict)
    return found


def radar_verdicts(
    radar: Iterable[Pass],
    clear: Sequence[Pass],
    best: Pair | None,
    site: Mapping[str, Any],
    averaged: Iterable[Pass] = (),
) -> list[Verdict]:
    """Return the Verdicts on the SAR passes.

    clear: the optical passes that are clear enough. averaged: SAR passes that are averaged with the
    chosen one.
    """
    verdicts, further = [], {each.name for each in averaged}
    max_days = site["max_days_apart"]
    for each in radar:
        days = days_between(each, best[0]) if best else None
        if best and each.name == best[1].name:
            verdict, reason = CHOSEN, f"{days:.2f} days from the chosen optical date"
        elif each.name in further:
            verdict = AVERAGED
            reason = f"relative orbit {relative_orbit(each)}, {days:.2f} days from the optical date"
        elif each.coverage < MIN_COVERAGE:
            verdict, reason = REFUSED, f"it covers {each.coverage:.1%} of the area"
        elif clear and all(days_between(each, optical) > max_days for optical in clear):
            verdict, reason = REFUSED, f"more than {max_days:g} days from every clear optical date"
        elif best is None:
            verdict, reason = CANDIDATE, "no optical date to pair it with"
        elif days > max_days:
            verdict, reason = CANDIDATE, f"{days:.2f} days from the chosen optical date"
        else:
            verdict = CANDIDATE
            reason = lost_by(rank_radar(each, best[0]), rank_radar(best[1], best[0]))
        verdicts.append(Verdict(each, verdict, reason, days))
    return verdicts


def tabulate(verdicts: Iterable[Verdict], refused: Iterable[Refused]) -> pd.DataFrame:
    """Return the table (COLUMNS) of all Verdicts and Refused items, by sensor and date."""
    rows = [
        (
            verdict.of.sensor,
            _time(verdict.of.datetime),
            verdict.of.track,
            verdict.of.name,
            verdict.of.scene_cloud,
            _rounded(verdict.of.coverage, 4),
            _rounded(verdict.of.masked, 4),
            _rounded(verdict.days_apart, 2),
            verdict.verdict,
            verdict.reason,
        )
        for verdict in verdicts
    ]
    rows += [
        (
            item.sensor,
            _time(item.datetime),
            item.track,
            item.id,
            item.cloud_cover,
            None,
            None,
            None,
            REFUSED,
            item.reason,
        )
        for item in refused
    ]
    table = pd.DataFrame(sorted(rows, key=lambda row: row[:4]), columns=COLUMNS)
    numbers = ["scene_cloud_percent", "coverage", "masked", "days_apart"]
    return table.astype(dict.fromkeys(numbers, float))


def no_radar(radar: Sequence[Pass], refused: Iterable[Refused], site: Mapping[str, Any]) -> str:
    """Return the message that no SAR pass can be used, with the reason."""
    if not radar:
        return _nothing("sar", "SAR", refused, site, "the orbit or the period")
    best = max(radar, key=lambda each: each.coverage)
    return (
        f"no SAR pass covers {MIN_COVERAGE:.0%} of the area; the best of {_count(radar, 'pass')},"
        f" {best.datetime:%Y-%m-%d}, covers {best.coverage:.1%}: move the area, or widen the"
        " orbit or the period"
    )


def no_optical(refused: Iterable[Refused], site: Mapping[str, Any]) -> str:
    """Return the message that no optical item can be used, with the reason."""
    return _nothing("optical", "optical", refused, site, "the period")


def no_pair(
    optical: Sequence[Pass],
    clear: Sequence[Pass],
    radar: Iterable[Pass],
    site: Mapping[str, Any],
    faults: Mapping[str, str],
) -> str:
    """Return the message that no pair is possible: why, the best candidates, what to widen."""
    if not clear and faults:
        return (
            "no optical date that is clear enough has usable files, for example:"
            f" {next(iter(faults.values()))}; widen the period, or see the table of candidates"
        )
    if not clear:
        clearest = min(optical, key=lambda each: (each.unusable, each.datetime))
        return (
            f"no optical date is clear enough: the clearest of {_count(optical, 'date')},"
            f" {clearest.datetime:%Y-%m-%d}, has {clearest.unusable:.1%} of the area masked or"
            f" not shown, max_masked is {site['max_masked']:.1%}; widen the period or raise"
            " max_masked"
        )
    usable = [each for each in radar if each.coverage >= MIN_COVERAGE]
    best, sar = min(product(clear, usable), key=lambda pair: sort_key(rank_pair(*pair))[2:])
    days = days_between(best, sar)
    return (
        f"no SAR pass within {site['max_days_apart']:g} days of the"
        f" {_count(clear, 'clear optical date')}: the nearest, {sar.datetime:%Y-%m-%d}, is"
        f" {days:.1f} days from {best.datetime:%Y-%m-%d}; widen the period, max_days_apart or"
        " the orbit"
    )


def _nothing(
    sensor: str, kind: str, refused: Iterable[Refused], site: Mapping[str, Any], remedy: str
) -> str:
    """Return the message for a sensor without usable items."""
    reasons = sorted((item.id, item.reason) for item in refused if item.sensor == sensor)
    start, end = site["period"]
    if not reasons:
        return (
            f"the catalogue has no {kind} item over the area from {start} to {end};"
            f" widen {remedy}, or check the area and the collection"
        )
    name, reason = reasons[0]
    return (
        f"none of the {_count(reasons, f'{kind} item')} from {start} to {end} can be used, such"
        f" as {name}: {reason}; widen {remedy}, or see the table of candidates"
    )


def _count(things: Sized, noun: str) -> str:
    """Return the number of things with the noun in singular or plural."""
    plural = f"{noun}es" if noun.endswith("s") else f"{noun}s"
    return f"1 {noun}" if len(things) == 1 else f"{len(things)} {plural}"


def _time(moment: datetime | None) -> str:
    """Return a time in UTC as text, empty for None."""
    return "" if moment is None else f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
