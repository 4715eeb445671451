"""Trained models of another study, with which the clouds of a new scene are filled."""

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from jsonschema.validators import extend

from ..core.errors import StudyError, dotted
from ..fusion.channels import channel_names, is_of_date, scaled_alone
from ..ground.normalise import DOMAIN_PERCENTILES
from ..scenes.bands import BANDS
from ..study.inputs import CHANNELS
from ..study.methods import networks

LARGEST = 1e30  # of numbers in a record; float32 holds it, and no quantity there is near it


def _is_number(checker: Any, value: Any) -> bool:
    """Return whether a value is a finite number that computations can use (true is none)."""
    return type(value) in (int, float) and abs(value) <= LARGEST


def _all_of(names: Sequence[str], rules: dict[str, Any]) -> dict[str, Any]:
    return dict.fromkeys(names, rules)


def _mapping(properties: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a mapping with at least these keys."""
    return {"type": "object", "required": [*properties], "properties": properties}


def _list(items: dict[str, Any], least: int = 1, most: int | None = None) -> dict[str, Any]:
    length = {"minItems": least} | ({} if most is None else {"maxItems": most})
    return {"type": "array", "items": items, **length}


TEXT, NUMBER, TRUTH = {"type": "string"}, {"type": "number"}, {"type": "boolean"}
LIMIT = {"type": ["number", "null"]}
SCALING = _mapping(
    {"low": LIMIT, "high": LIMIT, "mean": NUMBER, "std": NUMBER | {"exclusiveMinimum": 0}}
)
# The keys of a record that are read, here and where a scene is filled, as a JSON schema.
RECORD = _mapping(
    {
        **_all_of(("site", "band", "model", "input"), TEXT),
        "seed": {"type": "integer"},
        "network": TEXT,
        "options": {"type": "object"},
        **_all_of(("residual", "uncertainty"), TRUTH),
        "channels": _list(TEXT),
        "scaling": {"type": "object", "additionalProperties": SCALING},
        "domain": _mapping(
            {
                "sensors": _mapping(_all_of(("optical", "sar"), _list(TEXT))),
                "is_simulated": TRUTH,
                "pixel_m": _list(NUMBER, 2, 2),
                "percentiles": {
                    "type": "object",
                    "additionalProperties": _list(
                        NUMBER, len(DOMAIN_PERCENTILES), len(DOMAIN_PERCENTILES)
                    ),
                },
                "preparation": _mapping({"noise_floor_db": _list(NUMBER), "start": _list(TEXT)}),
            }
        ),
        "validation_rmse": NUMBER | {"minimum": 0},
    }
)
NEEDED = tuple(RECORD["required"])
_TYPES = Draft202012Validator.TYPE_CHECKER.redefine("number", _is_number).redefine(
    "integer", lambda checker, value: type(value) is int and _is_number(checker, value)
)
_VALIDATOR = extend(Draft202012Validator, type_checker=_TYPES)(RECORD)


def check_record(record: Mapping[str, Any], path: str) -> None:
    """Raise StudyError unless the record of a model, in the file `path`, can be used here."""
    lacking = [key for key in NEEDED if key not in record]
    if lacking:
        raise StudyError(
            f"{path}: has no {', '.join(lacking)}, so it is from an older version; train again"
        )
    error = best_match(_VALIDATOR.iter_errors(record))
    if error is not None:
        raise StudyError(f"{path}: {dotted([*error.absolute_path])}: {error.message}")
    names, scaling = record["channels"], record["scaling"]
    known = {
        *channel_names(record["band"], CHANNELS, with_gap=True),
        *channel_names(record["band"], (), with_gap=True, places=CHANNELS),
    }
    strange = [name for name in names if name not in known]
    if strange:
        raise StudyError(f"{path}: channels: no channel {strange[0]!r} of {record['band']} here")
    scaled = scaled_alone([record["band"], *names])
    unscaled = [name for name in scaled if name not in scaling]
    if unscaled:
        raise StudyError(f"{path}: scaling: has no {unscaled[0]}")
    other = [name for name in record["domain"]["percentiles"] if name not in scaled]
    if other:
        raise StudyError(f"{path}: domain.percentiles: {other[0]!r} is not among its channels")
    if record["network"] not in networks():
        raise StudyError(
            f"{path}: no network {record['network']!r} here; add its file to"
            " scripts/sarfusion/fusion/networks"
        )


def check_seeds(records: Mapping[str, Mapping[str, Any]]) -> None:
    """Raise StudyError if a band lacks a network that another band has, which would be unnoticed.

    records: {path of a model without suffix: its record}, of one method; the path ends with its
    band, its folder and its seed.
    """
    found = {(record["band"], record["seed"]) for record in records.values()}
    for path, record in records.items():
        for band in BANDS:
            if (band, record["seed"]) not in found:
                *root, _, folder, seed = PurePath(path).parts
                missing = PurePath(*root, band, folder, seed)
                raise StudyError(
                    f"{missing}.safetensors: missing, or without its record, though"
                    f" {record['band']} has seed {record['seed']}; add it, or remove seed"
                    f" {record['seed']} of all bands"
                )


def without_dates(records: Mapping[str, Mapping[str, Any]], where: str) -> dict[str, Any]:
    """Return those of records, {path: record}, whose networks need no other date.

    Other dates are matched to a scene on training ground, and a new scene has none. Raises
    StudyError if no network is left. where: their place, for the message.
    """
    left = {
        path: record
        for path, record in records.items()
        if not any(map(is_of_date, record["channels"]))
    }
    if records and not left:
        raise StudyError(
            f"{where}: all need another date, which a new scene does not have; train an input"
            " without one"
        )
    return left


def chosen_place(places: Sequence[str], wanted: str | None, folder: str) -> str:
    """Return the place whose models fill the scene: the one wanted, or the only one.

    places: the sites and transfers that have models in `folder`. Raises StudyError for another, or
    if there are several and none is wanted: the user knows best which is like the new scene.
    """
    if not places:
        raise StudyError(f"{folder}: no models that fill gaps")
    named = ", ".join(places)
    if wanted is not None and wanted not in places:
        raise StudyError(f"{folder}: no models of {wanted} that fill gaps; there are {named}")
    if wanted is None and len(places) > 1:
        raise StudyError(f"{folder}: models of {named}; choose the most similar one with --site")
    return places[0] if wanted is None else wanted


def settings(
    records: Mapping[str, Mapping[str, Any]],
    *,
    study: str,
    site: str,
    protocol: str,
    uncertainty: str | None,
    anyway: bool,
) -> dict[str, Any]:
    """Return settings that are added to a study so that its clouds are filled with these models.

    records: {path of a model without suffix: its record}, of one method. study, site, protocol: of
    these. uncertainty: table with the factors of their standard deviations, None if there is none.
    anyway: whether a scene unlike their training ground is also filled. The scene is prepared as
    the training scenes were; if these differed, as the first.
    """
    prepared = next(iter(records.values()))["domain"]["preparation"]
    return {
        "fill_with": {
            "study": study,
            "site": site,
            "models": list(records),
            **({} if uncertainty is None else {"uncertainty": uncertainty}),
            "anyway": anyway,
        },
        "protocols": {protocol: {}},
        "bands": list(BANDS),
        "gaps": {"start": prepared["start"][0]},
        "sar": {"noise_floor_db": prepared["noise_floor_db"][0]},
    }
