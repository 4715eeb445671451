"""The layout of a study's results: every path, as a pure function of the study.

Rules, `./reproduce verify` and the estimate of disk space all read it, so that they cannot disagree
about what a study consists of. docs/results.md describes the files.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from ..scenes.bands import BANDS
from ..scenes.sources import SOURCES
from .figures import FIGURES, Figure
from .indices import INDICES
from .methods import Run
from .protocols import FULL, PROTOCOLS
from .runs import Runs, model_name, record_path

FORMS = ("png", "pdf")  # of a figure

# Tables that the report shows: their category there, and their label.
REPORT_TABLES = {
    "claims": ("Claims", {"shows": "claims, as a table"}),
    "readings": ("Claims", {"shows": "readings by claim"}),
    "summary": ("Tables", {"shows": "scores over seeds"}),
    "ranking": ("Tables", {"shows": "methods in order"}),
    "uncertainty": ("Tables", {"shows": "uncertainty of filled gaps"}),
    "land_cover": ("Tables", {"shows": "land cover from filled gaps"}),
    "models": ("Tables", {"shows": "size of the models"}),
    "product": ("Cloud-free image", {"shows": "share filled, and its error"}),
    "across_sites": ("Across sites", {"shows": "means over sites"}),
    "transfer": ("Across sites", {"shows": "transfer, as a table"}),
}


class Drawing(NamedTuple):
    """One figure: its name, its kind in FIGURES, and what it is about; "" if it spans all."""

    name: str
    kind: str
    site: str
    protocol: str
    band: str


class Layout(Runs):
    """The runs of a resolved study and all paths.

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

    def product_tables(self) -> list[str]:
        """Return the tables on the products. They do not follow from the scores of the study."""
        return [
            f"{self.results}tables/product.{form}" for form in ("csv", "md") if self.product_runs()
        ]

    # Models that a verification trains again, each on its own (the setting `spot`)

    def spot_tables(self) -> dict[str, tuple[str, str]]:
        """Return {table: (site, protocol)} of the scores of these runs."""
        places = sorted({tuple(name.split("/")[:2]) for name in self._spot})
        return {f"{self.scores}/{site}/{name}.csv": (site, name) for site, name in places}

    # A study in several plans (parts.py)

    def joined(self) -> list[str]:
        """Return the files of the sites that are needed for what spans all sites."""
        files = [*self.score_tables(), *self.difference_tables()]
        files += [*self.uncertainty_tables(), *self.land_cover_tables()]
        for site in self.sites:
            files += [f"{self.results}stack/{site}.json", f"{self.results}scenes/{site}/scene.json"]
            files += [path for protocol in self.protocols for path in self.records(site, protocol)]
            if self.product_runs():
                product = self.product(site)
                files += [path for what, path in product.items() if what != "item"]
        return files

    def shown(self) -> list[str]:
        """Return the figures and pages of the viewer that show one of the sites."""
        figures = self.figures(lambda drawing: drawing.site in self.sites)
        pages = [page for site, page in self.pages().items() if site in self.sites]
        return [*figures, *(f"{self.results}viewer/{page}" for page in pages)]

    def steps_file(self, number: int, shards: int) -> str:
        """Return the file with the steps of a shard, which the last plan reads."""
        return f"{self.results}shards/{number}-of-{shards}.json"

    # Tables, figures and pages

    def tables(self) -> list[str]:
        """Return the tables of the study."""
        summary = [f"summary.{form}" for form in ("csv", "md", "tex", "txt")]
        names = ["metrics.csv", *summary]
        names += [
            f"{name}.{form}" for name in ("claims", "readings", "models") for form in ("csv", "md")
        ]
        if self.is_ranked:
            names += ["ranking.csv", "ranking.md"]
        if self.uncertainty_tables():
            names += ["uncertainty.csv", "uncertainty.md"]
        if self.land_cover_tables():
            names += ["land_cover.csv", "land_cover.md"]
        if self._is_across("sites"):
            names += [f"across_sites{rest}" for rest in (".csv", "_differences.csv", ".md")]
        if self._is_across("transfers"):
            names += ["transfer_metrics.csv", "transfer.csv", "transfer.md"]
        return [f"{self.results}tables/{name}" for name in names]

    def report_tables(self) -> dict[str, str]:
        """Return {table: page} of the report, in the order of REPORT_TABLES."""
        tables = [*self.tables(), *self.product_tables()]
        made = [Path(path).stem for path in tables if path.endswith(".md")]
        return {name: f"{self.results}report/{name}.html" for name in REPORT_TABLES if name in made}

    def _is_across(self, what):
        """Return whether the study has several sites (`what` is "sites"), or transfers."""
        return len(self.study["sites"]) > 1 if what == "sites" else bool(self.transfer_tables())

    @cached_property
    def _drawings(self) -> dict[str, Drawing]:
        """{name: drawing} of every figure, in order: sites one by one, then what spans them."""
        return {
            drawing.name: drawing
            for of_site in (True, False)
            for site in (self.shown_sites if of_site else [""])
            for kind, figure in FIGURES.items()
            if ("{site}" in figure.name) == of_site and self._is_drawn(figure)
            for drawing in self._drawings_of(kind, figure, site)
        }

    def _is_drawn(self, figure):
        colours = set(self.study["bands"]) >= set(BANDS)
        return (
            (colours or not figure.colour)
            and (not figure.across or self._is_across(figure.across))
            and (not figure.of_product or bool(self.product_runs()))
            and (not figure.dated or self.uses_dates)
            and ("uncertainties" not in figure.inputs or bool(self.uncertainty_tables()))
            and ("ranking" not in figure.inputs or self.is_ranked)
        )

    def _drawings_of(self, kind, figure, site) -> Iterator[Drawing]:
        """Yield the figures of one kind, for one site if the kind is about a site."""
        for protocol in self.figure_protocols(figure) if "{protocol}" in figure.name else [""]:
            for band in self.study["bands"] if "{band}" in figure.name else [""]:
                name = figure.name.format(site=site, protocol=protocol, band=band)
                yield Drawing(name, kind, site, protocol, band)

    def drawings(self) -> list[Drawing]:
        """Return all figures of the study, in order."""
        return [*self._drawings.values()]

    def drawn_again(self) -> list[Drawing]:
        """Return the figures that follow from the available models, or from tables and records."""
        whole = Layout(self.study, is_whole=True)
        return [one for one in whole.drawings() if self._is_at_hand_for(one, whole)]

    def _is_at_hand_for(self, drawing, whole):
        figure = FIGURES[drawing.kind]
        if figure.of_product:
            return bool(self.product_runs())
        if not figure.runs:
            return True
        return self.drawn_runs(drawing) == whole.drawn_runs(drawing)

    def drawn_runs(self, drawing: Drawing) -> list[Run]:
        """Return the runs of one figure: those of its band, if it shows one."""
        runs = self.figure_runs(FIGURES[drawing.kind], drawing.protocol)
        return [run for run in runs if drawing.band in ("", run[0])]

    def figure_protocols(self, figure: Figure) -> list[str]:
        """Return the protocols that a kind of figure is about."""
        if figure.withholds:
            return self.withholding
        return self.full_scale if figure.full_scale else self.protocols

    def figures(self, wanted: Callable[[Drawing], bool] = lambda drawing: True) -> list[str]:
        """Return the files of those of the study's figures that are `wanted`."""
        return [
            f"{self.results}figures/{name}.{form}"
            for name, drawing in self._drawings.items()
            if wanted(drawing)
            for form in FORMS
        ]

    @property
    def paper_sites(self) -> list[str]:
        """The sites that the paper shows figures of."""
        return self.shown_sites[:2]

    def plates(self) -> list[tuple[str, str, str, str]]:
        """Return (figure, kind, protocol, site) of the paper's figures of protocols, in order."""
        return [
            (name, kind, protocol, site)
            for protocol in self.protocols
            for kind in PROTOCOLS[protocol].plates
            for site in (self.paper_sites if "{site}" in FIGURES[kind].name else [""])
            if (name := FIGURES[kind].name.format(site=site, protocol=protocol)) in self._drawings
        ]

    def paper_figures(self) -> list[str]:
        """Return the PDF files of all figures that the paper shows."""
        names = [name for name, *_ in self.plates()]
        names += [f"{site}_overview" for site in self.paper_sites]
        names += ["paired_differences", "claims"]
        return [f"{self.results}figures/{name}.pdf" for name in names]

    def pages(self) -> dict[str, str]:
        """Return {site: file} of the viewer's pages; that of the first site shown is the index."""
        return {
            site: f"site-{site}.html" if i else "index.html"
            for i, site in enumerate(self.shown_sites)
        }

    def viewer(self) -> list[str]:
        """Return the viewer's pages."""
        return [f"{self.results}viewer/{page}" for page in self.pages().values()]
