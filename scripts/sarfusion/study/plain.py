"""The values that any setting of a configuration may have."""

import math
from collections.abc import Mapping
from datetime import date
from typing import Any

from ..core.errors import Keys, SettingError
from ..core.files import NOT_TEXT
from ..core.yaml_file import MAX_DEPTH, MAX_ENTRIES

MAX_TEXT = 4000  # characters; a path cannot have many more


def plain_copy(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of a configuration as mappings, lists, texts, finite numbers and truth values.

    Dates, into which YAML turns 2024-01-31, become texts. Raises SettingError for anything else,
    and for content that is nested too deeply or repeated too often.
    """
    entries = 0

    def copy(value: Any, keys: Keys) -> Any:
        nonlocal entries
        entries += 1
        if entries > MAX_ENTRIES or len(keys) > MAX_DEPTH:
            raise SettingError.at(
                keys[:1], f"more than {MAX_ENTRIES:,} entries, or more than {MAX_DEPTH} levels"
            )
        if isinstance(value, Mapping):
            return {_text(key, keys): copy(item, (*keys, key)) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [copy(item, (*keys, number)) for number, item in enumerate(value)]
        return _plain(value, keys)

    return copy(config, ())


def _text(key: Any, keys: Keys) -> str:
    """Return a key of the mapping at `keys`; raise SettingError if it is not a text."""
    if not isinstance(key, str):
        raise SettingError.at(keys, f"the key {key} is not a text; put it in quotes: '{key}'")
    return _plain(key, keys)


def _plain(value: Any, keys: Keys) -> Any:
    """Return a single value, a date as text; raise SettingError if no setting can have it."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        found = NOT_TEXT.search(value)
        if found:
            raise SettingError.at(keys, f"the control character {found[0]!r}; remove it")
        if len(value) > MAX_TEXT:
            raise SettingError.at(keys, f"a text of {len(value)} characters; at most {MAX_TEXT}")
    elif isinstance(value, int | float):
        if not _is_finite(value):
            raise SettingError.at(keys, "a number that is not finite, or too large")
    elif value is not None:
        raise SettingError.at(keys, f"{type(value).__name__} is not a kind of setting")
    return value


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # of a large integer
        return False
