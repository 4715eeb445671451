"""What a study consists of: its runs, as pure functions of the study.

A run is one method with one input, for one band and seed. paths.py says where its files are.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any

from ..scenes.bands import BANDS, optical_bands
from ..scenes.sources import SOURCES
from ..scenes.stac.lock import locked_dates
from .comparisons import study_pairs
from .figures import Figure
from .inputs import inputs_of, places_of
from .methods import METHODS, Run
from .protocols import FULL, PROTOCOLS
from .resolved import masks_aerosol, shown_sites, transfers
from .schemas import CONFIG


class Runs:
    """The runs of a resolved study.

    is_whole: whether every model is available; otherwise the folder of the setting `weights`
    decides, if the study has one. A place is a site, or the folder of a transfer, whose models were
    trained on several sites. Missing sites are left out. lock: file of the scenes that were found
    in a catalogue, in config/ by default. sites: the sites to consider, if not all.
    """

    def __init__(
        self,
        study: Mapping[str, Any],
        is_whole: bool = False,
        lock: str | Path | None = None,
        sites: Sequence[str] | None = None,
    ) -> None:
        self.study = study
        self.lock = Path(lock or CONFIG / f"{study['study']}.lock.json")
        self.is_whole = is_whole or "weights" not in study
        self._spot = set(study.get("spot", ()))
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

    @property
    def product_protocol(self) -> str | None:
        """The protocol whose models fill the clouds of the scenes, None if there is none."""
        return next(iter(self.withholding), None)

    @property
    def fills_only(self) -> bool:
        """Whether the study only fills clouds with models of another study (`./reproduce fill`)."""
        return "fill_with" in self.study

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


def model_name(
    place: str, protocol: str, band: str, model: str, sar_input: str, seed: int | str
) -> str:
    """Return the name of a trained model: its path in a folder of models, without suffix."""
    return f"{place}/{protocol}/{band}/{model}-{sar_input}/seed{seed}"


def weights_path(folder: str | Path, name: str) -> Path:
    """Return the weights of a model (see model_name) in a folder of models."""
    return Path(folder, f"{name}.safetensors")


def record_path(folder: str | Path, name: str) -> Path:
    """Return the record of a model in a folder of models, which says how it was made."""
    return Path(folder, f"{name}.json")
