"""The settings that another person's results were made with."""

import reprlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from ..core.errors import StudyError
from .files import plain_file


def check_config(study: Mapping[str, Any], folder: str | Path) -> None:
    """Raise StudyError unless config.yaml in a results folder equals the resolved `study`."""
    path = plain_file(Path(folder, "config.yaml"), 1)
    try:
        theirs = yaml.safe_load(path.read_bytes())
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise StudyError(f"{path}: not YAML ({error})") from None
    for where, our_value, their_value in _differences(study, theirs, ()):
        # Aliases in YAML can nest a value a million times; plain repr would write all of it.
        raise StudyError(
            f"{path}: {where} is {reprlib.repr(their_value)}, here {reprlib.repr(our_value)}"
        )


def _differences(ours: Any, theirs: Any, where: tuple[str, ...]) -> Iterator[tuple[str, Any, Any]]:
    """Yield (dotted name, our value, their value) of the settings that differ."""
    if not (isinstance(ours, dict) and isinstance(theirs, dict)):
        if ours != theirs:
            yield ".".join(where) or "the whole", ours, theirs
        return
    for key in [*ours, *(key for key in theirs if key not in ours)]:
        if key in ours and key in theirs:
            yield from _differences(ours[key], theirs[key], (*where, str(key)))
        else:
            yield ".".join((*where, str(key))), ours.get(key), theirs.get(key)
