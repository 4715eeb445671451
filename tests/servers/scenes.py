"""A small archive of raw scenes over one simulated city, in the form of real archives.

Landsat Collection 2 Level-2 and terrain-corrected Sentinel-1: cloud-optimised GeoTIFFs of one
band each, named as the real ones, with the quirks that a search must handle. `OPTICAL` and
`SAR` list them; servers/items.py makes their STAC items.
"""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import rasterio
from rasterio.io import MemoryFile
from rasterio.shutil import copy
from rasterio.warp import transform_bounds
from rasterio.windows import Window, transform
from sarfusion.core.raster import Grid
from sarfusion.scenes import landsat, simulate
from sarfusion.scenes.bands import BANDS
from sarfusion.scenes.lattice import block_mean
from sarfusion.scenes.simulated_optical import CLOUD, NOISE, QA, SHADOW_DEPTH, quality, to_number
from sarfusion.scenes.simulated_sar import SAR_BANDS
from scipy.ndimage import binary_dilation

from servers.items import collections, landsat_item, sentinel_item

PERIOD = ("2024-01-01", "2024-03-31")  # of a search; one scene lies after it
SEED = 5
SAR_NODATA = -32768.0
FILES = {
    **{"red": "SR_B4", "green": "SR_B3", "blue": "SR_B2"},
    **{"qa_pixel": "QA_PIXEL", "qa_radsat": "QA_RADSAT"},
}

# Places are shares of the scene's side, (top, left, bottom, right); the study area is inside.
WHOLE = (0, 0, 1, 1)
AREA = (0.2, 0.2, 0.8, 0.8)


@dataclass(frozen=True)
class Optical:
    """A Landsat scene. `cloud_cover` is the catalogue's value. Real scenes are 185 km wide and
    these are pieces of them, so the pixels may have another cloud cover."""

    name: str
    day: str
    cloud_cover: float
    row: int = 52
    part: tuple = WHOLE  # that the file covers
    filled: tuple = (0, 0, 0, 0)  # with no data
    clouds: tuple = ()  # discs (row, column, radius)
    clear_to: float | None = None  # beyond this distance from the centre, all is cloud
    spacecraft: int = 9


@dataclass(frozen=True)
class Sar:
    """A Sentinel-1 scene, or one slice of a pass."""

    name: str
    start: str
    orbit: str
    track: int
    slice: int = 5
    part: tuple = WHOLE
    filled: tuple = (0, 0, 0, 0)
    bands: tuple = ("vv", "vh")


OPTICAL = (
    Optical("half", "2024-01-04", 1.1, filled=(0, 0.5, 1, 1)),
    Optical("clear_inside", "2024-01-20", 64.2, clouds=((0.3, 0.6, 0.03),), clear_to=0.36),
    Optical("clouded_inside", "2024-02-05", 3.6, clouds=((0.5, 0.55, 0.2),)),
    Optical("upper", "2024-02-21", 8.3, part=(0, 0, 0.55, 0.95), clouds=((0.35, 0.4, 0.05),)),
    Optical("lower", "2024-02-21", 9.7, row=53, part=(0.45, 0.05, 1, 1)),
    Optical("landsat_8", "2024-02-29", 0.0, spacecraft=8),
    Optical("clear", "2024-03-08", 2.4),
    Optical("later", "2024-04-09", 0.0),
)
SAR = (
    Sar("ascending_first", "2024-01-09T11:07:30", "ascending", 18),
    Sar("descending_first", "2024-01-24T22:45:10", "descending", 91),
    Sar("ascending_before", "2024-02-26T11:07:30", "ascending", 18),
    Sar("without_vh", "2024-03-07T11:15:40", "ascending", 120, bands=("vv",)),
    Sar("partial", "2024-03-08T22:37:20", "descending", 164, filled=(0, 0.5, 1, 1)),
    Sar("ascending", "2024-03-09T11:07:30", "ascending", 18),
    Sar("slice_1", "2024-03-12T22:45:10", "descending", 91, 5, part=(0, 0, 0.6, 1)),
    Sar("slice_2", "2024-03-12T22:45:35", "descending", 91, 6, part=(0.5, 0, 1, 1)),
)

