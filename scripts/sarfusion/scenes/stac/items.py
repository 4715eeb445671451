"""One item of a catalogue, read with suspicion: what the study can use, or why it cannot."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from ...core.errors import StudyError
from ...core.raster import Grid
from .geometry import check_same_place, footprint, grid_of
from .text import printable

SAFE_ID = re.compile(r"(?!\.+$)[A-Za-z0-9._-]{1,200}")
SAFE_CHECKSUM = re.compile(r"[A-Za-z0-9+/=:_-]{1,200}")
LANDSAT_ID = re.compile(r"L[A-Z]\d\d_(?P<level>L\d[A-Z]{2})_(?P<path>\d{3})\d{3}_\d{8}")
MOST_BYTES = 10**13  # of one file
NOT_CORRECTED = ("GRD", "SLC", "OCN")  # Sentinel-1 products in the geometry of the radar


@dataclass(frozen=True)
class Asset:
    """A file of an item: its href without token; its size in bytes and checksum, where stated."""

    href: str
    size: int | None
    checksum: str | None


@dataclass(frozen=True)
class Item:
    """What the study uses of a catalogue item, all of it checked.

    datetime is in UTC; geometry is GeoJSON in longitude and latitude; items of one overflight
    have one track; orbit is "ascending", "descending" or None; cloud_cover is percent of the
    whole scene or None; grid is None where the catalogue does not state it; assets are by band.
    """

    id: str
    collection: str
    datetime: datetime
    geometry: dict
    track: str
    orbit: str | None
    cloud_cover: float | None
    grid: Grid | None
    assets: dict[str, Asset]


@dataclass(frozen=True)
class Refused:
    """An item that was seen and not used, and why."""

    sensor: str
    id: str
    reason: str
    datetime: datetime | None
    track: str = ""
    cloud_cover: float | None = None


def read_items(found, sensor, settings, check_href):
    """Return (usable Items, Refused ones) of the pystac Items `found`; see `read_item`."""
    usable, refused = [], []
    for item in found:
        try:
            usable.append(read_item(item, sensor, settings, check_href))
        except StudyError as error:
            refused.append(Refused(sensor, printable(item.id, 200), str(error), time_of(item)))
    return usable, refused


def read_item(item, sensor, settings, check_href):
    """Return the Item in a pystac Item.

    sensor: "optical" or "sar". settings: of the catalogue. check_href: a function from an href
    to the same without its token (Catalogue.check_href).
    Raises StudyError, with the bare reason, where the study cannot or must not use the item.
    """
    wanted = settings[sensor]
    if not isinstance(item.id, str) or not SAFE_ID.fullmatch(item.id):
        raise StudyError(f"the id {printable(item.id, 40)} is not a plain name")
    if item.collection_id not in (None, wanted["collection"]):
        raise StudyError(f"it is of the collection {printable(item.collection_id, 40)}")
    moment = time_of(item)
    if moment is None:
        raise StudyError("it does not say when it was taken")
    if sensor == "sar":
        _check_polarisations(item.properties)
    else:
        _check_level(item)
    bands = {band: _asset(item, key) for band, key in wanted["assets"].items()}
    geometry = footprint(item.geometry)
    grid = _grid_of_bands(item, bands.values())
    if sensor == "sar":
        _check_terrain_corrected(item.properties, grid)
    if grid is not None:
        check_same_place(grid, geometry)
    return Item(
        id=item.id,
        collection=wanted["collection"],
        datetime=moment,
        geometry=geometry,
        track=_radar_track(item) if sensor == "sar" else _landsat_track(item),
        orbit=_orbit(item.properties),
        cloud_cover=_cloud_cover(item.properties),
        grid=grid,
        assets={band: _checked_asset(asset, check_href) for band, asset in bands.items()},
    )


def time_of(item):
    """Return when a pystac Item was taken (UTC), or None; a range of time counts from its start."""
    try:
        moment = item.datetime or datetime.fromisoformat(item.properties.get("start_datetime"))
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):  # the last, in the first or the last year
        return None


def _check_polarisations(properties):
    """Raise StudyError where the item says that it lacks VV or VH."""
    stated = properties.get("sar:polarizations")
    if isinstance(stated, list) and not {"VV", "VH"} <= {str(name).upper() for name in stated}:
        names = printable(", ".join(map(str, stated)), 40)
        raise StudyError(f"it has the polarisations {names}, not VV and VH")


def _check_level(item):
    """Raise StudyError for a Level-1 Landsat item."""
    by_id = LANDSAT_ID.match(item.id)
    level = item.properties.get("landsat:correction") or (by_id and by_id["level"])
    if isinstance(level, str) and level.startswith("L1"):
        raise StudyError(f"it is Level-1 ({printable(level, 10)}), not surface reflectance")


def _check_terrain_corrected(properties, grid):
    """Raise StudyError for a Sentinel-1 product that lies in the geometry of the radar.

    Terrain-corrected items keep the product type of their source (GRD) in some catalogues, so
    that a GRD is told by its grid: none, or a geographic one that stands for control points.
    """
    kind = properties.get("sar:product_type", properties.get("product:type"))
    if kind in NOT_CORRECTED and (grid is None or not grid.crs.is_projected):
        raise StudyError(f"it is not terrain corrected ({kind} without a projected grid)")


def _asset(item, key):
    """Return the pystac Asset `key` of an item."""
    if key not in item.assets:
        keys = printable(", ".join(sorted(item.assets)), 200)
        raise StudyError(f"it has no asset {key!r} (it has {keys})")
    return item.assets[key]


def _checked_asset(asset, check_href):
    """Return the Asset in a pystac Asset."""
    if not isinstance(asset.href, str):
        raise StudyError("an asset's href is no text")
    size = asset.extra_fields.get("file:size")
    if size is not None and (type(size) is not int or not 0 < size < MOST_BYTES):
        raise StudyError(f"an asset's size, {printable(size, 40)}, is no count of bytes")
    checksum = asset.extra_fields.get("file:checksum")
    if checksum is not None and not SAFE_CHECKSUM.fullmatch(str(checksum)):
        raise StudyError(f"an asset's checksum is {printable(checksum, 40)}")
    # A relative href stays one where the item does not say where it lies itself.
    href = check_href(asset.get_absolute_href() or asset.href)
    return Asset(href, size, None if checksum is None else str(checksum))


def _grid_of_bands(item, assets):
    """Return the one Grid of the assets; None where the item does not state it."""
    grids = [grid_of(item.properties, asset.extra_fields) for asset in assets]
    if any(grid != grids[0] for grid in grids):
        raise StudyError("its bands lie on different grids")
    return grids[0]


def _orbit(properties):
    """Return "ascending", "descending" or None."""
    state = str(properties.get("sat:orbit_state")).lower()
    return state if state in ("ascending", "descending") else None


def _cloud_cover(properties):
    """Return the cloud cover of the whole scene in percent, or None."""
    share = properties.get("eo:cloud_cover")
    known = isinstance(share, (int, float)) and 0 <= share <= 100
    return float(share) if known else None


def _landsat_track(item):
    """Return satellite and WRS path, from the properties or, failing them, the id."""
    by_id = LANDSAT_ID.match(item.id)
    path = item.properties.get("landsat:wrs_path") or (by_id and by_id["path"])
    return _named_track(item, path=_digits(path, 3))


def _radar_track(item):
    """Return satellite, orbit, direction and the data take, or the absolute orbit without it."""
    properties = item.properties
    take = str(properties.get("s1:datatake_id", ""))
    absolute = _digits(properties.get("sat:absolute_orbit"), 6)
    return _named_track(
        item,
        orbit=_digits(properties.get("sat:relative_orbit"), 3),
        direction=_orbit(properties),
        take=take if re.fullmatch(r"[A-Za-z0-9]{1,12}", take) else absolute,
    )


def _named_track(item, **parts):
    """Return the platform and the known `parts` as one line, such as "landsat-9 path 127"."""
    platform = str(item.properties.get("platform", "")).lower()
    if not re.fullmatch(r"[a-z0-9._-]{1,40}", platform):
        platform = "unknown"
    return " ".join([platform, *(f"{name} {value}" for name, value in parts.items() if value)])


def _digits(value, width):
    """Return a whole number, or the text of one, padded to `width` digits; else None."""
    text = str(value)
    return text.zfill(width) if re.fullmatch(r"[0-9]{1,9}", text) else None
