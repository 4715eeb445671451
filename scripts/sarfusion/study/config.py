"""The configuration of a study: validated and completed with all defaults.

A resolved study is a dictionary with every key of config/schema.yaml.
"""

from collections.abc import Container, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..core.errors import SettingError, StudyError
from ..core.files import is_file, shown
from ..core.yaml_file import naming_lines, read_yaml
from ..scenes.bands import INFRARED
from ..scenes.sensors import sensor_of
from ..scenes.sources import SOURCES
from .catalogues import complete_catalogue
from .inputs import inputs_of
from .methods import DEFAULT_METHODS, OVER_TIME
from .optical import SIZES, complete_own_files, scale_sizes, sensor_words
from .plain import plain_copy
from .protocols import PROTOCOLS
from .resolved import masks_aerosol
from .schemas import CONFIG, check, schema, with_defaults
from .site_table import line_of_site, read_table
from .validation import (
    check_figures,
    check_infrared,
    check_inputs,
    check_missing,
    check_networks,
    check_passes,
    check_protocols,
    check_ranking,
    check_transfer,
)


def read_study(path: str | Path) -> dict[str, Any]:
    """Return the resolved study in a YAML file; raise StudyError if it is not a valid study."""
    document = read_yaml(path)
    if not isinstance(document.content, dict):
        kind = "empty" if document.content is None else type(document.content).__name__
        raise StudyError(f"{shown(path)}: not a study, but {kind}")
    with naming_lines(document.content, [document]):
        return resolve(document.content, document.path.parent)


def resolve_files(
    config: Mapping[str, Any], paths: Sequence[str | Path], strict: bool = True
) -> dict[str, Any]:
    """Return the resolved study that Snakemake made from these files and its command line.

    Raises StudyError for what `resolve` and `check_networks` refuse, with its file and line, and
    for what is no longer visible in `config`, such as a duplicate key. strict: see `read_yaml`. A
    table of sites is beside the first file.
    """
    documents = [read_yaml(path, strict) for path in paths]
    with naming_lines(config, documents):
        study = resolve(config, Path(*paths[:1]).parent)
        check_networks(study)
    return study


def resolve(config: Mapping[str, Any], folder: str | Path = CONFIG.parent) -> dict[str, Any]:
    """Return `config` completed with every default of the schema.

    folder: that of the study's file. A table of sites is looked for there, then in the project's
    root. Raises SettingError for anything that the schema refuses, and StudyError for errors in a
    table.
    """
    study = plain_copy(config)
    check(study, ())
    table = _table(study["sites"], folder) if isinstance(study["sites"], str) else None
    if table:
        study["sites"] = read_table(table)  # checked line by line
    else:
        _check_sites(study["sites"])
    _complete_baselines(study)
    given = {section: {*study.get(section, {})} for section in SIZES}
    study = with_defaults(study, schema())
    _complete_sites(study, table)
    scale_sizes(study, given)
    check_inputs(study)
    _complete_protocols(study, named=config.get("protocols", ()))
    check_protocols(study)
    check_ranking(study)
    check_transfer(study)
    check_passes(study)
    _complete_aerosol(study)
    check_figures(study)
    check_missing(study)
    return study


def _complete_protocols(study: dict[str, Any], named: Container[str]) -> None:
    """Give each protocol the models and inputs of the study, unless it names some of them.

    A protocol that gives no band takes the inputs with SAR. If there are none, it is left out, or
    SettingError is raised if it is `named` in the study's file.
    """
    for name, protocol in list(study["protocols"].items()):
        protocol.setdefault("models", list(study["models"]))
        suited = _inputs_for(study, name)
        inputs = protocol.setdefault("inputs", suited)
        may_be_empty, known = PROTOCOLS[name].gives_band, inputs_of(study)
        lacking = [each for each in inputs if each in known and not known[each].radar]
        if inputs and (may_be_empty or not lacking):
            continue
        if name in named:
            raise SettingError.at(
                ("protocols", name), "it gives no optical band, so that each input needs SAR"
            )
        del study["protocols"][name]


