"""The configuration of a study: validated and completed with all defaults.

A resolved study is a dictionary with every key of config/schema.yaml.
"""

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from ..core.errors import Keys, SettingError, StudyError
from ..core.files import is_file, shown
from ..core.gdal_names import located, problem
from ..core.yaml_file import Document, place_of, read_yaml, value_at
from ..scenes.sources import SOURCES
from .methods import networks
from .plain import plain_copy
from .schemas import CONFIG, check, schema, with_defaults
from .site_table import line_of_site, read_table

Study = Mapping[str, Any]  # a resolved study

CATALOGUES = CONFIG / "catalogues.yaml"
LEAVE_ONE_OUT = "leave_one_out"


def read_study(path: str | Path) -> dict[str, Any]:
    """Return the resolved study in a YAML file; raise StudyError if it is not a valid study."""
    document = read_yaml(path)
    if not isinstance(document.content, dict):
        kind = "empty" if document.content is None else type(document.content).__name__
        raise StudyError(f"{shown(path)}: not a study, but {kind}")
    with _naming_lines(document.content, [document]):
        return resolve(document.content, document.path.parent)


def resolve_files(
    config: Mapping[str, Any], paths: Sequence[str | Path], strict: bool = True
) -> dict[str, Any]:
    """Return the resolved study that Snakemake made of these files and of its command line.

    Raises StudyError for what `resolve` and `check_networks` refuse, with its file and line, and
    for what cannot be seen in `config` any more, such as a key that stood twice. strict: see
    `read_yaml`. A table of sites lies beside the first file.
    """
    documents = [read_yaml(path, strict) for path in paths]
    with _naming_lines(config, documents):
        study = resolve(config, Path(*paths[:1]).parent)
        check_networks(study)
    return study


@contextmanager
def _naming_lines(config: Mapping[str, Any], documents: Sequence[Document]) -> Iterator[None]:
    """Have a SettingError of `config` name the file and the line of the setting.

    It names none if the setting has another value in the documents: then the command line gave it.
    """
    try:
        yield
    except SettingError as error:
        value = value_at(config, error.keys)
        agreeing = [each for each in documents if value_at(each.content, error.keys) == value]
        place = place_of(error.keys, agreeing)
        if place is None:
            raise
        raise StudyError(f"{place}: {error.problem}") from None


def resolve(config: Mapping[str, Any], folder: str | Path = CONFIG.parent) -> dict[str, Any]:
    """Return `config` completed with every default of the schema.

    folder: that of the study's file. A table of sites is looked for there, then in the project's
    root. Raises SettingError for anything that the schema refuses, and StudyError for a table.
    """
    study = plain_copy(config)
    check(study, ())
    table = _table(study["sites"], folder) if isinstance(study["sites"], str) else None
    if table:
        study["sites"] = read_table(table)  # checked line by line
    else:
        _check_sites(study["sites"])
    study = with_defaults(study, schema())
    _complete_sites(study["sites"], table)
    for name, protocol in study["protocols"].items():
        protocol.setdefault("models", list(study["models"]))
        protocol.setdefault("inputs", study["inputs"])
        for kind in ("models", "inputs"):
            _check_known(protocol[kind], study, kind, ("protocols", name, kind))
    _check_transfer(study)
    if isinstance(study["figures"]["sites"], list):
        _check_known(study["figures"]["sites"], study, "sites", ("figures", "sites"))
    _check_missing(study)
    return study


