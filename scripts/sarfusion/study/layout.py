"""The layout of a study's results: every path, as a pure function of the study.

Rules, `./reproduce verify` and the estimate of disk space all read it, so that they cannot disagree
about what a study consists of. Here are tables, figures, pages and what shards exchange; paths.py
has the rest. docs/results.md describes the files.
"""

from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from ..scenes.bands import BANDS
from .figures import FIGURES, Figure
from .methods import Run
from .paths import Paths
from .protocols import PROTOCOLS

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


class Layout(Paths):
    """The runs of a resolved study, and every path; arguments as in Paths."""

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

    def product_tables(self) -> list[str]:
        """Return the tables on the products. They do not follow from the scores of the study."""
        return [
            f"{self.results}tables/product.{form}" for form in ("csv", "md") if self.product_runs()
        ]

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
