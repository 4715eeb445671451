"""Days of scenes: how other dates of a site are named, and how far they are from its scene."""

from datetime import date, timedelta

SIMULATED = date(2024, 1, 1)  # stands for the date of a simulated scene in the names of its dates


def simulated_date(day: int) -> str:
    """Return the name of a date of a simulated city, `day` days after its scene."""
    return (SIMULATED + timedelta(days=day)).isoformat()


def days_after_scene(name: str) -> int:
    """Return the day of a date of a simulated city from its name: negative before its scene."""
    return (date.fromisoformat(name) - SIMULATED).days
