"""Check the scenes that results were made from: their sources and their pixels."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..core.errors import StudyError
from ..scenes.sources import SOURCES
from ..scenes.stac.lock import assets_of
from .checksums import check_sum
from .files import is_finite, read_mapping
from .pixels import block_means, compare_rasters

BLOCK_MEAN_TOLERANCE = 1e-6  # relative; of a block mean of a generated scene
MAX_MB = 20

BlockMeans = dict[str, list[list[float | None]]]  # {band: rows of means}, None without data


def read_scene(folder: str | Path, site: str) -> dict[str, Any]:
    """Return the content of a site's scene.json; StudyError if it is not a mapping."""
    return read_mapping(Path(folder, f"scenes/{site}/scene.json"), MAX_MB)


def check_sources(site: str, here: str | Path, there: str | Path) -> str:
    """Return a note if a site's scenes were made from the same sources in two results folders.

    Sources are compared by checksum: of the pixels read from a catalogue, else of whole files.
    Raises StudyError for the first one that differs.
    """
    ours, theirs = (_source_sums(read_scene(folder, site)) for folder in (here, there))
    for name in [*ours, *(name for name in theirs if name not in ours)]:
        if ours.get(name) != theirs.get(name):
            raise StudyError(
                f"{site}: {name}: sha256 is {theirs.get(name)} there, {ours.get(name)} here"
            )
    return f"{len(ours)} files with the same checksums"


def check_locked(site: str, folder: str | Path, entry: Mapping[str, Any]) -> str:
    """Return a note if a site's scenes are those of its `entry` in the lock (see stac.lock).

    Raises StudyError for the first checksum that differs.
    """
    sums = _source_sums(read_scene(folder, site))
    for name, _, item, band, asset in assets_of(entry):
        locked = asset.get("sha256")
        sensor = name.partition(" ")[0]  # the name of a further SAR pass begins with "sar " too
        if sensor in ("optical", "sar") and locked != sums.get(f"{sensor} {item['id']} {band}"):
            raise StudyError(f"{folder}: {band} of {item['id']} does not match the lock")
    return f"{len(sums)} files with the checksums of the lock"


def _source_sums(scene: Mapping[str, Any]) -> dict[str, str]:
    """Return {name: sha256} of the sources that scene.json lists."""
    try:
        if scene["source"] == "stac":
            return {
                f"{item['sensor']} {item['id']} {band}": asset["sha256"]
                for item in scene["items"]
                for band, asset in item["assets"].items()
            }
        return {
            f"{item['band']} {number} {Path(file['path']).name}": file["sha256"]
            for item in scene["items"]
            for number, file in enumerate(item["files"], 1)
        }
    except (KeyError, TypeError, AttributeError) as error:
        raise StudyError(f"scene.json: not a description of scenes ({error!r})") from None


def check_scene(site: str, name: str, here: str | Path, there: str | Path) -> str:
    """Return a note if one raster of a site's raw scenes is the same in two results folders.

    Each raster must have the checksum that its own folder states. If the two differ, their pixels
    must be the same. A generated scene is made again here, where another C library may round its
    numbers differently, so only its block means must agree within BLOCK_MEAN_TOLERANCE. Raises
    StudyError otherwise.
    """
    stated = {folder: read_scene(folder, site).get(name) for folder in (here, there)}
    return _compare(site, name, stated, here, there)


def check_date(site: str, date: str, here: str | Path, there: str | Path) -> str:
    """Return a note if another date of a site is the same in two results folders; see check_scene.

    The checksum is stated in the description of the date.
    """
    name = f"dates/{date}"
    stated = {
        folder: read_mapping(Path(folder, f"scenes/{site}/{name}.json"), MAX_MB).get("optical")
        for folder in (here, there)
    }
    return _compare(site, name, stated, here, there)


def _compare(site, name, stated, here, there):
    """Return the note of check_scene. stated: {folder: its description of the raster `name`}."""
    sums = {
        folder: _check_stated(facts, folder, f"scenes/{site}/{name}.tif")
        for folder, facts in stated.items()
    }
    if sums[here] and sums[here] == sums[there]:
        return "the same bytes"
    ours, theirs = (Path(folder, f"scenes/{site}/{name}.tif") for folder in (here, there))
    if not SOURCES[read_scene(here, site)["source"]].is_generated:
        compare_rasters(ours, theirs, 0)
        return "different bytes, the same pixels"
    means = read_means(there, site).get(name)
    if means is None:
        raise StudyError(f"{theirs}: neither the raster nor its block means are there")
    return f"different bytes; block means agree to {_compare_means(block_means(ours), means):.0e}"


def _check_stated(facts: Any, folder: str | Path, path: str) -> str | None:
    """Return the SHA-256 that a folder states for a raw scene; check it if the raster exists."""
    stated = facts.get("sha256") if isinstance(facts, dict) else None
    if stated is not None and Path(folder, path).exists():
        check_sum(folder, path, stated)
    return stated


def means_path(folder: str | Path, site: str) -> Path:
    """Return the path of the block means of a site's scenes in a reference."""
    return Path(folder, f"scenes/{site}/means.json")


def read_means(folder: str | Path, site: str) -> dict[str, BlockMeans]:
    """Return {scene: its block means}: those that a reference states, else from a run's rasters."""
    path = means_path(folder, site)
    if path.exists():
        return read_mapping(path, MAX_MB)
    return block_means_of(Path(folder, f"scenes/{site}"))


def block_means_of(folder: Path) -> dict[str, BlockMeans]:
    """Return {scene: its block means} of the rasters of a site; of other dates as dates/DATE."""
    return {
        path.relative_to(folder).with_suffix("").as_posix(): block_means(path)
        for path in sorted(folder.rglob("*.tif"))
    }


def _compare_means(ours: BlockMeans, theirs: BlockMeans) -> float:
    """Return the largest relative difference between two sets of block means.

    Raises StudyError for the first one above BLOCK_MEAN_TOLERANCE.
    """
    largest = 0.0
    for band, rows in ours.items():
        for row, values in enumerate(rows):
            for column, our_mean in enumerate(values):
                their_mean = theirs[band][row][column]
                if our_mean == their_mean:
                    continue
                if our_mean is None or not is_finite(their_mean):
                    difference = float("inf")
                else:
                    difference = abs(our_mean - their_mean) / max(abs(our_mean), abs(their_mean))
                if not difference <= BLOCK_MEAN_TOLERANCE:
                    raise StudyError(
                        f"{band}: the mean of block {row}, {column} is {our_mean} here,"
                        f" {their_mean} there"
                    )
                largest = max(largest, difference)
    return largest
