"""Downloading the locked files of a site, one by one, so that an interrupted run can continue."""

import copy
import hashlib
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from rasterio.crs import CRS
from rasterio.errors import CRSError
from rasterio.transform import Affine
from rasterio.windows import Window

from ...core.errors import StudyError
from ...core.files import atomic
from ...core.raster import Grid, coarser, open_raster, repeated
from .. import landsat
from ..bands import optical_of
from ..coding import as_raw
from ..sensors import sensor_of
from .cog import download_window, pixel_sha256, planned_bytes
from .mosaic import mosaic, window_on
from .remote import Remote

PARALLEL_FILES = 4  # more would burden a server
MEGABYTE = 1e6
LOCK_AGAIN = "look for scenes again: ./reproduce lock STUDY"


@dataclass(frozen=True)
class FileDownload:
    """The download of the pixels of one locked file."""

    remote: Remote
    what: str  # band and item, for messages
    asset: dict[str, Any]  # of the lock
    path: Path  # where the pixels are kept until the scene is complete
    window: Window | None  # None: already downloaded
    planned: int  # bytes to download


def grid_of(scene: Mapping[str, Any]) -> Grid:
    """Return the Grid of a locked scene. Raises StudyError for an unknown CRS."""
    record = scene["grid"]
    try:
        crs = CRS.from_string(record["crs"])
    except CRSError as error:
        raise StudyError(f"the lock: grid.crs: {error}; {LOCK_AGAIN}") from None
    return Grid(crs, Affine(*record["transform"]), record["height"], record["width"])


def download(
    remotes: Callable[[str], Remote],
    scenes: Mapping[str, Any],
    folder: Path,
    limit_mb: float,
    progress: Callable[..., Any],
    packed: str | Path | None = None,
    larger: Mapping[str, int] = MappingProxyType({}),
) -> dict[str, Any]:
    """Download every file of locked scenes into `folder`; return the scenes with their checksums.

    remotes: see remote.remotes. scenes: {"optical": ..., "sar": ...} or others of lock.scenes_of.
    progress: tqdm or a replacement. Files that are already in the folder are not fetched again, nor
    those in the folder `packed`, if it exists. larger: {band: how many times larger its pixels are
    than those of the scene}. A checksum is the SHA-256 of the pixels and must equal that of the
    lock, if it has one. Raises StudyError if a file changed since it was locked, or if more than
    limit_mb megabytes would be downloaded.
    """
    scenes = {name: copy.deepcopy(scene) for name, scene in scenes.items()}
    folder.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(PARALLEL_FILES) as pool:
        tasks = [
            (remotes(name), scene, item, band, folder, packed, larger.get(band, 1))
            for name, scene in scenes.items()
            for item in scene["items"]
            for band in item["assets"]
        ]
        files = _all(pool, plan, tasks)
        total = sum(file.planned for file in files)
        if total > limit_mb * MEGABYTE:
            raise StudyError(
                f"{total / MEGABYTE:.1f} MB would be downloaded, more than the limit of"
                f" {limit_mb:g} MB; make the area smaller or raise download_limit_mb"
            )
        with progress(total=total, desc="downloading", unit="B", unit_scale=True) as bar:
            sums = _all(pool, fetch, [(file, bar) for file in files])
    for file, sha256 in zip(files, sums, strict=True):
        file.asset["sha256"] = sha256
    return scenes


def _all(
    pool: ThreadPoolExecutor, work: Callable[..., Any], tasks: Sequence[tuple[Any, ...]]
) -> list[Any]:
    """Return the results of work(*task) for all tasks; the first failure cancels the rest."""
    futures = [pool.submit(work, *task) for task in tasks]
    try:
        return [future.result() for future in futures]
    finally:
        for future in futures:
            future.cancel()


def plan(
    remote: Remote,
    scene: Mapping[str, Any],
    item: Mapping[str, Any],
    band: str,
    folder: Path,
    packed: str | Path | None = None,
    times: int = 1,
) -> FileDownload:
    """Return the FileDownload of one file of a locked scene. folder, packed: see `download`.

    times: how many times larger its pixels are than those of the scene. Raises StudyError if the
    file changed since it was locked.
    """
    asset = item["assets"][band]
    what = f"{band} of {item['id']}"
    path = pixels_path(folder, scene, item, band)
    if packed and not path.exists() and (kept := Path(packed, path.name)).exists():
        with atomic(path) as temporary:
            shutil.copyfile(kept, temporary)
    if path.exists():
        return FileDownload(remote, what, asset, path, None, 0)
    check_unchanged(remote, asset, what)
    with remote.open(asset["href"]) as dataset:
        window = window_on(grid_of(scene), Grid.of(dataset).finer(times))
        if window is None:
            raise StudyError(f"{what} is not where the lock says; {LOCK_AGAIN}")
        window = coarser(window, times)
        planned = planned_bytes(dataset, window)
        return FileDownload(remote, what, asset, path, window, planned)


def pixels_path(
    folder: str | Path, scene: Mapping[str, Any], item: Mapping[str, Any], band: str
) -> Path:
    """Return where the pixels of one file are kept; the name contains no text of the catalogue."""
    facts = {key: value for key, value in item["assets"][band].items() if key != "sha256"}
    identity = json.dumps([scene["grid"], band, facts], sort_keys=True)
    return Path(folder, f"{band}-{hashlib.sha256(identity.encode()).hexdigest()[:16]}.tif")


