"""Where the rasters, models, scores and products of a study are."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

from ..scenes.sources import SOURCES
from .indices import INDICES
from .methods import Run
from .model_files import model_name, record_path
from .protocols import FULL, PROTOCOLS
from .runs import Runs


class Paths(Runs):
    """The runs of a resolved study, and the paths of what they read and write.

    results, models, scores: folders that paths start from; models and scores may be elsewhere (the
    settings `weights` and `scores_from` of a study). is_whole, lock, sites: see Runs.
    """

    def __init__(
        self,
        study: Mapping[str, Any],
        results: str = "",
        models: str | None = None,
        scores: str | None = None,
        is_whole: bool = False,
        lock: str | Path | None = None,
        sites: Sequence[str] | None = None,
    ) -> None:
        super().__init__(study, is_whole, lock, sites)
        self.results = f"{results}/" if results else ""
        self.models = f"{self.results}models" if models is None else models
        self.scores = f"{self.results}metrics" if scores is None else scores

    # Rasters

    @property
    def aerosol(self) -> dict[str, str]:
        """The aerosol bits of a scene, as a named file, if the study masks any; {site} stays."""
        return (
            {"aerosol": f"{self.results}scenes/{{site}}/aerosol.tif"} if self.masks_aerosol else {}
        )

    def optical(self, protocol: str) -> str:
        """Return the raster whose optical bands the methods of a protocol get; {site} stays."""
        return self.results + PROTOCOLS[protocol].optical

    def given(self, protocol: str, sar_input: str) -> str:
        """Return the raster whose optical bands a network gets; {site} stays.

        If the protocol withholds them, this raster has start surfaces in gaps, and all other
        channels of the input except the SAR bands (channels.open_channels).
        """
        if protocol not in self.withholding:
            return self.optical(protocol)
        return f"{self.results}gaps/{{site}}{self._control(sar_input)}.start.tif"

    def sar(self, sar_input: str, scale: str = "") -> str:
        """Return the raster whose SAR bands a model gets; {site} stays."""
        return f"{self.results}stack/{{site}}{scale}{self._control(sar_input)}.tif"

    def _control(self, sar_input):
        """Return the part of a raster's name that marks the SAR of a control, if it is one."""
        control = self.inputs[sar_input].control
        return f".{control}" if control else ""

    def matched(self) -> dict[str, str]:
        """Return the raster of other dates, matched to the scene, as a named input, if any."""
        return {"matched": f"{self.results}stack/{{site}}.dates.tif"} if self.uses_dates else {}

    def gaps(self, protocol: str) -> dict[str, str]:
        """Return the mask of what a protocol withholds, as a named input, if it has one."""
        return {"gaps": f"{self.results}gaps/{{site}}.tif"} if protocol in self.withholding else {}

    def matched_ages(self, protocol: str) -> dict[str, str]:
        """Return the same if the protocol has scores by the age of the nearest clear date."""
        return self.matched() if protocol in self.withholding else {}

    def truth(self, site: str) -> dict[str, str]:
        """Return the true reflectance at the finest pixels, as a named input, if it is known."""
        known = SOURCES[self.study["sites"][site]["source"]].has_truth
        return {"truth": f"{self.results}scenes/{site}/truth.tif"} if known else {}

    def built_up(self, site: str) -> dict[str, str]:
        """Return the map of built-up ground of a site, as a named input, if there is one."""
        has_map = bool(self.study["sites"][site].get("built_up"))
        return {"built_up": f"{self.results}scenes/{site}/built_up.tif"} if has_map else {}

    def dates(self, site: str) -> dict[str, list[str]]:
        """Return the other dates of a site and their descriptions, as named inputs, if any."""
        names = self.other_dates(site)
        if not names:
            return {}
        folder = f"{self.results}scenes/{site}/dates"
        return {
            "dates": [f"{folder}/{name}.tif" for name in names],
            "calendar": [f"{folder}/{name}.json" for name in names],
        }

    def from_dates(self, protocol: str) -> dict[str, str]:
        """Return the raster that marks the gap pixels filled from other dates, if any."""
        used = bool(self.temporal_methods(protocol))
        return {"from_dates": f"{self.results}gaps/{{site}}.from_dates.tif"} if used else {}

    def fused(self, place: str, protocol: str, runs: Iterable[Run], scale: str = "") -> list[str]:
        """Return the fused rasters of runs; at the finest pixels if `scale` says so.

        place: a site, or SITE/FOLDER for the models of a transfer.
        """
        return [
            f"{self.results}fused/{place}/{protocol}/{band}/{method}-{sar_input}/seed{seed}{scale}.tif"
            for band, method, sar_input, seed in runs
        ]

    # Models

    def records(self, site: str, protocol: str) -> list[str]:
        """Return the records of every trained model of a site and protocol."""
        return [
            str(record_path(self.models, model_name(site, protocol, *run)))
            for run in self.learned_runs(protocol)
        ]

    # Scores

    def score_tables(self, sites: Iterable[str] | None = None) -> dict[str, tuple[str, str]]:
        """Return {table: (site, protocol)} of the scores of all sites, or of `sites`, in order."""
        names = {name: name for name in self.protocols}
        names |= {f"{name}{FULL}": name for name in self.full_scale}
        return {
            f"{self.scores}/{site}/{name}.csv": (site, protocol)
            for site in (self.sites if sites is None else sites)
            for name, protocol in names.items()
        }

    def difference_tables(self) -> dict[str, tuple[str, str]]:
        """Return {table: (site, protocol)} of the differences between methods, in order."""
        return {
            f"{self.scores}/{site}/{protocol}.differences.csv": (site, protocol)
            for site, protocol in product(self.sites, self.protocols)
        }

    def uncertainty_tables(self) -> dict[str, tuple[str, str]]:
        """Return {table: (site, protocol)} of the uncertainties of filled gaps, in order."""
        return {
            f"{self.scores}/{site}/{protocol}.uncertainty.csv": (site, protocol)
            for site, protocol in product(self.sites, self.withholding)
            if self.uncertainty_runs(protocol)
        }

    def land_cover_tables(self) -> dict[str, tuple[str, str]]:
        """Return {table: (site, protocol)} of the scores of maps from filled gaps, in order."""
        return {
            f"{self.scores}/{site}/{protocol}.land_cover.csv": (site, protocol)
            for site, protocol in product(self.sites, self.withholding)
            if (self.built_up(site) or self.indices) and self.land_cover_runs(protocol)
        }

    @property
    def indices(self) -> list[str]:
        """The spectral indices that the bands of the study make."""
        bands = set(self.study["bands"])
        return [name for name, pair in INDICES.items() if bands.issuperset(pair)]

    def transfer_tables(self) -> dict[str, tuple[str, str, str]]:
        """Return {table: (site, protocol, folder)} of the scores of models on unseen sites."""
        return {
            f"{self.scores}/{site}/{folder}/{protocol}.csv": (site, protocol, folder)
            for folder, about in self.transfers.items()
            for site, protocol in product(about["test"], self.protocols)
            if self.transfer_runs(folder, protocol)
        }

    # The cloud-free image of each site (rules/product.smk)

    def product_models(self, site: str, suffix: str) -> list[str]:
        """Return the files of a site's models that may fill clouds: records, or weights."""
        if self.fills_only:
            return [f"{path}{suffix}" for path in self.study["fill_with"]["models"]]
        protocol = self.product_protocol or ""
        return [
            f"{self.models}/{model_name(site, protocol, *run)}{suffix}"
            for run in self.product_runs()
        ]

    def product(self, site: str) -> dict[str, str]:
        """Return {kind: path} of the files of a site's product."""
        folder = f"{self.results}products/{site}"
        return {
            "picture": f"{folder}/cloud_free.tif",
            "style": f"{folder}/cloud_free.qml",
            "source_style": f"{folder}/source.qml",
            "facts": f"{folder}/cloud_free.json",
            "scores": f"{folder}/scores.csv",
            "item": f"{folder}/{site}.json",
        }

    def products(self) -> list[str]:
        """Return the files of all products, and their catalogue."""
        if not (self.fills_only or self.product_runs()):
            return []
        files = [path for site in self.sites for path in self.product(site).values()]
        return [*files, f"{self.results}products/catalog.json"]

    # Models that a verification trains again, each on its own (the setting `spot`)

    def spot_tables(self) -> dict[str, tuple[str, str]]:
        """Return {table: (site, protocol)} of the scores of these runs."""
        places = sorted({tuple(name.split("/")[:2]) for name in self._spot})
        return {f"{self.scores}/{site}/{name}.csv": (site, name) for site, name in places}
