"""Items of a catalogue, checked: what the study uses of them, or why they are refused."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pystac

from ...core.errors import StudyError
from ...core.raster import Grid
from .geometry import check_same_place, footprint, grid_of
from .text import printable

SAFE_ID = re.compile(r"(?!\.+$)[A-Za-z0-9._-]{1,200}")
SAFE_CHECKSUM = re.compile(r"[A-Za-z0-9+/=:_-]{1,200}")
LANDSAT_ID = re.compile(r"L[A-Z]\d\d_(?P<level>L\d[A-Z]{2})_(?P<path>\d{3})\d{3}_\d{8}")
MAX_FILE_BYTES = 10**13
RADAR_GEOMETRY = ("GRD", "SLC", "OCN")  # Sentinel-1 products that are not terrain corrected


@dataclass(frozen=True)
class Asset:
    """A file of an item; size and checksum are None if the catalogue does not state them."""

    href: str  # without token
    size: int | None  # bytes
    checksum: str | None


@dataclass(frozen=True)
class Item:
    """What the study uses of a catalogue item, all of it checked."""

    id: str
    collection: str
    datetime: datetime  # UTC
    geometry: dict[str, Any]  # GeoJSON in longitude and latitude
    track: str  # the same for items of one overflight
    orbit: str | None  # "ascending" or "descending"
    cloud_cover: float | None  # percent of the whole scene
    grid: Grid | None  # None if the catalogue does not state it
    assets: dict[str, Asset]  # by band


@dataclass(frozen=True)
class Refused:
    """An item that is not used, and the reason."""

    sensor: str
    id: str
    reason: str
    datetime: datetime | None
    track: str = ""
    cloud_cover: float | None = None


def read_items(
    items: Iterable[pystac.Item],
    sensor: str,
    settings: Mapping[str, Any],
    check_href: Callable[[str], str],
) -> tuple[list[Item], list[Refused]]:
    """Return (usable Items, Refused ones) of pystac Items; see `read_item`."""
    usable, refused = [], []
    for item in items:
        try:
            usable.append(read_item(item, sensor, settings, check_href))
        except StudyError as error:
            refused.append(Refused(sensor, printable(item.id, 200), str(error), time_of(item)))
    return usable, refused


def read_item(
    item: pystac.Item,
    sensor: str,
    settings: Mapping[str, Any],
    check_href: Callable[[str], str],
) -> Item:
    """Return the Item in a pystac Item.

    sensor: "optical" or "sar". settings: of the catalogue. check_href: returns an href without
    its token (Catalogue.check_href). Raises StudyError, whose message is only the reason, if the
    study cannot or must not use the item.
    """
    expected = settings[sensor]
    if not isinstance(item.id, str) or not SAFE_ID.fullmatch(item.id):
        raise StudyError(f"the id {printable(item.id, 40)} is not a plain name")
    if item.collection_id not in (None, expected["collection"]):
        raise StudyError(f"it is of the collection {printable(item.collection_id, 40)}")
    moment = time_of(item)
    if moment is None:
        raise StudyError("it does not say when it was taken")
    if sensor == "sar":
        _check_polarisations(item.properties)
    else:
        _check_level(item)
    bands = {band: _asset(item, key) for band, key in expected["assets"].items()}
    geometry = footprint(item.geometry)
    grid = _grid_of_bands(item, bands.values())
    if sensor == "sar":
        _check_terrain_corrected(item.properties, grid)
    if grid is not None:
        check_same_place(grid, geometry)
    return Item(
        id=item.id,
        collection=expected["collection"],
        datetime=moment,
        geometry=geometry,
        track=_radar_track(item) if sensor == "sar" else _landsat_track(item),
        orbit=_orbit(item.properties),
        cloud_cover=_cloud_cover(item.properties),
        grid=grid,
        assets={band: _checked_asset(asset, check_href) for band, asset in bands.items()},
    )


def time_of(item: pystac.Item) -> datetime | None:
    """Return the acquisition time of a pystac Item in UTC, or None; the start of a time range."""
    try:
        moment = item.datetime or datetime.fromisoformat(item.properties["start_datetime"])
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (KeyError, TypeError, ValueError, OverflowError):  # overflow: in year 1 or 9999
        return None


def _check_polarisations(properties: Mapping[str, Any]) -> None:
    """Raise StudyError if the stated polarisations lack VV or VH."""
    stated = properties.get("sar:polarizations")
    if isinstance(stated, list) and not {"VV", "VH"} <= {str(name).upper() for name in stated}:
        names = printable(", ".join(map(str, stated)), 40)
        raise StudyError(f"it has the polarisations {names}, not VV and VH")


def _check_level(item: pystac.Item) -> None:
    """Raise StudyError for a Level-1 Landsat item."""
    by_id = LANDSAT_ID.match(item.id)
    level = item.properties.get("landsat:correction") or (by_id and by_id["level"])
    if isinstance(level, str) and level.startswith("L1"):
        raise StudyError(f"it is Level-1 ({printable(level, 10)}), not surface reflectance")


def _check_terrain_corrected(properties: Mapping[str, Any], grid: Grid | None) -> None:
    """Raise StudyError for a Sentinel-1 product in the geometry of the radar.

    Terrain-corrected items keep the product type of their source (GRD) in some catalogues. A
    product in radar geometry is therefore recognised by its grid: none, or a geographic one for
    its control points.
    """
    kind = properties.get("sar:product_type", properties.get("product:type"))
    if kind in RADAR_GEOMETRY and (grid is None or not grid.crs.is_projected):
        raise StudyError(f"it is not terrain corrected ({kind} without a projected grid)")


def _asset(item: pystac.Item, key: str) -> pystac.Asset:
    """Return the pystac Asset `key` of an item."""
    if key not in item.assets:
        keys = printable(", ".join(sorted(item.assets)), 200)
        raise StudyError(f"it has no asset {key!r} (it has {keys})")
    return item.assets[key]


def _checked_asset(asset: pystac.Asset, check_href: Callable[[str], str]) -> Asset:
    """Return the Asset in a pystac Asset."""
    if not isinstance(asset.href, str):
        raise StudyError("an asset's href is no text")
    size = asset.extra_fields.get("file:size")
    if size is not None and (type(size) is not int or not 0 < size < MAX_FILE_BYTES):
        raise StudyError(f"an asset's size, {printable(size, 40)}, is no count of bytes")
    checksum = asset.extra_fields.get("file:checksum")
    if checksum is not None and not SAFE_CHECKSUM.fullmatch(str(checksum)):
        raise StudyError(f"an asset's checksum is {printable(checksum, 40)}")
    # A relative href stays relative if the item has no address of its own.
    href = check_href(asset.get_absolute_href() or asset.href)
    return Asset(href, size, None if checksum is None else str(checksum))


def _grid_of_bands(item: pystac.Item, assets: Iterable[pystac.Asset]) -> Grid | None:
    """Return the common Grid of the assets, None if the item does not state it."""
    grids = [grid_of(item.properties, asset.extra_fields) for asset in assets]
    if any(grid != grids[0] for grid in grids):
        raise StudyError("its bands lie on different grids")
    return grids[0]


def _orbit(properties: Mapping[str, Any]) -> str | None:
    """Return "ascending", "descending" or None."""
    state = str(properties.get("sat:orbit_state")).lower()
    return state if state in ("ascending", "descending") else None


def _cloud_cover(properties: Mapping[str, Any]) -> float | None:
    """Return the cloud cover of the whole scene in percent, or None."""
    share = properties.get("eo:cloud_cover")
    return float(share) if isinstance(share, (int, float)) and 0 <= share <= 100 else None


def _landsat_track(item: pystac.Item) -> str:
    """Return satellite and WRS path, from the properties or else the id."""
    by_id = LANDSAT_ID.match(item.id)
    path = item.properties.get("landsat:wrs_path") or (by_id and by_id["path"])
    return _named_track(item, path=_digits(path, 3))


def _radar_track(item: pystac.Item) -> str:
    """Return satellite, relative orbit, direction, and data take or else absolute orbit."""
    properties = item.properties
    take = str(properties.get("s1:datatake_id", ""))
    absolute = _digits(properties.get("sat:absolute_orbit"), 6)
    return _named_track(
        item,
        orbit=_digits(properties.get("sat:relative_orbit"), 3),
        direction=_orbit(properties),
        take=take if re.fullmatch(r"[A-Za-z0-9]{1,12}", take) else absolute,
    )


def _named_track(item: pystac.Item, **parts: str | None) -> str:
    """Return the platform and the known `parts` as one line, such as "landsat-9 path 127"."""
    platform = str(item.properties.get("platform", "")).lower()
    if not re.fullmatch(r"[a-z0-9._-]{1,40}", platform):
        platform = "unknown"
    return " ".join([platform, *(f"{name} {value}" for name, value in parts.items() if value)])


def _digits(value: Any, width: int) -> str | None:
    """Return a whole number or the text of one, padded to `width` digits; None for others."""
    text = str(value)
    return text.zfill(width) if re.fullmatch(r"[0-9]{1,9}", text) else None