# The best by each of these: least masked in the area, nearest in time, covering the whole area.
BEST = ("clear", "ascending")
BEST_DESCENDING = ("clear", "slice_1", "slice_2")
NEEDS_TWO_ROWS = ("upper", "lower")  # of one path, which only together cover the area


@dataclass(frozen=True)
class Archive:
    """The files of all scenes under `folder`, and what a catalogue says about them."""

    folder: Path
    area: tuple  # west, south, east, north in degrees
    records: dict  # name: STAC item whose hrefs are relative to the folder
    masked: dict  # name of an optical scene: share of the area masked or without data
    period: tuple = PERIOD

    def id(self, name):
        """The item id of the scene `name`."""
        return self.records[name]["id"]

    def path(self, name, band):
        """The file of one band of the scene `name`."""
        return self.folder / self.records[name]["assets"][band]["href"]

    def collections(self):
        return collections()

    def items(self, base, leave_out=()):
        """The items except those of the scenes named in `leave_out`; the files lie under `base`."""
        return [
            {
                **record,
                "assets": {
                    key: {**asset, "href": f"{base}/{asset['href']}"}
                    for key, asset in record["assets"].items()
                },
            }
            for name, record in self.records.items()
            if name not in leave_out
        ]

    def write_static(self, leave_out=()):
        """Write the catalogue as JSON files beside the scenes; return the path of its root."""
        import pystac

        catalogue = pystac.Catalog("scenes", "Made scenes")
        for record in self.collections():
            catalogue.add_child(pystac.Collection.from_dict(record))
        for record in self.items(self.folder, leave_out):
            item = pystac.Item.from_dict(record)
            catalogue.get_child(item.collection_id).add_item(item)
        catalogue.normalize_hrefs(str(self.folder))
        catalogue.make_all_asset_hrefs_relative()
        catalogue.save(pystac.CatalogType.SELF_CONTAINED)
        return self.folder / "catalog.json"


def make_archive(folder, size_px=160, block_px=64):
    """Make all scenes under `folder`; they are `size_px` pixels of 30 m wide, with `block_px`
    pixels in a tile. Return the Archive. Equal arguments give equal pixels."""
    land, sar, sar_grid = city(size_px)
    grid = simulate.square_grid(*simulate.CORNER, 30, size_px)
    inside = box(grid, AREA)
    west, south, east, north = transform_bounds(grid.crs, "EPSG:4326", *cut(grid, inside).bounds)
    records, masked = {}, {}
    for number, scene in enumerate(OPTICAL):
        bands = observe_optical(np.random.default_rng([SEED, number]), land, scene)
        flagged = bands["qa_pixel"] & sum(1 << bit for bit in landsat.QA_PIXEL_BITS.values()) > 0
        seen = np.zeros(grid.shape, bool)
        seen[box(grid, scene.part).toslices()] = True
        masked[scene.name] = float((flagged | ~seen)[inside.toslices()].mean())
        item = landsat_item(scene, *extents(grid, scene), FILES)
        for band in FILES:
            path = Path(folder, item["assets"][band]["href"])
            nodata = 1 if band == "qa_pixel" else None if band == "qa_radsat" else landsat.FILL
            write_cog(path, bands[band], grid, scene.part, nodata, block_px)
        records[scene.name] = item
    for number, scene in enumerate(SAR):
        speckle = np.random.default_rng([SEED, 100 + number]).gamma(20, 1 / 20, sar.shape)
        power = np.nan_to_num(sar * speckle, nan=SAR_NODATA).astype(np.float32)
        power[:, *box(sar_grid, scene.filled).toslices()] = SAR_NODATA
        item = sentinel_item(scene, *extents(sar_grid, scene))
        for band in scene.bands:
            asset = item["assets"][band]
            path = Path(folder, asset["href"])
            values = power[SAR_BANDS.index(band)]
            write_cog(path, values, sar_grid, scene.part, SAR_NODATA, block_px)
            asset["file:size"] = path.stat().st_size
            asset["file:checksum"] = hashlib.md5(path.read_bytes()).hexdigest()
        records[scene.name] = item
    return Archive(Path(folder), (west, south, east, north), records, masked)


