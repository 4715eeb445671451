"""The data that a study uses: its sites, the inputs of its protocols, and other dates."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..scenes.bands import optical_bands
from ..scenes.sources import SOURCES
from ..scenes.stac.lock import locked_dates
from .inputs import inputs_of, places_of
from .methods import METHODS
from .protocols import PROTOCOLS
from .resolved import masks_aerosol, shown_sites, transfers
from .schemas import CONFIG


class StudyData:
    """The sites, protocols and inputs of a resolved study.

    Missing sites are left out. lock: file of the scenes that were found in a catalogue, in config/
    by default. sites: the sites to consider, if not all.
    """

    def __init__(
        self,
        study: Mapping[str, Any],
        lock: str | Path | None = None,
        sites: Sequence[str] | None = None,
    ) -> None:
        self.study = study
        self.lock = Path(lock or CONFIG / f"{study['study']}.lock.json")
        there = study["sites"] if sites is None else sites
        self.sites = [site for site in there if site not in study["missing_sites"]]
        self.transfers = transfers(study)
        self.protocols: list[str] = list(study["protocols"])
        self.full_scale = [name for name in self.protocols if PROTOCOLS[name].full_scale]
        self.withholding = [name for name in self.protocols if PROTOCOLS[name].withholds]
        self.inputs = inputs_of(study)

    @property
    def masks_aerosol(self) -> bool:
        """Whether the study masks aerosol at any site, so that all scenes have aerosol bits."""
        return masks_aerosol(self.study)

    @property
    def optical_bands(self) -> tuple[str, ...]:
        """The optical bands of the stacks: red, green, blue and those in the infrared, if fused."""
        return optical_bands(self.study["bands"])

    @property
    def shown_sites(self) -> list[str]:
        """The sites that figures show one by one."""
        return shown_sites(self.study)

    @property
    def fills_only(self) -> bool:
        """Whether the study only fills clouds with models of another study (`./reproduce fill`)."""
        return "fill_with" in self.study

    def temporal_methods(self, protocol: str) -> list[str]:
        """Return the methods of a protocol that fill from other dates."""
        names = [name for name in self.study["baselines"] if METHODS[name].protocol == protocol]
        return [name for name in names if METHODS[name].over_time]

    @property
    def uses_dates(self) -> bool:
        """Whether any method or network is given other dates, and sites have some."""
        are_there = any(site.get("other_dates") for site in self.study["sites"].values())
        return (
            are_there
            and not self.fills_only
            and bool(self.withholding)
            and (any(map(self.temporal_methods, self.protocols)) or self.dated_in_gaps())
        )

    def other_dates(self, site: str) -> list[str]:
        """Return the other dates of a site, in order; none if no method uses them.

        Dates from a catalogue are only known once the lock has them; before, none is returned.
        """
        settings = self.study["sites"][site]
        if not settings.get("other_dates") or not self.uses_dates:
            return []
        dates = SOURCES[settings["source"]].dates
        return dates(settings) if dates else locked_dates(self.lock, site) or []

    def dates_are_unknown(self, site: str) -> bool:
        """Return whether a site needs other dates that no lock has yet."""
        settings = self.study["sites"][site]
        return (
            bool(settings.get("other_dates"))
            and SOURCES[settings["source"]].dates is None
            and self.uses_dates
            and locked_dates(self.lock, site) is None
        )

    def inputs_with(self, protocols: Iterable[str], control: str = "") -> list[str]:
        """Return the inputs of some protocols whose SAR is that of `control`, or real SAR if ""."""
        names = [name for each in protocols for name in self.study["protocols"][each]["inputs"]]
        chosen = [name for name in names if self.inputs[name].control == control]
        return list(dict.fromkeys(chosen))

    def radar_of(self, protocols: Iterable[str], control: str = "") -> list[str]:
        """Return the SAR bands of these inputs."""
        names = self.inputs_with(protocols, control)
        return list(dict.fromkeys(band for name in names for band in self.inputs[name].radar))

    @property
    def dated_inputs(self) -> list[str]:
        """The inputs with another date."""
        return [name for name, about in self.inputs.items() if about.is_dated]

    def dated_in_gaps(self, control: str = "") -> bool:
        """Return whether any of these inputs has another date, in protocols that withhold."""
        return any(
            self.inputs[name].is_dated for name in self.inputs_with(self.withholding, control)
        )

    def places(self, protocol: str) -> tuple[str, ...]:
        """Return the channels that the networks of a protocol have places for; see places_of."""
        cut = self.study["protocols"][protocol]["inputs"]
        return places_of(self.inputs[name] for name in cut)
