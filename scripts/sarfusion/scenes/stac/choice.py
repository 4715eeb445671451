"""The pair of passes that a study is made of; pairing.py has the rule."""

from dataclasses import dataclass, replace

import pandas as pd

from ...core.errors import StudyError
from .pairing import FULL, PARTIAL, days_between, gap_mask, partner, rank_pair, values
from .passes import Pass, optical_passes, radar_passes
from .verdicts import no_optical, no_pair, no_radar, optical_verdicts, radar_verdicts, tabulate


class NoPair(StudyError):
    """No optical and SAR pass fit together; `table` says why of each that was seen."""

    def __init__(self, message, table):
        super().__init__(message)
        self.table = table


@dataclass(frozen=True)
class Choice:
    """The chosen passes, the table of everything that was seen, and warnings for the user.

    cloudy is the pass whose clouds are the gap mask, or None.
    """

    optical: Pass
    sar: Pass
    cloudy: Pass | None
    table: pd.DataFrame
    warnings: tuple[str, ...]

    @property
    def optical_grid(self):
        """The Grid over the whole area on the optical items' raster."""
        return self.optical.grid

    @property
    def sar_grid(self):
        """The Grid over the whole area on the SAR items' raster."""
        return self.sar.grid


def choose(site, mask, optical_items, sar_items, read_quality, refused=(), progress=iter):
    """Return the Choice for a site.

    site: resolved settings (area, period, orbit, max_masked, max_days_apart, gap_shapes).
    mask: QA_PIXEL flags that make a pixel unusable. optical_items, sar_items: usable Items;
    refused: Refused ones, for the table. read_quality, progress: see optical_passes.
    Raises NoPair, which says what to widen, and Unavailable when QA_PIXEL cannot be read now.
    """
    radar, radar_refused = radar_passes(sar_items, site["area"], site["orbit"])
    refused = [*refused, *radar_refused]
    if not any(each.coverage >= PARTIAL for each in radar):  # before QA_PIXEL is read over the net
        table = tabulate(radar_verdicts(radar, [], None, site), refused)
        raise NoPair(no_radar(radar, refused, site), table)
    optical, optical_refused = optical_passes(
        optical_items, site["area"], mask, read_quality, progress
    )
    refused += optical_refused

    clear = [each for each in optical if each.unusable <= site["max_masked"]]
    pairs = [(each, partner(each, radar, site["max_days_apart"])) for each in clear]
    pairs = [(each, sar) for each, sar in pairs if sar]
    best = min(pairs, key=lambda pair: values(rank_pair(*pair)), default=None)
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
    if sar.coverage < FULL:
        warnings.append(
            f"the SAR pass of {sar.datetime:%Y-%m-%d} covers {sar.coverage:.1%} of the area;"
            " the rest will have no data"
        )
    if clouds_wanted and cloudy is None:
        warnings.append("no other optical date has clouds that can serve as the gap mask")
    sar = replace(sar, days_apart=days_between(sar, chosen))
    return Choice(chosen, sar, cloudy, table, tuple(warnings))
