"""The schema of a study's configuration: what it refuses, and its defaults."""

import copy
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match

from ..core.errors import StudyError
from ..scenes.sources import SOURCES
from .inputs import INPUTS
from .methods import METHODS
from .protocols import PROTOCOLS

Rules = dict[str, Any]  # a JSON schema, or a part of one

CONFIG = Path(__file__).parents[3] / "config"
SCHEMA = CONFIG / "schema.yaml"


@cache
def schema() -> Rules:
    """Return the schema of a study, completed from the registries.

    Protocols, inputs, methods without training and sources have a registry each. A study may name
    what is in it. By default it gets all protocols, inputs and methods.
    """
    rules = yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))
    keys, definitions = rules["properties"], rules["$defs"]
    keys["baselines"] |= {"items": {"enum": [*METHODS]}, "default": [*METHODS]}
    keys["inputs"]["default"] = [*INPUTS]
    definitions["input"]["enum"] = [*INPUTS]
    keys["protocols"]["properties"] = {
        name: {"description": protocol.summary, "$ref": "#/$defs/protocol"}
        for name, protocol in PROTOCOLS.items()
    }
    keys["protocols"]["default"] = {name: {} for name in PROTOCOLS}
    keys["sites"]["additionalProperties"]["properties"]["source"]["enum"] = [*SOURCES]
    definitions |= {
        name: _site_schema(name, source.schema)
        for name, source in SOURCES.items()
        if source.schema is not None
    }
    return rules


def _site_schema(source: str, settings: Mapping[str, Rules]) -> Rules:
    """Return the schema of a site of a source from that of each of its settings."""
    common = {"source": {"const": source}, "overrides": {"$ref": "#/$defs/overrides"}}
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [name for name, rules in settings.items() if "default" not in rules],
        "properties": {**common, **settings},
    }


@cache
def _validator(*place: str) -> Draft202012Validator:
    """Return the validator of a part of the schema, given by the keys that lead to it."""
    rules = part(*place)
    # With the definitions, so that "#/$defs/..." resolves from any part of the schema.
    return Draft202012Validator({**rules, "$defs": schema()["$defs"]})


def part(*place: str) -> Rules:
    """Return a part of the schema, given by the keys that lead to it."""
    rules = schema()
    for key in place:
        rules = rules[key]
    return rules


def violation(value: Any, *place: str) -> ValidationError | None:
    """Return the most relevant error of `value` against a part of the schema, None if valid."""
    return best_match(_validator(*place).iter_errors(value))


def check(value: Any, where: Sequence[str], *place: str) -> None:
    """Raise StudyError where `value` violates a part of the schema.

    where: the keys that lead to `value` in the configuration. place: those that lead to the part
    of the schema.
    """
    error = violation(value, *place)
    if error is None:
        return
    named = ".".join(str(step) for step in (*where, *error.absolute_path)) or "the top level"
    if error.validator == "additionalProperties":
        known = sorted(error.schema["properties"])
        unknown = sorted(set(error.instance) - set(known))
        raise StudyError(
            f"config: unknown key {', '.join(map(repr, unknown))} in {named};"
            f" known are {', '.join(known)}"
        )
    raise StudyError(f"config: {named}: {error.message}")


def with_defaults(value: Any, rules: Rules) -> Any:
    """Return a copy of `value` with the defaults of `rules` for the keys that it lacks.

    Anything but a mapping is returned unchanged.
    """
    if not isinstance(value, dict):
        return value
    if "$ref" in rules:
        rules = part("$defs", rules["$ref"].rsplit("/", 1)[1])
    if "source" in value:  # a site, whose definition is under the name of its source
        rules = part("$defs", value["source"])
    filled = dict(value)
    for key, rule in rules.get("properties", {}).items():
        if key not in filled and "default" in rule:
            filled[key] = copy.deepcopy(rule["default"])
    for key, item in filled.items():
        rule = rules.get("properties", {}).get(key, rules.get("additionalProperties"))
        if isinstance(rule, dict):
            filled[key] = with_defaults(item, rule)
    return filled
