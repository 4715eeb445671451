"""SAR that was acquired, but of which its archive has no terrain-corrected scenes (yet)."""

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import islice
from typing import Any

from .catalogue import Catalogue
from .items import time_of
from .months import months_back

MAX_MONTHS = 36  # searched backwards for the newest scene


def unprocessed(
    catalogue: Catalogue,
    sar: Mapping[str, Any],
    area: Sequence[float],
    period: tuple[date, date],
    today: date,
) -> str | None:
    """Return one line if the SAR of a period exists, but not its terrain-corrected scenes.

    sar: settings of the catalogue's SAR; without `source_collection`, None is returned. area:
    [west, south, east, north] in degrees. period: of the search that found nothing.
    """
    source = sar.get("source_collection")
    if not source or not (taken := catalogue.search_collection(source, {}, area, *period)):
        return None
    newest = newest_day(catalogue, area, today)
    return (
        f"{source} exists for these dates ({len(taken)} scenes), but {sar['collection']} does not"
        f" (newest {sar['collection']}: {newest or f'none in {MAX_MONTHS} months'}); choose another"
        " period or catalogue"
    )


def newest_day(catalogue: Catalogue, area: Sequence[float], today: date) -> date | None:
    """Return the day of the newest SAR item over an area, None if none was found in MAX_MONTHS."""
    for first, last in islice(months_back(today), MAX_MONTHS):
        items = catalogue.search("sar", area, first, last)
        days = [moment.date() for item in items if (moment := time_of(item))]
        if days:
            return max(days)
    return None
