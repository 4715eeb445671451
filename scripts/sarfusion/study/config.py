"""The configuration of a study: validated and completed with all defaults.

A resolved study is a dictionary with every key of config/schema.yaml.
"""

import copy
from collections.abc import Container, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..core.errors import Keys, SettingError, StudyError
from ..core.files import is_file, shown
from ..core.gdal_names import located, problem
from ..core.yaml_file import naming_lines, read_yaml
from ..scenes.bands import INFRARED
from ..scenes.sensors import sensor_of
from ..scenes.sources import SOURCES
from .catalogues import complete_catalogue
from .inputs import inputs_of
from .methods import DEFAULT_METHODS, OVER_TIME, networks
from .optical import SIZES, complete_own_files, scale_sizes, sensor_words
from .plain import plain_copy
from .protocols import PROTOCOLS
from .schemas import CONFIG, check, schema, with_defaults
from .site_table import line_of_site, read_table

Study = Mapping[str, Any]  # a resolved study

LEAVE_ONE_OUT = "leave_one_out"


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
    _check_inputs(study)
    _complete_protocols(study, named=config.get("protocols", ()))
    for name, protocol in study["protocols"].items():
        for kind in ("models", "inputs"):
            _check_known(protocol[kind], study, kind, ("protocols", name, kind))
        for number, sar_input in enumerate(protocol["inputs"]):
            if inputs_of(study)[sar_input].is_dated and not PROTOCOLS[name].withholds:
                raise SettingError.at(
                    ("protocols", name, "inputs", number),
                    f"{sar_input} has another date, which networks are given to fill gaps only",
                )
    _check_ranking(study)
    _check_transfer(study)
    _check_passes(study)
    _complete_aerosol(study)
    if isinstance(study["figures"]["sites"], list):
        _check_known(study["figures"]["sites"], study, "sites", ("figures", "sites"))
    _check_missing(study)
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


def _check_inputs(study: dict[str, Any]) -> None:
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