def _complete_baselines(study: dict[str, Any]) -> None:
    """Add the methods over time to a study whose sites have other dates, unless it names methods.

    Methods are compared over all sites. Raises SettingError if some sites have other dates and
    others have none, or if the study names such a method and no site has other dates.
    """
    dated = [name for name, site in study["sites"].items() if site.get("other_dates")]
    undated = [name for name in study["sites"] if name not in dated]
    if dated and undated:
        raise SettingError.at(
            ("sites", undated[0]),
            f"it has no other_dates, but {dated[0]} has; methods are compared over all sites, so"
            " give other_dates to each site or to none",
        )
    if dated:
        study.setdefault("baselines", [*DEFAULT_METHODS])
        return
    for name in OVER_TIME:
        if name in study.get("baselines", []):
            raise SettingError.at(
                ["baselines"], f"{name} fills from other dates; give each site other_dates"
            )


def _inputs_for(study: dict[str, Any], protocol: str) -> list[str]:
    """Return the inputs of the study that a protocol may have.

    An input with another date is only for gaps, one without SAR only for protocols that give a
    band.
    """
    known, about = inputs_of(study), PROTOCOLS[protocol]
    return [
        name
        for name in study["inputs"]
        if (about.withholds or not known[name].is_dated) and (about.gives_band or known[name].radar)
    ]


def _complete_sites(study: dict[str, Any], table: Path | None) -> None:
    """Write out the catalogues of sites; raise StudyError for settings that no schema can refuse.

    table: the file of the sites, None if they are in the study itself.
    """
    unused = {*INFRARED} - {*study["bands"]}
    for name, site in study["sites"].items():
        try:
            SOURCES[site["source"]].check(site, name)
            check_infrared(study, name)
            if SOURCES[site["source"]].files:
                complete_own_files(site, name, study["data"])
            if "catalogue" in site:
                site["catalogue"] = complete_catalogue(site["catalogue"], name)
                assets = site["catalogue"]["optical"]["assets"]
                site["catalogue"]["optical"]["assets"] = {
                    band: key for band, key in assets.items() if band not in unused
                }
        except SettingError as error:
            if table is None or error.keys[:1] != ("sites",):
                raise
            line = line_of_site(table, name)
            raise StudyError(f"{shown(table)}, line {line}: {error.problem}") from None


def _complete_aerosol(study: dict[str, Any]) -> None:
    """Set whether catalogue scenes come with aerosol bits: only if the study masks aerosol.

    Raises SettingError if a site with the user's own files lacks them.
    """
    is_asked = masks_aerosol(study)
    for name, site in study["sites"].items():
        if "catalogue" in site:
            assets = site["catalogue"]["optical"]["assets"]
            if is_asked and sensor_of(sensor_words(site)).coding:
                raise SettingError.at(
                    ("sites", name),
                    f"{sensor_words(site)} has no SR_QA_AEROSOL to mask aerosol with",
                )
            key = assets.pop("qa_aerosol", "qa_aerosol")
            assets |= {"qa_aerosol": key} if is_asked else {}
        elif is_asked and SOURCES[site["source"]].files and "qa_aerosol" not in site["optical"]:
            raise SettingError.at(
                ("sites", name, "optical"), "the study masks aerosol, so name the file qa_aerosol"
            )


def _check_sites(sites: Mapping[str, Any]) -> None:
    """Raise StudyError for what the schema refuses in a mapping of sites."""
    for name, site in sites.items():
        check(site, ("sites", name), "$defs", site["source"])
        for section, values in site.get("overrides", {}).items():
            check(values, ("sites", name, "overrides", section), "properties", section)


def _table(name: str, folder: str | Path) -> Path:
    """Return the path of a table of sites: beside the study's file, or from the project's root."""
    places = [Path(folder, name), CONFIG.parent / name]
    for path in places:
        if is_file(path):
            return path
    looked = " and ".join(str(path) for path in dict.fromkeys(places))
    raise SettingError.at(["sites"], f"no table of sites {name}; looked for {looked}")