@cache
def city(size_px):
    """Return the clear reflectance (3, rows, columns) at 30 m, the SAR scene and its grid."""
    made = simulate.simulate_city(size_px, SEED)
    return block_mean(made.truth, 3), made.sar, made.sar_grid


def observe_optical(rng, land, scene):
    """Return {band: array} of a Landsat scene: `land` with clouds, their shadows, noise, fill."""
    size = land.shape[1]
    rows, columns = (np.indices((size, size)) + 0.5) / size
    cloud = np.zeros((size, size), bool)
    for row, column, radius in scene.clouds:
        cloud |= np.hypot(rows - row, columns - column) < radius
    if scene.clear_to is not None:
        cloud |= np.fmax(abs(rows - 0.5), abs(columns - 0.5)) > scene.clear_to
    rim = binary_dilation(cloud, iterations=2) & ~cloud
    shadow = np.roll(cloud, (-3, -3), axis=(0, 1)) & ~cloud
    seen = np.where(shadow, land * (1 - SHADOW_DEPTH), land)
    seen = np.where(cloud, CLOUD, seen) + rng.normal(0, NOISE, land.shape)

    bands = dict(zip(BANDS, to_number(seen), strict=True))
    bands["qa_pixel"] = quality(np.zeros_like(cloud), cloud, rim, shadow).astype("uint16")
    bands["qa_radsat"] = np.zeros((size, size), np.uint16)
    middle = slice(size // 2 - 1, size // 2 + 2)  # a glint
    bands["qa_radsat"][middle, middle] = 1 << landsat.QA_RADSAT_BITS["red"]
    grid = simulate.square_grid(*simulate.CORNER, 30, size)
    filled = box(grid, scene.filled).toslices()
    for band, values in bands.items():
        values[filled] = QA["fill"] if band == "qa_pixel" else 0
    return bands


def extents(grid, scene):
    """Return the grid of the scene's file, and the (left, bottom, right, top) of its data."""
    top, left, bottom, right = scene.part
    if scene.filled[2:] == (1, 1):  # the right side is fill
        right = scene.filled[1]
    return cut(grid, box(grid, scene.part)), cut(grid, box(grid, (top, left, bottom, right))).bounds


def box(grid, place):
    """Return the window of `grid` at `place` (shares of its sides)."""
    top, left, bottom, right = (round(share * grid.width) for share in place)
    return Window(left, top, right - left, bottom - top)


def cut(grid, window):
    """Return the grid of a window of `grid`."""
    return Grid(grid.crs, transform(window, grid.transform), window.height, window.width)


def write_cog(path, values, grid, part, nodata, block_px):
    """Write the `part` of `values` (rows, columns) as a cloud-optimised GeoTIFF."""
    window = box(grid, part)
    grid, values = cut(grid, window), values[window.toslices()]
    path.parent.mkdir(parents=True, exist_ok=True)
    profile = {
        **{"driver": "GTiff", "count": 1, "dtype": values.dtype, "nodata": nodata},
        **{"crs": grid.crs, "transform": grid.transform},
        **{"height": grid.height, "width": grid.width},
    }
    cog = {
        **{"driver": "COG", "blocksize": block_px, "overview_count": 2},
        **{"compress": "deflate", "predictor": "yes"},
    }
    with MemoryFile() as memory:
        with memory.open(**profile) as dataset:
            dataset.write(values, 1)
        with memory.open() as dataset, rasterio.Env(GDAL_NUM_THREADS=1):
            copy(dataset, path, **cog)
