"""Items of a catalogue, checked: what the study uses of them, or why they are refused."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import pystac

from ...core.errors import StudyError
from ...core.raster import Grid
from ..sensors import sensor_of
from .geometry import check_same_place, crs_of, footprint, grid_of
from .scaling import stated_scaling
from .text import printable

SAFE_ID = re.compile(r"(?!\.+$)[A-Za-z0-9._-]{1,200}")
SAFE_CHECKSUM = re.compile(r"[A-Za-z0-9+/=:_-]{1,200}")
LANDSAT_ID = re.compile(r"L[A-Z]\d\d_(?P<level>L\d[A-Z]{2})_(?P<path>\d{3})\d{3}_\d{8}")
MAX_FILE_BYTES = 10**13
CALIBRATED_SINCE = {"Sentinel-1C": date(2025, 5, 20)}  # as OPERA assumes
OPERA_ID = re.compile(
    r"OPERA_L2_RTC-S1_T(?P<orbit>\d{3})-\d{6}-IW\d_\d{8}T\d{6}Z_\d{8}T\d{6}Z_S1(?P<unit>[A-Z])_"
)
SENTINEL2_ORBIT = re.compile(r"_R(\d{3})_")  # in the names of Sentinel-2 products
RADAR_GEOMETRY = ("GRD", "SLC", "OCN")  # Sentinel-1 products that are not terrain corrected


@dataclass(frozen=True)
class Asset:
    """A file of an item; size and checksum are None if the catalogue does not state them."""

    href: str  # without token
    size: int | None  # bytes
    checksum: str | None


@dataclass(frozen=True)
class Item:
    """The parts of a catalogue item that the study uses, all of them checked."""

    id: str
    collection: str
    datetime: datetime  # UTC
    geometry: dict[str, Any]  # GeoJSON in longitude and latitude
    track: str  # the same for items of one overflight
    orbit: str | None  # "ascending" or "descending"
    cloud_cover: float | None  # percent of the whole scene
    grid: Grid | None  # None if the catalogue does not state it, or states no usable one
    assets: dict[str, Asset]  # by band
    grid_fault: str | None = None  # what is wrong with the stated grid; that of the file is used
    scaling: tuple[float, float] | None = None  # scale, offset; None: those of the settings


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
    coarser: Collection[str] = ()
    scaling = None
    if sensor == "sar":
        track = _radar_track(item)
        _check_terrain_corrected(item, bands.values())
        _check_calibrated(track, item.id, moment)
    else:
        record = sensor_of(expected.get("sensor", ""))
        track, coarser = _optical_track(item), record.coarser
        scaling = stated_scaling(item, bands, expected, record)
    grid, grid_fault = None, None
    try:
        grid = _grid_of_bands(item, [bands[band] for band in bands if band not in coarser])
        if grid is not None:
            check_same_place(grid, geometry)
    except StudyError as error:
        grid, grid_fault = None, str(error)
    return Item(
        id=item.id,
        collection=expected["collection"],
        datetime=moment,
        geometry=geometry,
        track=track,
        orbit=_orbit(item.properties),
        cloud_cover=_cloud_cover(item.properties),
        grid=grid,
        assets={
            band: _checked_asset(asset, check_href, settings.get("alternate"))
            for band, asset in bands.items()
        },
        grid_fault=grid_fault,
        scaling=scaling,
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
    """Raise StudyError for a Level-1 item of Landsat or Sentinel-2."""
    by_id = LANDSAT_ID.match(item.id)
    level = item.properties.get("landsat:correction") or (by_id and by_id["level"])
    if item.properties.get("s2:product_type") == "S2MSI1C" or "_MSIL1C_" in item.id:
        level = "L1C"
    if isinstance(level, str) and level.startswith("L1"):
        raise StudyError(f"it is Level-1 ({printable(level, 10)}), not surface reflectance")


def _check_calibrated(track: str, name: str, moment: datetime) -> None:
    """Raise StudyError for a SAR scene of a satellite from before its calibration.

    track: starts with the satellite. name: the id, which names it if the properties do not.
    """
    for satellite, since in CALIBRATED_SINCE.items():
        short = f"S{satellite[-2:]}_"  # such as S1C_
        is_of = track.startswith(satellite.lower()) or name.startswith(short)
        if is_of and moment.date() < since:
            raise StudyError(f"{satellite} before {since} is not calibrated")


def _check_terrain_corrected(item: pystac.Item, assets: Iterable[pystac.Asset]) -> None:
    """Raise StudyError for a Sentinel-1 product in the geometry of the radar.

    Terrain-corrected items keep the product type of their source (GRD) in some catalogues. A
    product in radar geometry is therefore recognised by its CRS: none, or a geographic one for its
    control points.
    """
    kind = item.properties.get("sar:product_type", item.properties.get("product:type"))
    stated = [crs_of(item.properties, asset.extra_fields) for asset in assets]
    if any(name in str(kind) for name in RADAR_GEOMETRY) and not all(
        crs and crs.is_projected for crs in stated
    ):
        raise StudyError(f"it is not terrain corrected ({kind} without a projected grid)")


def _asset(item: pystac.Item, key: str) -> pystac.Asset:
    """Return the pystac Asset `key` of an item."""
    if key not in item.assets:
        keys = printable(", ".join(sorted(item.assets)), 200)
        raise StudyError(f"it has no asset {key!r} (it has {keys})")
    return item.assets[key]


def _alternate(asset: pystac.Asset, name: str | None) -> str | None:
    """Return another href of an asset, by its name (alternate-assets extension), None without."""
    try:
        return asset.extra_fields["alternate"][name]["href"] if name else None
    except (KeyError, TypeError):
        return None


def _checked_asset(
    asset: pystac.Asset, check_href: Callable[[str], str], alternate: str | None
) -> Asset:
    """Return the Asset in a pystac Asset. alternate: name of the href to take, if it has that."""
    if not isinstance(asset.href, str):
        raise StudyError("an asset's href is not text")
    size = asset.extra_fields.get("file:size")
    if size is not None and (type(size) is not int or not 0 < size < MAX_FILE_BYTES):
        raise StudyError(f"an asset's size, {printable(size, 40)}, is not a number of bytes")
    checksum = asset.extra_fields.get("file:checksum")
    if checksum is not None and not SAFE_CHECKSUM.fullmatch(str(checksum)):
        raise StudyError(f"an asset's checksum is {printable(checksum, 40)}")
    # A relative href stays relative if the item has no address of its own.
    href = check_href(_alternate(asset, alternate) or asset.get_absolute_href() or asset.href)
    return Asset(href, size, None if checksum is None else str(checksum))


def _grid_of_bands(item: pystac.Item, assets: Iterable[pystac.Asset]) -> Grid | None:
    """Return the common Grid of the assets, None if the item does not state it."""
    grids = [grid_of(item.properties, asset.extra_fields) for asset in assets]
    if any(grid != grids[0] for grid in grids):
        raise StudyError("its bands are on different grids")
    return grids[0]


def _orbit(properties: Mapping[str, Any]) -> str | None:
    """Return "ascending", "descending" or None."""
    state = str(properties.get("sat:orbit_state")).lower()
    return state if state in ("ascending", "descending") else None


def _cloud_cover(properties: Mapping[str, Any]) -> float | None:
    """Return the cloud cover of the whole scene in percent, or None."""
    share = properties.get("eo:cloud_cover")
    return float(share) if isinstance(share, (int, float)) and 0 <= share <= 100 else None


def _optical_track(item: pystac.Item) -> str:
    """Return satellite and WRS path or relative orbit, from the properties or else the id."""
    by_id = LANDSAT_ID.match(item.id)
    path = item.properties.get("landsat:wrs_path") or (by_id and by_id["path"])
    by_name = SENTINEL2_ORBIT.search(f"{item.id} {item.properties.get('s2:product_uri')}")
    orbit = item.properties.get("sat:relative_orbit") or (by_name and by_name[1])
    return _named_track(item, path=_digits(path, 3), orbit=_digits(orbit, 3))


def _radar_track(item: pystac.Item) -> str:
    """Return satellite, relative orbit, direction, and data take or else absolute orbit.

    Bursts of OPERA state none of them; their ids have the satellite and the relative orbit.
    """
    properties = item.properties
    if by_id := OPERA_ID.match(item.id):
        return f"sentinel-1{by_id['unit'].lower()} orbit {by_id['orbit']}"
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
    platform = str(item.properties.get("platform", "")).lower().replace("_", "-")
    if not re.fullmatch(r"[a-z0-9._-]{1,40}", platform):
        platform = "unknown"
    return " ".join([platform, *(f"{name} {value}" for name, value in parts.items() if value)])


def _digits(value: Any, width: int) -> str | None:
    """Return a whole number or the text of one, padded to `width` digits; None for others."""
    text = str(value)
    return text.zfill(width) if re.fullmatch(r"[0-9]{1,9}", text) else None