def _check_ranking(study: Study) -> None:
    """Raise SettingError if the methods are ranked against a model that the study lacks."""
    if "ranked_against" in study:
        model, sar_input = study["ranked_against"].rsplit("-", 1)
        if model not in study["models"] or sar_input not in study["inputs"]:
            raise SettingError.at(
                ["ranked_against"],
                f"the study has no {study['ranked_against']}; its models are"
                f" {', '.join(study['models'])}, its inputs {', '.join(study['inputs'])}",
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
            _check_infrared(study, name)
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


def masks_aerosol(study: Study) -> bool:
    """Return whether a study masks aerosol at any site."""
    return any(setting(study, name, "optical")["mask_aerosol"] for name in study["sites"])


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


def _check_passes(study: Study) -> None:
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


def infrared_of(study: Study) -> dict[str, list[str]]:
    """Return {"infrared": the infrared bands that the study fuses}, {} if there are none."""
    bands = [band for band in INFRARED if band in study["bands"]]
    return {"infrared": bands} if bands else {}


def passes_of(study: Study, site: str) -> dict[str, int]:
    """Return {"passes": number of SAR passes that are averaged at a site}, {} if it is one."""
    passes = setting(study, site, "sar")["passes"]
    return {} if passes == 1 else {"passes": passes}


def _check_infrared(study: Study, site: str) -> None:
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


def _check_sites(sites: Mapping[str, Any]) -> None:
    """Raise StudyError for what the schema refuses in a mapping of sites."""
    for name, site in sites.items():
        check(site, ("sites", name), "$defs", site["source"])
        for section, values in site.get("overrides", {}).items():
            check(values, ("sites", name, "overrides", section), "properties", section)


def setting(study: Study, site: str, section: str) -> dict[str, Any]:
    """Return the settings of a section of the study with the overrides of one site."""
    return study[section] | study["sites"][site].get("overrides", {}).get(section, {})


def shown_sites(study: Study) -> list[str]:
    """Return the sites with figures of their own: the first few, or those in `figures.sites`."""
    there = [site for site in study["sites"] if site not in study["missing_sites"]]
    shown = study["figures"]["sites"]
    if isinstance(shown, int):
        return there[:shown]
    return [site for site in shown if site in there] or there[:1]


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


def _table(name: str, folder: str | Path) -> Path:
    """Return the path of a table of sites: beside the study's file, or from the project's root."""
    places = [Path(folder, name), CONFIG.parent / name]
    for path in places:
        if is_file(path):
            return path
    looked = " and ".join(str(path) for path in dict.fromkeys(places))
    raise SettingError.at(["sites"], f"no table of sites {name}; looked for {looked}")


def transfers(study: Study) -> dict[str, dict[str, Any]]:
    """Return {folder: {"name", "train", "test"}} of the transfers that are possible.

    folder: name of the folder with the models that are trained on the sites `train` together. It
    is beside the folders of sites and contains a dot, which no name of a site does. Missing sites
    are not tested on. leave_one_out does not train on them either; any other transfer that trains
    on a missing site is left out.
    """
    present = [site for site in study["sites"] if site not in study["missing_sites"]]
    if study["transfer"] == LEAVE_ONE_OUT:
        return {
            f"transfer.without_{site}": {
                "name": LEAVE_ONE_OUT,
                "train": [other for other in present if other != site],
                "test": [site],
            }
            for site in present
            if len(present) > 1
        }
    return {
        f"transfer.{name}": {
            "name": name,
            "train": transfer["train"],
            "test": [site for site in transfer["test"] if site in present],
        }
        for name, transfer in study["transfer"].items()
        if set(transfer["train"]) <= set(present)
    }


def transfers_left_out(study: Study) -> list[str]:
    """Return the names of transfers that train on a missing site, or test only on missing ones."""
    made = {about["name"] for about in transfers(study).values() if about["test"]}
    asked = study["transfer"]
    return [name for name in ([asked] if isinstance(asked, str) else asked) if name not in made]


def _check_transfer(study: Study) -> None:
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


def _check_missing(study: Study) -> None:
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


def catalogue_site(study: Study, name: str) -> dict[str, Any]:
    """Return the settings of a `stac` site, with `passes` if SAR is the mean of several.

    The path of a catalogue on disk starts with `data`.
    """
    site = copy.deepcopy(study["sites"][name]) | passes_of(study, name)
    catalogue = site["catalogue"]
    apart = catalogue["sar"].get("server")
    for server in [catalogue, *([apart] if apart else [])]:
        if "://" not in server["url"]:
            server["url"] = str(Path(study["data"], server["url"]))
    return site


def absent_files(study: Study) -> dict[str, str]:
    """Return {site: error message} of the sites with a file of the user that cannot be used.

    Only errors that are visible without opening files are found: a missing file, a folder, a date
    in the future.
    """
    absent: dict[str, str] = {}
    for site in study["sites"]:
        for band, name in own_files(study, site).items():
            if site not in study["missing_sites"] and (found := problem(name)):
                absent.setdefault(site, str(StudyError(f"site {site}: {band}: {found}")))
    return absent


def check_networks(study: Study) -> None:
    """Raise SettingError if the resolved `study` names a network that does not exist."""
    for name, model in study["models"].items():
        if model["network"] not in networks():
            raise SettingError.at(
                ("models", name),
                f"no network {model['network']!r}; known are {', '.join(networks())}",
            )


def own_files(study: Study, site: str) -> dict[str, str]:
    """Return {"optical.red": name, ..., "sar.vh": name, "gap_mask": name} of the user's rasters.

    These are GDAL's names, mostly paths; paths start from the setting `data`. Sources without such
    files only have the mask "built_up", which any site of a real place may name.
    """
    settings = study["sites"][site]
    files = SOURCES[settings["source"]].files
    found = files(settings) if files else {}
    if isinstance(settings.get("built_up"), dict):
        found["built_up"] = settings["built_up"]["path"]
    return {band: located(path, study["data"]) for band, path in found.items()}
