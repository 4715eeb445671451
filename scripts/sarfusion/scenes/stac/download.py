"""Downloading the locked files of a site, each on its own, so that a broken run goes on."""

import copy
import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rasterio.crs import CRS
from rasterio.errors import CRSError
from rasterio.transform import Affine
from rasterio.windows import Window

from ...core.errors import StudyError
from ...core.raster import Grid, open_raster
from .cog import download_window, pixel_sha256, planned_bytes
from .mosaic import mosaic, window_on

AT_ONCE = 4  # files; more would not be polite to a server
MEGABYTE = 1e6
AGAIN = "look for scenes again: ./reproduce lock STUDY"


@dataclass(frozen=True)
class Part:
    """The pixels of one locked file, and where they are kept until the scene is complete."""

    what: str
    asset: dict
    path: Path
    window: Window | None  # None: it is here already
    planned: int  # bytes to move


def grid_of(scene):
    """Return the Grid that a locked scene is read on."""
    record = scene["grid"]
    try:
        crs = CRS.from_string(record["crs"])
    except CRSError as error:
        raise StudyError(f"the lock: grid.crs: {error}; {AGAIN}") from None
    return Grid(crs, Affine(*record["transform"]), record["height"], record["width"])


def download(remote, scenes, folder, limit_mb, progress):
    """Download every file of locked scenes into `folder`; return the scenes with their sums.

    scenes: {"optical": ..., "sar": ...} or other entries of a lock. progress: tqdm, or what takes
    its place. Files that are in the folder already are not fetched again. A sum is the sha256 of
    the pixels; where the lock has one, it must be the same. Raises StudyError when a file changed
    since it was locked, or when all would be more than limit_mb megabytes.
    """
    scenes = copy.deepcopy(scenes)
    folder.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        tasks = [
            (remote, scene, item, band, folder)
            for scene in scenes.values()
            for item in scene["items"]
            for band in item["assets"]
        ]
        parts = _all(pool, plan, tasks)
        total = sum(part.planned for part in parts)
        if total > limit_mb * MEGABYTE:
            raise StudyError(
                f"{total / MEGABYTE:.1f} MB would be downloaded, more than the limit of"
                f" {limit_mb:g} MB; make the area smaller or raise download_limit_mb"
            )
        with progress(total=total, desc="downloading", unit="B", unit_scale=True) as bar:
            sums = _all(pool, fetch, [(remote, part, bar) for part in parts])
    for part, found in zip(parts, sums, strict=True):
        part.asset["sha256"] = found
    return scenes


def _all(pool, work, tasks):
    """Return the results of work(*task) for all tasks; the first failure cancels the rest."""
    futures = [pool.submit(work, *task) for task in tasks]
    try:
        return [future.result() for future in futures]
    finally:
        for future in futures:
            future.cancel()


def plan(remote, scene, item, band, folder):
    """Return the Part of one file of a locked scene; StudyError where the file has changed."""
    asset = item["assets"][band]
    what = f"{band} of {item['id']}"
    path = part_path(folder, scene, item, band)
    if path.exists():
        return Part(what, asset, path, None, 0)
    check_unchanged(remote, asset, what)
    with remote.open(asset["href"]) as dataset:
        window = window_on(grid_of(scene), Grid.of(dataset))
        if window is None:
            raise StudyError(f"{what} does not lie where the lock says; {AGAIN}")
        return Part(what, asset, path, window, planned_bytes(dataset, window))


def part_path(folder, scene, item, band):
    """Return where the pixels of one file are kept; no name of the catalogue's is in it."""
    facts = {key: value for key, value in item["assets"][band].items() if key != "sha256"}
    identity = json.dumps([scene["grid"], band, facts], sort_keys=True)
    return Path(folder, f"{band}-{hashlib.sha256(identity.encode()).hexdigest()[:16]}.tif")


def check_unchanged(remote, asset, what):
    """Raise StudyError when the server has another version of a file than the lock."""
    now = remote.facts(asset["href"])
    # A server's mark of the version says more than a date, which copying alone changes.
    marks = ["size", "etag" if asset.get("etag") and now["etag"] else "modified"]
    for mark in marks:
        before = asset.get(mark)
        if before is not None and now[mark] is not None and before != now[mark]:
            raise StudyError(
                f"{what} changed on the server since it was locked ({mark} {before} is now"
                f" {now[mark]}): {asset['href']}; {AGAIN}"
            )


def fetch(remote, part, bar):
    """Bring one part's pixels to its path; return their sum, checked against the lock."""
    if part.window is None:
        with open_raster(part.path) as dataset:
            found = pixel_sha256(dataset.read(1))
    else:
        record = download_window(remote, part.asset["href"], part.window, part.path, progress=bar)
        found = record["sha256"]
    known = part.asset.get("sha256", found)
    if found != known:
        part.path.unlink()
        raise StudyError(
            f"{part.what}: the pixels are not those of the lock (sha256 {found[:12]}, locked"
            f" {known[:12]}): {part.asset['href']}; {AGAIN}"
        )
    return found


def assemble(scene, bands, folder, empty, is_empty):
    """Return (numbers, grid): the bands (bands, rows, columns) of a scene from its parts.

    empty, is_empty: as mosaic takes them, but the numbers still carry their file's nodata.
    """
    grid = grid_of(scene)
    parts = [
        read_part([part_path(folder, scene, item, band) for band in bands])
        for item in scene["items"]
    ]
    return mosaic(parts, grid, empty, is_empty), grid


def read_part(paths):
    """Return (numbers (bands, rows, columns), Grid) of one item's bands; floats NaN for nodata."""
    numbers, grids = [], set()
    for path in paths:
        with open_raster(path) as dataset:
            values = dataset.read(1)
            if np.issubdtype(values.dtype, np.floating) and dataset.nodata is not None:
                values[values == dataset.nodata] = np.nan
            numbers.append(values)
            grids.add(Grid.of(dataset))
    if len(grids) > 1:
        raise StudyError("the bands of one item lie on different grids; choose another date")
    return np.stack(numbers), grids.pop()
