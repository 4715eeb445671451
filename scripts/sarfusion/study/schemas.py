"""The schema of a study's configuration: what it accepts, and its defaults."""

import copy
import re
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError, best_match
from jsonschema.validators import extend

from ..core.errors import Keys, SettingError, dotted
from ..core.yaml_file import read_schema
from ..scenes.sources import SOURCES
from .inputs import CHANNELS, DEFAULT, INPUTS
from .methods import DEFAULT_METHODS, METHODS, OVER_TIME
from .protocols import PROTOCOLS

Rules = dict[str, Any]  # a JSON schema, or a part of one

CONFIG = Path(__file__).parents[3] / "config"
SCHEMA = CONFIG / "schema.yaml"
NUMBERS = "numbers are finite, with a decimal point and no thousands separators: 1234.5"
MAX_INTEGER = 2**53  # every format and library represents integers up to this one exactly


@cache
def schema() -> Rules:
    """Return the schema of a study, completed from the registries.

    Protocols, inputs, methods without training and sources have a registry each. A study may name
    what is in these. By default it gets all protocols, the inputs that need no other date, and the
    methods except those over time and those that must be named.
    A study's own inputs may have any name that the registry lacks.
    """
    rules = read_schema(SCHEMA)
    keys, definitions = rules["properties"], rules["$defs"]
    keys["baselines"] |= {
        "items": {"enum": [*METHODS]},
        "default": [name for name in DEFAULT_METHODS if name not in OVER_TIME],
    }
    keys["inputs"]["default"] = DEFAULT
    keys["input_channels"]["propertyNames"]["not"] = {"enum": [*INPUTS]}
    keys["input_channels"]["additionalProperties"]["items"] = {"enum": [*CHANNELS]}
    definitions["model"]["not"]["enum"] += METHODS
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


def _is_integer(checker: Any, value: Any) -> bool:
    """Return whether a value is an integer (neither 1.0 nor true is one) and not too large."""
    return type(value) is int and abs(value) <= MAX_INTEGER


def _increasing(
    validator: Any, wanted: bool, numbers: Any, rules: Rules
) -> Iterator[ValidationError]:
    """Check the keyword `increasing`, which JSON Schema lacks, for a list of numbers."""
    is_list = isinstance(numbers, list) and all(isinstance(x, int | float) for x in numbers)
    if wanted and is_list and any(first >= second for first, second in pairwise(numbers)):
        yield ValidationError(f"{numbers} does not increase from number to number")


_Validator = extend(
    Draft202012Validator,
    validators={"increasing": _increasing},
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine("integer", _is_integer),
)


@cache
def _validator(*place: str) -> Draft202012Validator:
    """Return the validator of a part of the schema, given by the keys that lead to it."""
    rules = part(*place)
    # With the definitions, so that "#/$defs/..." resolves from any part of the schema.
    rules = {**rules, "$defs": schema()["$defs"]}
    return _Validator(rules, format_checker=FormatChecker(["date"]))


def part(*place: str) -> Rules:
    """Return a part of the schema, given by the keys that lead to it."""
    rules = schema()
    for key in place:
        rules = rules[key]
    return rules


def violation(value: Any, *place: str) -> ValidationError | None:
    """Return the most relevant error of `value` against a part of the schema, None if valid."""
    return best_match(_validator(*place).iter_errors(value))


def check(value: Any, where: Keys, *place: str) -> None:
    """Raise SettingError if `value` violates a part of the schema.

    where: the keys that lead to `value` in the configuration. place: those that lead to the part
    of the schema.
    """
    error = violation(value, *place)
    if error is None:
        return
    keys = (*where, *error.absolute_path)
    if error.validator == "additionalProperties":
        known = sorted(error.schema["properties"])
        unknown = sorted(set(error.instance) - set(known))
        raise SettingError(
            (*keys, unknown[0]),
            f"unknown key {', '.join(map(repr, unknown))} in {dotted(keys)};"
            f" known are {', '.join(known)}",
        )
    named = [error.instance] if "propertyNames" in error.schema_path else []
    raise SettingError((*keys, *named), f"{dotted(keys)}: {said(error)}")


def said(error: ValidationError) -> str:
    """Return what is wrong with a value and, if possible, how to write it."""
    value, rule = error.instance, error.validator_value
    if error.validator == "not":
        return f"{value!r} has a special meaning here; choose another name"
    if error.validator in ("pattern", "format") and "title" in error.schema:
        return f"{value!r} is not a {error.schema['title']}: {error.schema['description']}"
    if error.validator == "type":
        return _said_of_type(value, [rule] if isinstance(rule, str) else rule, error.message)
    return error.message


def _said_of_type(value: Any, wanted: list[str], message: str) -> str:
    """Return the message for a value that has none of the types that are wanted."""
    if value is None:
        return "the value is missing; write one, or leave the key out"
    if isinstance(value, str) and {"number", "integer"}.intersection(wanted):
        return f"{message}; {_number_advice(value)}"
    if isinstance(value, bool | int | float) and "string" in wanted:
        return f"{message}; put it in quotes"
    if isinstance(value, int) and "integer" in wanted and not isinstance(value, bool):
        return f"{value} is too large; at most {MAX_INTEGER}"
    return message


def _number_advice(text: str) -> str:
    """Return how to write the number that a text seems to mean."""
    exponent = re.fullmatch(r"([-+]?[0-9]+)(\.[0-9]*)?e([-+]?)([0-9]+)", text, re.I)
    if exponent:
        digits, fraction, sign, power = exponent.groups()
        return f"write {digits}{fraction or '.0'}e{sign or '+'}{power}"
    if re.fullmatch(r"[-+]?[0-9]*[.]?[0-9]+", text):
        return "write it without quotes and without leading zeros"
    return NUMBERS


def options_of(rules: Rules) -> list[Rules]:
    """Return the alternatives in a part of the schema; the part itself if it has none."""
    if "$ref" in rules:
        rules = part("$defs", rules["$ref"].rsplit("/", 1)[1])
    several = rules.get("anyOf") or [rules[key] for key in ("then", "else") if key in rules]
    if "type" in rules or not several:
        return [rules]
    return [option for each in several for option in options_of(each)]


def with_defaults(value: Any, rules: Rules) -> Any:
    """Return a copy of `value` with the defaults of `rules` for the keys that it lacks.

    If there are several options, the one for the type of `value` whose required keys it has is
    used. Anything but a mapping or a list of mappings is returned unchanged.
    """
    kind = "array" if isinstance(value, list) else "object"
    options = options_of(rules)
    fitting = [each for each in options if each.get("type") == kind] or options
    given = set(value) if isinstance(value, dict) else set()
    rules = next((each for each in fitting if given >= {*each.get("required", [])}), fitting[0])
    if isinstance(value, list) and "items" in rules:
        return [with_defaults(each, rules["items"]) for each in value]
    if not isinstance(value, dict):
        return value
    if "source" in rules.get("properties", {}):  # a site, defined under the name of its source
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
