"""The configuration of a study: validated, with defaults, and nothing unknown in it."""

import copy
from datetime import date
from functools import cache
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from .errors import StudyError

CONFIG = Path(__file__).parents[2] / "config"
SCHEMA = CONFIG / "schema.yaml"
CATALOGUES = CONFIG / "catalogues.yaml"
NETWORKS = Path(__file__).parent / "models"


@cache
def schema():
    """Return the schema of a study."""
    return yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))


def read_study(path):
    """Return the resolved study in a YAML file; StudyError where it is none."""
    try:
        config = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (yaml.YAMLError, ValueError) as error:
        raise StudyError(f"{path}: not YAML ({' '.join(str(error).split())})") from None
    if not isinstance(config, dict):
        raise StudyError(f"{path}: not a study, but {type(config).__name__}")
    return resolve(config)


def resolve(config):
    """Return `config` completed with every default of the schema.

    Raises StudyError, in one line that names the key, for anything the schema refuses.
    """
    rules = schema()
    study = _dates_as_text(dict(config))
    _check(study, rules, ())
    for name, site in study["sites"].items():
        _check(site, rules["$defs"][site["source"]], ("sites", name))
    study = _with_defaults(study, rules)
    for name, site in study["sites"].items():
        if site["source"] == "stac":
            _check_place(site, name)
            site["catalogue"] = _catalogue(site["catalogue"], name)
    for name, protocol in study["protocols"].items():
        protocol.setdefault("models", list(study["models"]))
        protocol.setdefault("inputs", study["inputs"])
        for kind in ("models", "inputs"):
            unknown = [item for item in protocol[kind] if item not in study[kind]]
            if unknown:
                raise StudyError(
                    f"config: protocols.{name}.{kind}: {unknown[0]!r} is not among the study's"
                    f" {kind}: {', '.join(study[kind])}"
                )
    return study


def catalogue_site(study, name):
    """Return the settings of a `stac` site, with the path of a catalogue on disk made whole."""
    site = copy.deepcopy(study["sites"][name])
    if "://" not in site["catalogue"]["url"]:
        site["catalogue"]["url"] = str(Path(study["data"], site["catalogue"]["url"]))
    return site


def _dates_as_text(value):
    """Return a copy of `value` in which dates are text again: YAML makes 2024-01-31 a date."""
    if isinstance(value, dict):
        return {key: _dates_as_text(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_dates_as_text(item) for item in value]
    return value.isoformat() if isinstance(value, date) else copy.deepcopy(value)


def _check_place(site, name):
    """Raise StudyError for an area or a period that runs backwards or does not exist."""
    west, south, east, north = site["area"]
    if west >= east or south >= north:
        raise StudyError(
            f"config: sites.{name}.area: {site['area']} is empty; it is [west, south, east, north],"
            " and may not cross the 180th meridian"
        )
    try:
        first, last = map(date.fromisoformat, site["period"])
    except ValueError as error:
        raise StudyError(f"config: sites.{name}.period: {error}") from None
    if first > last:
        raise StudyError(f"config: sites.{name}.period: {first} is later than {last}; swap them")


def _catalogue(chosen, site):
    """Return the settings of a catalogue, with every default, from its name or from themselves."""
    where = ("sites", site, "catalogue")
    if isinstance(chosen, str):
        known = yaml.safe_load(CATALOGUES.read_text(encoding="utf-8"))
        if chosen not in known:
            raise StudyError(
                f"config: {'.'.join(where)}: no catalogue {chosen!r} in config/catalogues.yaml;"
                f" known are {', '.join(sorted(known))}"
            )
        chosen, where = known[chosen], ("catalogues.yaml", chosen)
    rules = schema()["$defs"]["catalogue"]
    _check(chosen, rules, where)
    return _with_defaults(chosen, rules)


def check_files(study):
    """Raise StudyError when a file that the resolved `study` names is not there."""
    for name in study["sites"]:
        for band, path in own_files(study, name).items():
            if not path.is_file():
                raise StudyError(f"site {name}: {band}: no such file: {path}; mend path or data")
    for name, model in study["models"].items():
        if not (NETWORKS / f"{model['network']}.py").is_file():
            raise StudyError(
                f"config: models.{name}: no network {model['network']!r}; known are"
                f" {', '.join(sorted(path.stem for path in NETWORKS.glob('[a-z]*.py')))}"
            )


def own_files(study, site):
    """Return {"optical.red": path, ..., "sar.vh": path, "gap_mask": path} of a site's own files."""
    settings = study["sites"][site]
    entries = {
        f"{sensor}.{band}": entry
        for sensor in ("optical", "sar")
        for band, entry in settings.get(sensor, {}).items()
        if isinstance(entry, dict)
    }
    if "gap_mask" in settings:
        entries["gap_mask"] = settings["gap_mask"]
    return {name: Path(study["data"], entry["path"]) for name, entry in entries.items()}


def _check(value, rules, place):
    """Raise StudyError for the most telling violation of `rules` in `value`."""
    # The definitions travel along, so that "#/$defs/..." resolves from any part of the schema.
    validator = Draft202012Validator({**rules, "$defs": schema()["$defs"]})
    error = best_match(validator.iter_errors(value))
    if error is None:
        return
    where = ".".join(str(step) for step in (*place, *error.absolute_path)) or "the top level"
    if error.validator == "additionalProperties":
        known = sorted(error.schema["properties"])
        unknown = sorted(set(error.instance) - set(known))
        raise StudyError(
            f"config: unknown key {', '.join(map(repr, unknown))} in {where};"
            f" known are {', '.join(known)}"
        )
    raise StudyError(f"config: {where}: {error.message}")


def _with_defaults(value, rules):
    """Return `value` with the defaults that `rules` give for what it leaves out."""
    if not isinstance(value, dict):
        return value
    if "$ref" in rules:
        rules = schema()["$defs"][rules["$ref"].rsplit("/", 1)[1]]
    if "source" in value:  # a site: its own definition says more than the table of sites does
        rules = schema()["$defs"][value["source"]]
    filled = dict(value)
    for key, rule in rules.get("properties", {}).items():
        if key not in filled and "default" in rule:
            filled[key] = copy.deepcopy(rule["default"])
    for key, item in filled.items():
        rule = rules.get("properties", {}).get(key, rules.get("additionalProperties"))
        if isinstance(rule, dict):
            filled[key] = _with_defaults(item, rule)
    return filled