def _complete_sites(sites: dict[str, Any], table: Path | None) -> None:
    """Write out the catalogues of sites; raise StudyError for settings that no schema can refuse.

    table: the file of the sites, None if they stand in the study itself.
    """
    for name, site in sites.items():
        try:
            SOURCES[site["source"]].check(site, name)
            if "catalogue" in site:
                site["catalogue"] = _catalogue(site["catalogue"], name)
        except SettingError as error:
            if table is None or error.keys[:1] != ("sites",):
                raise
            line = line_of_site(table, name)
            raise StudyError(f"{shown(table)}, line {line}: {error.problem}") from None


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
    """Raise SettingError where one of `names` is not among the study's models, inputs or sites."""
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
    """Return {folder: {"name", "train", "test"}} of the transfers that can be made.

    folder: name of the folder with the models that are trained on the sites `train` together. It
    is beside the folders of sites and has a dot, which no name of a site has. Missing sites are
    not tested on. leave_one_out does not train on them either; any other transfer that trains on
    a missing site is left out.
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
    """Return the names of the transfers that train on a missing site, or test on no other."""
    made = {about["name"] for about in transfers(study).values() if about["test"]}
    asked = study["transfer"]
    return [name for name in ([asked] if isinstance(asked, str) else asked) if name not in made]


def _check_transfer(study: Study) -> None:
    """Raise SettingError for a transfer with unknown sites, or one that tests where it trains."""
    if study["transfer"] == LEAVE_ONE_OUT:
        if len(study["sites"]) < 2:
            raise SettingError.at(["transfer"], "leave_one_out wants at least two sites")
        return
    for name, transfer in study["transfer"].items():
        for part in ("train", "test"):
            _check_known(transfer[part], study, "sites", ("transfer", name, part))
        both = [site for site in transfer["test"] if site in transfer["train"]]
        if both:
            raise SettingError.at(
                ("transfer", name),
                f"{both[0]} is both trained and tested on; what is tested must not have been seen",
            )


def _check_missing(study: Study) -> None:
    """Raise StudyError if a site is missing and all are required, or if no site is left."""
    missing = study["missing_sites"]
    _check_known(missing, study, "sites", ("missing_sites",))
    named = ", ".join(
        f"{name} ({about['rule']}, {about['log']})" for name, about in missing.items()
    )
    if missing and study["require_all_sites"]:
        raise StudyError(f"the study requires all sites, and lacks {named}")
    if len(missing) == len(study["sites"]):
        raise StudyError(f"no site is left, the study lacks {named}")


def catalogue_site(study: Study, name: str) -> dict[str, Any]:
    """Return the settings of a `stac` site; the path of a catalogue on disk starts with `data`."""
    site = copy.deepcopy(study["sites"][name])
    if "://" not in site["catalogue"]["url"]:
        site["catalogue"]["url"] = str(Path(study["data"], site["catalogue"]["url"]))
    return site


def _catalogue(chosen: Any, site: str) -> dict[str, Any]:
    """Return the settings of a catalogue with every default. chosen: its name, or its settings."""
    where = ("sites", site, "catalogue")
    if not isinstance(chosen, str):
        return _complete_catalogue(chosen, where)
    known = _catalogues()
    if chosen not in known.content:
        raise SettingError.at(
            where,
            f"no catalogue {chosen!r} in config/catalogues.yaml;"
            f" known are {', '.join(sorted(known.content))}",
        )
    with _naming_lines(known.content, [known]):
        return _complete_catalogue(plain_copy(known.content)[chosen], (chosen,))


def _complete_catalogue(settings: Any, where: Keys) -> dict[str, Any]:
    """Return the settings of a catalogue with every default. where: the keys that lead to them."""
    check(settings, where, "$defs", "catalogue")
    return with_defaults(copy.deepcopy(settings), schema()["$defs"]["catalogue"])


@cache
def _catalogues() -> Document:
    """Return the catalogues that a study may name."""
    document = read_yaml(CATALOGUES)
    if not isinstance(document.content, dict):
        raise StudyError(f"{shown(CATALOGUES)}: no mapping of catalogues by their names")
    return document


def absent_files(study: Study) -> dict[str, str]:
    """Return {site: error message} of the sites with a file of the user that cannot be used.

    Only what shows from outside is found: a file that is missing, a folder, a date in the future.
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

    These are GDAL's names, mostly paths; paths start from the setting `data`. The dictionary is
    empty for sources without such files.
    """
    settings = study["sites"][site]
    files = SOURCES[settings["source"]].files
    found = files(settings) if files else {}
    return {band: located(path, study["data"]) for band, path in found.items()}
