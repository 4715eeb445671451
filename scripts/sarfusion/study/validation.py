"""Checks of a completed study that its schema cannot make, since they compare settings."""

from collections.abc import Iterable, Mapping
from typing import Any

from ..core.errors import Keys, SettingError, StudyError
from ..scenes.sources import SOURCES
from .inputs import inputs_of
from .methods import networks
from .protocols import PROTOCOLS
from .resolved import LEAVE_ONE_OUT, Study, infrared_of, setting


def check_infrared(study: Study, site: str) -> None:
    """Raise SettingError if the user's own files lack an infrared band that the study fuses."""
    settings = study["sites"][site]
    if SOURCES[settings["source"]].files is None:
        return
    dates = settings.get("other_dates", [])
    places: list[tuple[Keys, Mapping[str, Any]]] = [(("optical",), settings.get("optical", {}))]
    places += [(("other_dates", number), scene) for number, scene in enumerate(dates)]
    for keys, scene in places:
        for band in infrared_of(study).get("infrared", []):
            if band not in scene:
                raise SettingError.at(
                    ("sites", site, *keys),
                    f"the study fuses {band}, which it lacks; name its file, or leave {band} out of"
                    " bands",
                )


def check_inputs(study: dict[str, Any]) -> None:
    """Raise SettingError for an unknown input, or one whose other date no site has."""
    known = inputs_of(study)
    for number, name in enumerate(study["inputs"]):
        if name not in known:
            raise SettingError.at(
                ("inputs", number),
                f"no input {name!r}; known are {', '.join(known)}; input_channels may define more",
            )
        if known[name].is_dated and not all(
            site.get("other_dates") for site in study["sites"].values()
        ):
            raise SettingError.at(
                ("inputs", number), f"{name} has another date; give each site other_dates"
            )


def check_protocols(study: Study) -> None:
    """Raise SettingError for a protocol with an unknown model or input, or an unsuitable input."""
    for name, protocol in study["protocols"].items():
        for kind in ("models", "inputs"):
            _check_known(protocol[kind], study, kind, ("protocols", name, kind))
        for number, sar_input in enumerate(protocol["inputs"]):
            if inputs_of(study)[sar_input].is_dated and not PROTOCOLS[name].withholds:
                raise SettingError.at(
                    ("protocols", name, "inputs", number),
                    f"{sar_input} has another date, which networks are given to fill gaps only",
                )


def check_ranking(study: Study) -> None:
    """Raise SettingError if the methods are ranked against a model that the study lacks."""
    if "ranked_against" in study:
        model, sar_input = study["ranked_against"].rsplit("-", 1)
        if model not in study["models"] or sar_input not in study["inputs"]:
            raise SettingError.at(
                ["ranked_against"],
                f"the study has no {study['ranked_against']}; its models are"
                f" {', '.join(study['models'])}, its inputs {', '.join(study['inputs'])}",
            )


def check_transfer(study: Study) -> None:
    """Raise SettingError for a transfer with unknown sites, or one that tests where it trains."""
    if study["transfer"] == LEAVE_ONE_OUT:
        if len(study["sites"]) < 2:
            raise SettingError.at(["transfer"], "leave_one_out needs at least two sites")
        return
    for name, transfer in study["transfer"].items():
        for part in ("train", "test"):
            _check_known(transfer[part], study, "sites", ("transfer", name, part))
        both = [site for site in transfer["test"] if site in transfer["train"]]
        if both:
            raise SettingError.at(
                ("transfer", name),
                f"{both[0]} is both trained and tested on; models must not see their test sites",
            )


def check_passes(study: Study) -> None:
    """Raise SettingError if the user's own files have another number of passes than the setting."""
    for name, site in study["sites"].items():
        wanted = setting(study, name, "sar")["passes"]
        counted = SOURCES[site["source"]].passes
        for band, count in (counted(site) if counted else {}).items():
            if count != wanted:
                raise SettingError.at(
                    ("sites", name, "sar", band),
                    f"{count} {'raster' if count == 1 else 'rasters'}, but sar.passes is {wanted};"
                    " list one raster for each pass, or change sar.passes",
                )


def check_figures(study: Study) -> None:
    """Raise SettingError if figures are to show a site that the study lacks."""
    if isinstance(study["figures"]["sites"], list):
        _check_known(study["figures"]["sites"], study, "sites", ("figures", "sites"))


def check_missing(study: Study) -> None:
    """Raise StudyError if a site is missing and all are required, or if no site is left."""
    missing = study["missing_sites"]
    _check_known(missing, study, "sites", ("missing_sites",))
    named = ", ".join(
        f"{name} ({about['rule']}, {about['log']})" for name, about in missing.items()
    )
    if missing and study["require_all_sites"]:
        raise StudyError(f"the study requires all sites, but lacks {named}")
    if len(missing) == len(study["sites"]):
        raise StudyError(f"no site is left: the study lacks {named}")


def check_networks(study: Study) -> None:
    """Raise SettingError if the resolved `study` names a network that does not exist."""
    for name, model in study["models"].items():
        if model["network"] not in networks():
            raise SettingError.at(
                ("models", name),
                f"no network {model['network']!r}; known are {', '.join(networks())}",
            )


def _check_known(names: Iterable[str], study: Study, kind: str, where: tuple[str, ...]) -> None:
    """Raise SettingError if one of `names` is not among the study's models, inputs or sites."""
    for name in names:
        if name not in study[kind]:
            known = list(study[kind])
            more = f" and {len(known) - 20} more" if len(known) > 20 else ""
            raise SettingError.at(
                where,
                f"{name!r} is not among the study's {kind}: {', '.join(known[:20])}{more}",
            )
