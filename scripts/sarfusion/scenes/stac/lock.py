"""The lock file of a study: exactly which scenes it is made of."""

import copy
import fcntl
import json
import os
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from ...core.errors import StudyError
from ...core.files import read_json, write_json
from ...study.config import CONFIG

SCHEMA = CONFIG / "lock.schema.yaml"
SCENES = ("optical", "sar", "clouds")


def search_of(site, mask):
    """Return what identifies a site's search, from its resolved settings and QA_PIXEL flags."""
    catalogue = site["catalogue"]
    return {
        "catalogue": catalogue["url"],
        **{
            f"{sensor}_collection": catalogue[sensor]["collection"] for sensor in ("optical", "sar")
        },
        **{f"{sensor}_query": catalogue[sensor]["query"] for sensor in ("optical", "sar")},
        **{key: site[key] for key in ("area", "period", "orbit", "max_masked", "max_days_apart")},
        "gap_shapes": site["gap_shapes"],
        "mask": mask,
    }


def describe_scene(chosen, grid, facts, bands):
    """Return what the lock says of a chosen pass (choice.Pass) and the raster.Grid it is read on.

    facts: a function from an href to the size, etag and modified of its file.
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


def read_lock(path):
    """Return the lock in the JSON file `path`; StudyError where it is damaged."""
    remedy = "take it from where you have it, or make it again: ./reproduce lock STUDY"
    try:
        lock = read_json(path)
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise StudyError(f"{path}: not JSON ({error}); {remedy}") from None
    rules = yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))
    problem = best_match(Draft202012Validator(rules).iter_errors(lock))
    if problem is not None:
        where = ".".join(map(str, problem.absolute_path)) or "the top level"
        raise StudyError(f"{path}: {where}: {problem.message[:200]}; {remedy}")
    return lock


def locked_site(path, site, search):
    """Return the entry of `site` in the lock file; StudyError where it answers another search."""
    sites = _read_once(str(path), Path(path).stat().st_mtime_ns)["sites"]
    name = Path(path).name.removesuffix(".lock.json")
    if site not in sites:
        raise StudyError(f"{path}: no site {site}; add it: ./reproduce lock {name}")
    entry = sites[site]
    changed = [key for key in search if entry["search"].get(key) != search[key]]
    if changed:
        raise StudyError(
            f"{path}: site {site} was locked with another {changed[0]}"
            f" ({entry['search'].get(changed[0])}, the study has {search[changed[0]]});"
            f" search again: ./reproduce lock {name}"
        )
    return copy.deepcopy(entry)


@cache
def _read_once(path, changed):
    """Return a lock as it was at a time: of a study of many sites, it is asked for by each."""
    return read_lock(path)


def assets_of(entry):
    """Yield (scene name, item number, item, band, asset) of everything in a site's entry."""
    for name in SCENES:
        for number, item in enumerate(entry.get(name, {"items": []})["items"]):
            for band, asset in item["assets"].items():
                yield name, number, item, band, asset


def without_sums(entry):
    """Return a site's entry without what the first download added to it."""
    entry = copy.deepcopy(entry)
    for *_, asset in assets_of(entry):
        asset.pop("sha256", None)
    return entry


def carry_sums(old, new):
    """Copy into the entry `new` the sums of the very same files and pixels from the entry `old`."""
    known = {}
    for name, _, _, band, asset in assets_of(old):
        if "sha256" in asset:
            known[_identity(old[name]["grid"], band, asset)] = asset["sha256"]
    for name, _, _, band, asset in assets_of(new):
        found = known.get(_identity(new[name]["grid"], band, asset))
        if found:
            asset["sha256"] = found


def _identity(grid, band, asset):
    """Return what tells one file's pixels from another's."""
    facts = {key: value for key, value in asset.items() if key != "sha256"}
    return json.dumps([grid, band, facts], sort_keys=True)


def seal(path, site, entry):
    """Add the sums in `entry` to the lock file; what it already holds stays.

    Several sites may be sealed at one time, so the folder is locked while the file is replaced.
    """
    with _folder_locked(Path(path).parent):
        lock = read_lock(path)
        before = copy.deepcopy(lock)
        carry_sums(entry, lock["sites"][site])
        if lock != before:
            write_json(path, lock)


@contextmanager
def _folder_locked(folder):
    """Hold an exclusive flock on a folder, where its file system has them."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # no flock here: the file itself is still replaced atomically
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _iso(moment):
    """Return a time in UTC as text, to the second."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
