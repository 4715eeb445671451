"""The lock file of a study: the exact scenes that it uses."""

import copy
import fcntl
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from ...core.errors import StudyError
from ...core.files import read_json, write_json
from ...core.yaml_file import read_schema
from ..bands import INFRARED
from ..sensors import sensor_of

SCHEMA = Path(__file__).parents[4] / "config/lock.schema.yaml"
SCENES = ("optical", "sar", "clouds")


def search_of(site: Mapping[str, Any], mask: Iterable[str]) -> dict[str, Any]:
    """Return the settings that determine a site's search.

    site: resolved settings. mask: QA_PIXEL flags.
    """
    catalogue = site["catalogue"]
    infrared = [band for band in INFRARED if band in catalogue["optical"]["assets"]]
    server = catalogue["sar"].get("server")
    return {
        "catalogue": catalogue["url"],
        **({"sar_catalogue": server["url"]} if server else {}),
        **{
            f"{sensor}_collection": catalogue[sensor]["collection"] for sensor in ("optical", "sar")
        },
        **{f"{sensor}_query": catalogue[sensor]["query"] for sensor in ("optical", "sar")},
        **{key: site[key] for key in ("area", "period", "orbit", "max_masked", "max_days_apart")},
        "gap_shapes": site["gap_shapes"],
        **({"infrared": infrared} if infrared else {}),
        **_versions_of(catalogue["optical"]),
        "mask": mask,
        **({"aerosol": True} if "qa_aerosol" in catalogue["optical"]["assets"] else {}),
        **{key: site[key] for key in ("other_dates", "passes") if key in site},
    }


def _versions_of(optical: Mapping[str, Any]) -> dict[str, str]:
    """Return {"optical_sensor": its name} if each item states its scale and offset, else {}."""
    name = optical.get("sensor", "")
    is_stated = sensor_of(name).has_versions and "offset" not in optical
    return {"optical_sensor": name} if is_stated else {}


def describe_scene(
    chosen: Any, grid: Any, facts: Callable[[str], dict[str, Any]], bands: Iterable[str]
) -> dict[str, Any]:
    """Return the lock's entry of a chosen passes.Pass, read on a raster.Grid.

    facts: href -> size, etag and modified of the file (Remote.facts). Pass and Grid are not
    imported here, so that planning a study does not load rasterio.
    """
    return {
        "track": chosen.track,
        "datetime": _iso(chosen.datetime),
        "orbit": chosen.items[0].orbit,
        **{
            name: round(float(value), 4)
            for name in ("coverage", "masked", "days_apart")
            if (value := getattr(chosen, name)) is not None
        },
        "grid": {
            "crs": grid.crs.to_string(),
            "transform": list(grid.transform)[:6],
            "height": grid.height,
            "width": grid.width,
        },
        "items": [
            {
                "id": item.id,
                "collection": item.collection,
                "datetime": _iso(item.datetime),
                "cloud_cover": item.cloud_cover,
                **({"scaling": list(item.scaling)} if item.scaling else {}),
                "assets": {
                    band: {
                        "href": item.assets[band].href,
                        **facts(item.assets[band].href),
                        "checksum": item.assets[band].checksum,
                    }
                    for band in bands
                },
            }
            for item in chosen.items
        ],
    }


def read_lock(path: str | Path) -> dict[str, Any]:
    """Return the lock in the JSON file `path`. Raises StudyError if it is damaged."""
    remedy = "restore it from a copy, or make it again: ./reproduce lock STUDY"
    try:
        lock = read_json(path)
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise StudyError(f"{path}: not JSON ({error}); {remedy}") from None
    rules = read_schema(SCHEMA)
    problem = best_match(Draft202012Validator(rules).iter_errors(lock))
    if problem is not None:
        where = ".".join(map(str, problem.absolute_path)) or "the top level"
        raise StudyError(f"{path}: {where}: {problem.message[:200]}; {remedy}")
    return lock


