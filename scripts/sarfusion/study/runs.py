"""What a study consists of: its runs, as pure functions of the study.

A run is one method with one input, for one band and seed. paths.py says where its files are.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any

from ..scenes.bands import BANDS
from .comparisons import study_pairs
from .data import StudyData
from .figures import Figure
from .methods import METHODS, Run
from .model_files import model_name, weights_path
from .protocols import FULL


class Runs(StudyData):
    """The runs of a resolved study.

    is_whole: whether every model is available; otherwise the folder of the setting `weights`
    decides, if the study has one. A place is a site, or the folder of a transfer, whose models were
    trained on several sites. lock, sites: see StudyData.
    """

    def __init__(
        self,
        study: Mapping[str, Any],
        is_whole: bool = False,
        lock: str | Path | None = None,
        sites: Sequence[str] | None = None,
    ) -> None:
        super().__init__(study, lock, sites)
        self.is_whole = is_whole or "weights" not in study
        self._spot = set(study.get("spot", ()))

    def learned_runs(
        self,
        protocol: str,
        places: Iterable[str] | None = None,
        seeds: Sequence[int] | None = None,
    ) -> list[Run]:
        """Return the runs of trained models of a protocol that are available for all `places`.

        places: sites, by default all.
        """
        cut = self.study["protocols"][protocol]
        places = self.sites if places is None else list(places)
        every = product(
            self.study["bands"],
            cut["models"],
            cut["inputs"],
            self.study["seeds"] if seeds is None else seeds,
        )
        return [run for run in every if self._is_at_hand(protocol, run, places)]

    def _is_at_hand(self, protocol, run, places):
        """Return whether a model is available: a folder of `weights` may lack it."""
        return self.is_whole or all(
            weights_path(self.study["weights"], model_name(place, protocol, *run)).exists()
            for place in places
        )

    def whole_runs(self, protocol: str) -> list[Run]:
        """Return the runs of trained models that are available for all seeds of the study."""
        runs = self.learned_runs(protocol)
        seeds = Counter(run[:3] for run in runs)
        return [run for run in runs if seeds[run[:3]] == len(self.study["seeds"])]

    def classical_runs(self, protocol: str) -> list[Run]:
        """Return the runs of methods without training of a protocol; their only seed is 0."""
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
        if figure.runs == "filling":
            return self.product_runs()
        return (
            self.compared_runs(protocol) if figure.runs == "compared" else self.shown_runs(protocol)
        )

    @property
    def uncertain_models(self) -> list[str]:
        """The models that learn a standard deviation besides the mean."""
        return [name for name, about in self.study["models"].items() if about["uncertainty"]]

    def uncertainty_runs(self, protocol: str) -> list[Run]:
        """Return the runs, in a protocol that withholds, whose uncertainty is scored.

        With one seed these are the models that learn it; with more, all, since seeds have a spread.
        """
        if protocol not in self.withholding:
            return []
        several, uncertain = len(self.study["seeds"]) > 1, self.uncertain_models
        return [run for run in self.whole_runs(protocol) if several or run[1] in uncertain]

    def land_cover_runs(self, protocol: str) -> list[Run]:
        """Return the runs, in a protocol that withholds, whose maps of land cover are scored.

        A map is made from all bands of the study, so that a network must be available for each, and
        for all seeds.
        """
        if protocol not in self.withholding:
            return []
        learned = self.whole_runs(protocol)
        bands = Counter(run[1:] for run in learned)
        whole = [run for run in learned if bands[run[1:]] == len(self.study["bands"])]
        return self.classical_runs(protocol) + whole

    @property
    def product_protocol(self) -> str | None:
        """The protocol whose models fill the clouds of the scenes, None if there is none."""
        return next(iter(self.withholding), None)

    def product_runs(self) -> list[Run]:
        """Return the runs of models that may fill clouds; none if the study has no product.

        They are of red, green and blue. A model must be available for each, and for all seeds.
        Controls are left out.
        """
        if self.product_protocol is None:
            return []
        learned = self.whole_runs(self.product_protocol)
        colours = [run for run in learned if run[0] in BANDS]
        runs = [run for run in colours if not self.inputs[run[2]].control]
        bands: dict[tuple[str, str], set[str]] = {}
        for band, *method, _ in runs:
            bands.setdefault((method[0], method[1]), set()).add(band)
        return [run for run in runs if bands[run[1], run[2]] == set(BANDS)]

    def transfer_runs(self, folder: str, protocol: str) -> list[Run]:
        """Return the runs of the available models of a transfer."""
        return self.learned_runs(protocol, [folder])

    @property
    def is_ranked(self) -> bool:
        """Whether the study ranks its methods against one of them."""
        return "ranked_against" in self.study

    def comparisons(self, protocol: str) -> list[list[str]]:
        """Return [left method, left input, right method, right input] of every comparison."""
        cut = self.study["protocols"][protocol]
        inputs = {name: self.inputs[name] for name in cut["inputs"]}
        baselines = self._compared_baselines(protocol)
        return study_pairs(cut["models"], inputs, baselines, self.study.get("ranked_against", ""))

    def _compared_baselines(self, protocol):
        """Return the methods without training that networks are compared with.

        They are those that fill gaps, and all in a study that ranks methods.
        """
        is_compared = protocol in self.withholding or self.is_ranked
        return [
            method
            for method in self.study["baselines"]
            if METHODS[method].protocol == protocol and is_compared
        ]

    def comparable_runs(self, protocol: str) -> list[Run]:
        """Return the runs of every comparison that lacks no seed, in the order of `runs`."""
        pairs = self.comparisons(protocol)
        sides = {tuple(side) for pair in pairs for side in (pair[:2], pair[2:])}
        runs = self.classical_runs(protocol) + self.whole_runs(protocol)
        return [run for run in runs if run[1:3] in sides]

    def spot_runs(self, site: str, protocol: str) -> list[Run]:
        """Return the runs of a site and protocol that are trained and scored on their own."""
        return self._spot_runs.get((site, protocol), [])

    @cached_property
    def _spot_runs(self) -> dict[tuple[str, str], list[Run]]:
        """{(site, protocol): runs} of the models that the setting `spot` names."""
        found: dict[tuple[str, str], list[Run]] = {}
        for name, about in self.every_model().items() if self._spot else ():
            if name in self._spot:
                run = (about["band"], about["model"], about["input"], about["seed"])
                found.setdefault((about["site"], about["protocol"]), []).append(run)
        return found

    def viewer_runs(self) -> list[tuple[str, str, Run]]:
        """Return (protocol, scale, run) of every layer of a page of the viewer."""
        chosen = [(name, run) for name in self.protocols for run in self.compared_runs(name)]
        return [(name, "", run) for name, run in chosen] + [
            (name, FULL, run) for name, run in chosen if name in self.full_scale
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


def is_long(training: Mapping[str, Any]) -> bool:
    """Return whether, by these settings, training is so long that each model has its own job."""
    return training["updates"] >= 1000
