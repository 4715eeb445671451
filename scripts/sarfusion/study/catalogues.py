"""The catalogues that scenes come from: those of config/catalogues.yaml, or a study's own."""

import copy
from functools import cache
from typing import Any

from ..core.errors import Keys, SettingError, StudyError
from ..core.files import shown
from ..core.yaml_file import Document, naming_lines, read_yaml
from ..scenes.sensors import is_named, sensor_of
from ..scenes.stac.servers import SERVER
from .plain import plain_copy
from .schemas import CONFIG, check, schema, with_defaults

CATALOGUES = CONFIG / "catalogues.yaml"


def complete_catalogue(chosen: Any, site: str) -> dict[str, Any]:
    """Return the settings of a catalogue with every default.

    chosen: its name, or its settings, or one of these for each sensor; servers.server_of returns
    those of one sensor.
    """
    where = ("sites", site, "catalogue")
    if not isinstance(chosen, dict) or "url" in chosen or "sar" not in chosen:
        return _one_catalogue(chosen, where)
    optical, sar = (_one_catalogue(chosen[key], (*where, key)) for key in ("optical", "sar"))
    server = {key: sar[key] for key in SERVER if key in sar}
    licence = "; ".join(dict.fromkeys([optical["licence"], sar["licence"]]))
    return {**optical, "sar": {**sar["sar"], "server": server}, "licence": licence}


def _one_catalogue(chosen: Any, where: Keys) -> dict[str, Any]:
    """Return the settings of one catalogue with every default. where: the keys that lead to it."""
    if not isinstance(chosen, str):
        return _complete(chosen, where)
    known = _catalogues()
    if chosen not in known.content:
        raise SettingError.at(
            where,
            f"no catalogue {chosen!r} in config/catalogues.yaml;"
            f" known are {', '.join(sorted(known.content))}",
        )
    with naming_lines(known.content, [known]):
        return _complete(plain_copy(known.content)[chosen], (chosen,))


def _complete(settings: Any, where: Keys) -> dict[str, Any]:
    """Return the settings of a catalogue with every default. where: the keys that lead to them."""
    check(settings, where, "$defs", "catalogue")
    for server in (settings, settings.get("sar", {}).get("server", {})):
        if (server.get("signing") == "bearer") != ("token" in server):
            raise SettingError.at(where, "`signing: bearer` and `token` need each other")
    complete = with_defaults(copy.deepcopy(settings), schema()["$defs"]["catalogue"])
    _complete_sensor(complete["optical"], (*where, "optical"))
    return complete


def _complete_sensor(optical: dict[str, Any], where: Keys) -> None:
    """Give the settings of optical scenes the files, scale and offset of their sensor.

    If the sensor has several offsets, none is set, and each item must state its own.
    """
    words = optical.get("sensor", "unknown")
    try:
        is_named(words)
    except StudyError as error:
        raise SettingError.at((*where, "sensor"), str(error)) from None
    sensor, assets = sensor_of(words), optical["assets"]
    for band, key in sensor.files.items():
        assets.setdefault(band, key)
    if unknown := sorted({*assets} - {*sensor.files, "qa_aerosol"}):
        raise SettingError.at(
            (*where, "assets", unknown[0]),
            f"{sensor.title} has no {unknown[0]}; it has {', '.join(sensor.files)}",
        )
    if "offset" in optical or not sensor.has_versions:
        optical.setdefault("scale", sensor.scale)
        optical.setdefault("offset", sensor.offset())
    optical.setdefault("sensor", words)


@cache
def _catalogues() -> Document:
    """Return the catalogues that a study may name."""
    document = read_yaml(CATALOGUES)
    if not isinstance(document.content, dict):
        raise StudyError(f"{shown(CATALOGUES)}: not a mapping of catalogues by name")
    return document