def check_unchanged(remote: Remote, asset: Mapping[str, Any], what: str) -> None:
    """Raise StudyError if the server has another version of a file than the lock."""
    now = remote.facts(asset["href"])
    # The ETag is more reliable than the date, which copying a file changes.
    marks = ["size", "etag" if asset.get("etag") and now["etag"] else "modified"]
    for mark in marks:
        before = asset.get(mark)
        if before is not None and now[mark] is not None and before != now[mark]:
            raise StudyError(
                f"{what} changed on the server since it was locked ({mark} {before} is now"
                f" {now[mark]}): {asset['href']}; {LOCK_AGAIN}"
            )


def fetch(file: FileDownload, bar: Any) -> str:
    """Download the pixels of one file to its path; return their checksum.

    Raises StudyError if the checksum is not that of the lock.
    """
    if file.window is None:
        with open_raster(file.path) as dataset:
            sha256 = pixel_sha256(dataset.read(1))
    else:
        href = file.asset["href"]
        record = download_window(file.remote, href, file.window, file.path, progress=bar)
        sha256 = record["sha256"]
    locked = file.asset.get("sha256", sha256)
    if sha256 != locked:
        file.path.unlink()
        raise StudyError(
            f"{file.what}: the pixels are not those of the lock (sha256 {sha256[:12]}, locked"
            f" {locked[:12]}): {file.asset['href']}; {LOCK_AGAIN}"
        )
    return sha256


def assemble(
    scene: Mapping[str, Any],
    bands: Sequence[str],
    folder: str | Path,
    empty: Sequence[float],
    is_empty: Callable[[np.ndarray], np.ndarray],
    larger: Mapping[str, int] = MappingProxyType({}),
    decode: Callable[[np.ndarray, Any], np.ndarray] = lambda numbers, item: numbers,
) -> tuple[np.ndarray, Grid]:
    """Return (numbers (bands, rows, columns), Grid) of a scene from the downloaded files.

    empty, is_empty: see mosaic. larger: see `download`. decode: (numbers of an item, item of the
    lock) -> the bands that are pasted. Integer bands keep the nodata number of their file.
    """
    grid = grid_of(scene)
    times = [larger.get(band, 1) for band in bands]
    images = []
    for item in scene["items"]:
        paths = [pixels_path(folder, scene, item, band) for band in bands]
        numbers, part = read_pixels(paths, times, grid)
        images.append((decode(numbers, item), part))
    return mosaic(images, grid, empty, is_empty), grid


def assemble_optical(
    scene: Mapping[str, Any], folder: str | Path, settings: Mapping[str, Any]
) -> tuple[np.ndarray, Grid]:
    """Return (raw bands (bands, rows, columns), Grid) of a locked optical scene.

    settings: of the catalogue's optical scenes. The bands are the optical ones (`bands_of`) and
    landsat.QUALITY, into which the quality bands of the sensor are converted. Pixels where no item
    has data are fill. Saturation bits are those of OLI. Numbers have the scale and offset of
    `scaling_of`.
    """
    bands, sensor = bands_of(scene), sensor_of(settings["sensor"])
    _, offset = scaling_of(scene, settings)

    def raw(numbers: np.ndarray, item: Mapping[str, Any]) -> np.ndarray:
        scale, own = item.get("scaling", (1, offset))
        added = 0 if "offset" in settings else round((own - offset) / scale)
        return as_raw(sensor, numbers, bands, added)

    numbers, grid = assemble(
        scene,
        (*bands, *sensor.quality),
        folder,
        empty=(*[landsat.FILL] * len(bands), landsat.QA_FILL, 0),
        is_empty=lambda found: landsat.is_fill(found[len(bands)]),
        larger=sensor.coarser,
        decode=raw,
    )
    if sensor.coding is None:
        numbered_as = landsat.sensor_named(scene.get("track", "")) or "oli"
        numbers[-1] = landsat.radsat_as_oli(numbers[-1], numbered_as, bands)
    return numbers, grid


def scaling_of(scene: Mapping[str, Any], settings: Mapping[str, Any]) -> tuple[float, float]:
    """Return (scale, offset) of the raw bands of a locked optical scene.

    settings: of the catalogue's optical scenes; without an offset, each item states its own. The
    lowest offset is returned, so that no number becomes negative when all are converted to it.
    """
    if "offset" in settings:
        return settings["scale"], settings["offset"]
    scale, offset = min((item["scaling"] for item in scene["items"]), key=lambda each: each[1])
    return scale, offset


def bands_of(scene: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the optical bands that a locked scene has in all of its items."""
    return optical_of(set.intersection(*(set(item["assets"]) for item in scene["items"])))


def read_pixels(
    paths: Sequence[str | Path], times: Sequence[int], scene: Grid
) -> tuple[np.ndarray, Grid]:
    """Return (numbers (bands, rows, columns), Grid) of one item's bands.

    times: how many times larger the pixels of each file are than those of `scene`, the Grid of the
    whole scene; they are repeated. Nodata of floating-point bands becomes NaN. Raises StudyError if
    the grids differ.
    """
    numbers, grids = [], set()
    for path, enlarged in zip(paths, times, strict=True):
        with open_raster(path) as dataset:
            values, grid = dataset.read(1), Grid.of(dataset)
            if np.issubdtype(values.dtype, np.floating) and dataset.nodata is not None:
                values[values == dataset.nodata] = np.nan
        if enlarged > 1:
            grid = grid.finer(enlarged)
            window = window_on(scene, grid)
            assert window is not None  # it was downloaded for the scene
            values = repeated(values, window, enlarged)
            grid = grid.part(window)
        numbers.append(values)
        grids.add(grid)
    if len(grids) > 1:
        raise StudyError("the bands of one item are on different grids; choose another date")
    return np.stack(numbers), grids.pop()
