"""The layout of a study's results: every path and every run, as pure functions of the study.

Rules, `./reproduce verify` and the estimate of disk space all read it, so that no two of them can
disagree about what a study consists of. docs/results.md describes the files.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any

from ..scenes import landsat
from ..scenes.sources import SOURCES
from .comparisons import study_pairs
from .config import shown_sites, transfers
from .figures import FIGURES, Figure
from .inputs import INPUTS
from .methods import METHODS, Run
from .protocols import FULL, PROTOCOLS

FORMS = ("png", "pdf")  # of a figure

# Tables that the report shows: their category there, and their label.
REPORT_TABLES = {
    "claims": ("Claims", {"shows": "claims, as a table"}),
    "summary": ("Tables", {"shows": "scores over seeds"}),
    "models": ("Tables", {"shows": "size of the models"}),
    "across_sites": ("Across sites", {"shows": "means over sites"}),
    "transfer": ("Across sites", {"shows": "transfer, as a table"}),
}


class Layout:
    """The paths and runs of a resolved study.

    results, models, scores: folders that paths start from; models and scores may lie elsewhere
    (the settings `weights` and `scores_from` of a study). is_whole: whether every model is there,
    else the folder of `weights` decides. A place is a site, or the folder of a transfer, whose
    models were trained on several sites. Missing sites have no part.
    """

    def __init__(
        self,
        study: Mapping[str, Any],
        results: str = "",
        models: str | None = None,
        scores: str | None = None,
        is_whole: bool = False,
    ) -> None:
        self.study = study
        self.results = f"{results}/" if results else ""
        self.models = f"{self.results}models" if models is None else models
        self.scores = f"{self.results}metrics" if scores is None else scores
        self.is_whole = is_whole or "weights" not in study
        self._spot = set(study.get("spot", ()))
        self.sites = [site for site in study["sites"] if site not in study["missing_sites"]]
        self.transfers = transfers(study)
        self.protocols: list[str] = list(study["protocols"])
        self.full_scale = [name for name in self.protocols if PROTOCOLS[name].full_scale]
        self.withholding = [name for name in self.protocols if PROTOCOLS[name].withholds]

    @property
    def shown_sites(self) -> list[str]:
        """The sites that figures show one by one."""
        return shown_sites(self.study)

    # Runs

    def learned_runs(
        self,
        protocol: str,
        places: Iterable[str] | None = None,
        seeds: Sequence[int] | None = None,
    ) -> list[Run]:
        """Return the runs of trained models of a protocol, at hand for all `places` (sites)."""
        cut = self.study["protocols"][protocol]
        places = self.sites if places is None else list(places)
        return [
            (band, model, sar_input, seed)
            for band in self.study["bands"]
            for model in cut["models"]
            for sar_input in cut["inputs"]
            if self._is_at_hand(protocol, band, model, sar_input, places)
            for seed in (self.study["seeds"] if seeds is None else seeds)
        ]

    def _is_at_hand(self, protocol, band, model, sar_input, places):
        """Tell whether a model can be had: a folder of `weights` must have it for every seed."""
        return self.is_whole or all(
            weights_path(self.study["weights"], name).exists()
            for place in places
            for name in (
                model_name(place, protocol, band, model, sar_input, seed)
                for seed in self.study["seeds"]
            )
        )

    def classical_runs(self, protocol: str) -> list[Run]:
        """Return the runs of methods without training of a protocol; they have no seed but 0."""
        return [
            (band, method, METHODS[method].input, 0)
            for band in self.study["bands"]
            for method in self.study["baselines"]
            if METHODS[method].protocol == protocol
        ]

    def runs(self, protocol: str) -> list[Run]:
        """Return every run of a site and protocol."""
        return self.classical_runs(protocol) + self.learned_runs(protocol)

    def shown_runs(self, protocol: str) -> list[Run]:
        """Return the runs of trained models that figures show: the first seed; tables have all."""
        return self.learned_runs(protocol, seeds=self.study["seeds"][:1])

    def compared_runs(self, protocol: str) -> list[Run]:
        """Return the runs of figures with every kind of method, those without training last."""
        return self.shown_runs(protocol) + self.classical_runs(protocol)

    def figure_runs(self, figure: Figure, protocol: str) -> list[Run]:
        """Return the runs that a figure shows."""
        return (
            self.compared_runs(protocol) if figure.runs == "compared" else self.shown_runs(protocol)
        )

    def transfer_runs(self, folder: str, protocol: str) -> list[Run]:
        """Return the runs of the models of a transfer that can be had."""
        return self.learned_runs(protocol, [folder])

    def comparisons(self, protocol: str) -> list[list[str]]:
        """Return [left method, left input, right method, right input] of every comparison."""
        cut = self.study["protocols"][protocol]
        return study_pairs(cut["models"], cut["inputs"])

    def is_comparable(self, protocol: str) -> bool:
        """Tell whether no model is missing that the table of differences would compare."""
        cut = self.study["protocols"][protocol]
        runs = self.learned_runs(protocol)
        bands = {band for band, *_ in runs}
        each = len(cut["models"]) * len(cut["inputs"]) * len(self.study["seeds"])
        return 0 < len(runs) == len(bands) * each

    # Rasters

    def optical(self, protocol: str) -> str:
        """Return the raster whose optical bands the methods of a protocol get; {site} stays."""
        return self.results + PROTOCOLS[protocol].optical

    def sar(self, sar_input: str, scale: str = "") -> str:
        """Return the raster whose SAR bands a model gets; {site} stays."""
        shuffled = ".shuffled" if INPUTS[sar_input].shuffled else ""
        return f"{self.results}stack/{{site}}{scale}{shuffled}.tif"

    def gaps(self, protocol: str) -> dict[str, str]:
        """Return the mask of what a protocol withholds, as a named input, if it withholds."""
        return {"gaps": f"{self.results}gaps/{{site}}.tif"} if protocol in self.withholding else {}

    def truth(self, site: str) -> dict[str, str]:
        """Return the true reflectance at the finest pixels, as a named input, where it is known."""
        known = SOURCES[self.study["sites"][site]["source"]].has_truth
        return {"truth": f"{self.results}scenes/{site}/truth.tif"} if known else {}

    def fused(self, place: str, protocol: str, runs: Iterable[Run], scale: str = "") -> list[str]:
        """Return the fused rasters of runs; at the finest pixels where `scale` says so.

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

    def every_model(self) -> dict[str, dict[str, Any]]:
        """Return {name: identity} of the trained models of all sites and transfers.

        The site of a transferred model is its transfer's folder.
        """
        places = [*self.sites, *self.transfers]
        return {
            model_name(place, protocol, band, model, sar_input, seed): {
                "site": place,
                "protocol": protocol,
                "band": band,
                "model": model,
                "input": sar_input,
                "seed": seed,
            }
            for place, (protocol, cut) in product(places, self.study["protocols"].items())
            for band, model, sar_input, seed in product(
                self.study["bands"], cut["models"], cut["inputs"], self.study["seeds"]
            )
        }

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

    def transfer_tables(self) -> dict[str, tuple[str, str, str]]:
        """Return {table: (site, protocol, folder)} of the scores of models on unseen sites."""
        return {
            f"{self.scores}/{site}/{folder}/{protocol}.csv": (site, protocol, folder)
            for folder, about in self.transfers.items()
            for site, protocol in product(about["test"], self.protocols)
            if self.transfer_runs(folder, protocol)
        }

    # Models that a verification trains again, each on its own (the setting `spot`)

    def spot_runs(self, site: str, protocol: str) -> list[Run]:
        """Return the runs of a site and protocol that are trained and scored on their own."""
        return [
            (about["band"], about["model"], about["input"], about["seed"])
            for name, about in self.every_model().items()
            if name in self._spot and (about["site"], about["protocol"]) == (site, protocol)
        ]

    def spot_tables(self) -> dict[str, tuple[str, str]]:
        """Return {table: (site, protocol)} of the scores of these runs."""
        places = sorted({tuple(name.split("/")[:2]) for name in self._spot})
        return {f"{self.scores}/{site}/{name}.csv": (site, name) for site, name in places}

    # What people read

    def tables(self) -> list[str]:
        """Return the tables of the study."""
        summary = [f"summary.{form}" for form in ("csv", "md", "tex", "txt")]
        names = ["metrics.csv", *summary, "claims.csv", "claims.md", "models.csv", "models.md"]
        if self._is_across("sites"):
            names += [f"across_sites{rest}" for rest in (".csv", "_differences.csv", ".md")]
        if self._is_across("transfers"):
            names += ["transfer_metrics.csv", "transfer.csv", "transfer.md"]
        return [f"{self.results}tables/{name}" for name in names]

    def report_tables(self) -> dict[str, str]:
        """Return {table: page} of the report, in the order of REPORT_TABLES."""
        made = [Path(path).stem for path in self.tables() if path.endswith(".md")]
        return {name: f"{self.results}report/{name}.html" for name in REPORT_TABLES if name in made}

    def _is_across(self, what):
        """Tell whether the study has several sites (`what` is "sites"), or transfers."""
        return len(self.study["sites"]) > 1 if what == "sites" else bool(self.transfer_tables())

    @cached_property
    def _figure_names(self) -> dict[str, str]:
        """{name: kind} of every figure, in order: sites one by one, then what spans them."""
        return {
            name: kind
            for of_site in (True, False)
            for site in (self.shown_sites if of_site else [""])
            for kind, figure in FIGURES.items()
            if ("{site}" in figure.name) == of_site and self._is_drawn(figure)
            for name in self._names(figure, site)
        }

    def _is_drawn(self, figure):
        colours = set(self.study["bands"]) == set(landsat.BANDS)
        return (colours or not figure.colour) and (
            not figure.across or self._is_across(figure.across)
        )

    def _names(self, figure, site) -> Iterator[str]:
        """Yield the names of the figures of one kind, of one site where it is about a site."""
        for protocol in self.figure_protocols(figure) if "{protocol}" in figure.name else [""]:
            for band in self.study["bands"] if "{band}" in figure.name else [""]:
                yield figure.name.format(site=site, protocol=protocol, band=band)

    def figure_protocols(self, figure: Figure) -> list[str]:
        """Return the protocols that a kind of figure is about."""
        if figure.withholds:
            return self.withholding
        return self.full_scale if figure.full_scale else self.protocols

    def figures(self, wanted: Callable[[Figure], bool] = lambda figure: True) -> list[str]:
        """Return the files of the study's figures, of the kinds that are `wanted`."""
        return [
            f"{self.results}figures/{name}.{form}"
            for name, kind in self._figure_names.items()
            if wanted(FIGURES[kind])
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
            if (name := FIGURES[kind].name.format(site=site, protocol=protocol))
            in self._figure_names
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

    def viewer_runs(self) -> list[tuple[str, str, Run]]:
        """Return (protocol, scale, run) of every layer of a page of the viewer."""
        chosen = [(name, run) for name in self.protocols for run in self.compared_runs(name)]
        return [(name, "", run) for name, run in chosen] + [
            (name, FULL, run) for name, run in chosen if name in self.full_scale
        ]


def model_name(
    place: str, protocol: str, band: str, model: str, sar_input: str, seed: int | str
) -> str:
    """Return the name of a trained model: its path in a folder of models, without suffix."""
    return f"{place}/{protocol}/{band}/{model}-{sar_input}/seed{seed}"


def weights_path(folder: str | Path, name: str) -> Path:
    """Return the weights of a model (see model_name) in a folder of models."""
    return Path(folder, f"{name}.safetensors")


def record_path(folder: str | Path, name: str) -> Path:
    """Return the record of a model in a folder of models: how it came about."""
    return Path(folder, f"{name}.json")
