"""Calendar months of a period."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta


def months(first: datetime, last: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield (first, last) time of each calendar month of a period, cut at its ends."""
    while first <= last:
        start = first.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        after = (start + timedelta(days=31)).replace(day=1)
        yield first, min(last, after - timedelta(microseconds=1))
        first = after


def months_back(last: date) -> Iterator[tuple[date, date]]:
    """Yield (first, last) day of each calendar month back from the day `last`, without end."""
    while True:
        first = last.replace(day=1)
        yield first, last
        last = first - timedelta(days=1)
