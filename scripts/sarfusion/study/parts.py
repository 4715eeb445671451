"""A study in several plans: shards, each with some sites, and a last plan that joins the sites.

`./reproduce STUDY --shards N` (command/sharding.py) names the part of a plan in the environment
variable SARFUSION_PART: "3/40" is the third of 40 shards, "last/40" the plan after them. It is not
a setting of the study, since no result depends on it.
"""

import os
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from ..core.errors import StudyError
from .resolved import shown_sites, transfers

VARIABLE = "SARFUSION_PART"
LAST = "last"
# With these settings, runs depend on the content of a folder for all sites together.
WHOLE = ("weights", "scores_from", "fill_with")


class Part(NamedTuple):
    """A part of a study. number: 1 to `shards`, or 0 for the last plan."""

    number: int
    shards: int

    @property
    def is_last(self) -> bool:
        """Whether it is the plan that joins the sites."""
        return self.number == 0


def this_part(study: Mapping[str, Any]) -> Part | None:
    """Return the part that the environment names, None if it names none.

    Raises StudyError if the study has no such part.
    """
    named = os.environ.get(VARIABLE)
    if not named:
        return None
    match = re.fullmatch(rf"(?:({LAST})|(\d+))/(\d+)", named)
    shards = int(match[3]) if match else 0
    number = int(match[2] or 0) if match else 0
    if not match or not (number > 0 or match[1]) or number > shards or not shards:
        raise StudyError(f"{VARIABLE} is {named!r}; it may be 1/4, or {LAST}/4")
    count = len(study["sites"])
    if shards > count:
        sites = f"{count} sites" if count > 1 else "one site"
        raise StudyError(f"--shards {shards}: the study has {sites}; give at most {count}")
    given = [name for name in WHOLE if name in study]
    if given:
        raise StudyError(f"--shards: a study with the setting {given[0]} runs in one plan")
    return Part(number, shards)


def sites_of(study: Mapping[str, Any], part: Part | None) -> list[str]:
    """Return the sites whose jobs a part has, without missing ones; all sites without a part.

    Sites are dealt to the shards in turn, so that their numbers differ by at most one. The last
    plan also has the sites of which it needs more than tables: those shown one by one, and those of
    transfers.
    """
    sites = list(study["sites"])
    chosen = set(sites)
    if part and part.is_last:
        chosen = {*shown_sites(study)}
        for about in transfers(study).values():
            chosen.update(about["train"], about["test"])
    elif part:
        start, stop = (len(sites) * end // part.shards for end in (part.number - 1, part.number))
        chosen = {*sites[start:stop]}
    return [site for site in sites if site in chosen and site not in study["missing_sites"]]