def locked_site(path: str | Path, site: str, search: Mapping[str, Any]) -> dict[str, Any]:
    """Return the entry of `site` in the lock file.

    Raises StudyError if there is none or it is of another search (search_of).
    """
    sites = _read_once(str(path), Path(path).stat().st_mtime_ns)["sites"]
    name = Path(path).name.removesuffix(".lock.json")
    if site not in sites:
        raise StudyError(f"{path}: no site {site}; add it: ./reproduce lock {name}")
    entry = sites[site]
    before, now = ({"passes": 1, **each} for each in (entry["search"], search))
    keys = {**now, "sar_catalogue": None}
    changed = [key for key in keys if before.get(key) != now.get(key)]
    if changed:
        raise StudyError(
            f"{path}: site {site} was locked with another {changed[0]}"
            f" ({before.get(changed[0])}, the study has {now.get(changed[0])});"
            f" search again: ./reproduce lock {name}"
        )
    return copy.deepcopy(entry)


@cache
def _read_once(path: str, changed: int) -> dict[str, Any]:
    """Return the lock of a modification time; cached, since every site of a study reads it."""
    return read_lock(path)


def scenes_of(entry: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return {name: scene} of a site's entry; other dates are named by their day, YYYY-MM-DD."""
    named = {name: entry[name] for name in SCENES if name in entry} | _further_passes(entry)
    return named | {day_of(scene): scene for scene in entry.get("dates", [])}


def radar_of(entry: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return {name: scene} of the SAR passes of a site's entry: "sar", then each as "sar DAY"."""
    return {"sar": entry["sar"], **_further_passes(entry)}


def _further_passes(entry: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return {"sar DAY": scene} of the passes that are averaged with `sar`."""
    return {f"sar {day_of(scene)}": scene for scene in entry.get("passes", [])}


def day_of(scene: Mapping[str, Any]) -> str:
    """Return the day of a locked scene, YYYY-MM-DD."""
    return scene["datetime"][:10]


def locked_dates(path: str | Path, site: str) -> list[str] | None:
    """Return the other dates of a site in the lock file, in order; None without a lock of it."""
    if not Path(path).exists():
        return None
    entry = _read_once(str(path), Path(path).stat().st_mtime_ns)["sites"].get(site)
    return None if entry is None else sorted(map(day_of, entry.get("dates", [])))


def assets_of(
    entry: Mapping[str, Any],
) -> Iterator[tuple[str, int, dict[str, Any], str, dict[str, Any]]]:
    """Yield (scene name, item number, item, band, asset) for each file of a site's entry."""
    for name, scene in scenes_of(entry).items():
        for number, item in enumerate(scene["items"]):
            for band, asset in item["assets"].items():
                yield name, number, item, band, asset


def without_sums(entry: dict[str, Any]) -> dict[str, Any]:
    """Return a site's entry without the checksums that the first download added to it."""
    entry = copy.deepcopy(entry)
    for *_, asset in assets_of(entry):
        asset.pop("sha256", None)
    return entry


def carry_sums(old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """Copy the checksums of unchanged files and pixels from the entry `old` to the entry `new`."""
    known, before, after = {}, scenes_of(old), scenes_of(new)
    for name, _, _, band, asset in assets_of(old):
        if "sha256" in asset:
            known[_identity(before[name]["grid"], band, asset)] = asset["sha256"]
    for name, _, _, band, asset in assets_of(new):
        sha256 = known.get(_identity(after[name]["grid"], band, asset))
        if sha256:
            asset["sha256"] = sha256


def _identity(grid: Mapping[str, Any], band: str, asset: Mapping[str, Any]) -> str:
    """Return a key that is the same only for the same pixels of the same file."""
    facts = {key: value for key, value in asset.items() if key != "sha256"}
    return json.dumps([grid, band, facts], sort_keys=True)


def seal(path: str | Path, site: str, entry: Mapping[str, Any]) -> None:
    """Add the checksums in `entry` to the lock file of a study; the rest of the file stays.

    Several jobs may seal sites at the same time, so the folder is locked while the file is
    replaced.
    """
    with _folder_locked(Path(path).parent):
        lock = read_lock(path)
        before = copy.deepcopy(lock)
        carry_sums(entry, lock["sites"][site])
        if lock != before:
            write_json(path, lock)


@contextmanager
def _folder_locked(folder: Path) -> Iterator[None]:
    """Hold an exclusive flock on a folder, if its file system supports that."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # without flock, the file is still replaced atomically
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _iso(moment: datetime) -> str:
    """Return a time in UTC as text, to the second."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
