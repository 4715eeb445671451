"""A static STAC catalogue of the products of a run: an item for each site, with relative links.

STAC 1.1 (https://stacspec.org), with the extensions projection, raster, processing and file.
"""

import re
from calendar import monthrange
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import pystac
from pystac.layout import AsIsLayoutStrategy
from rasterio.warp import transform_bounds, transform_geom

from ..core.files import describe_file, write_json
from ..core.grid import LONGITUDES, Grid
from ..core.raster import read_grid
from ..fusion.ensemble import deviation_name
from ..scenes.bands import BANDS
from ..scenes.landsat import sensor_named
from .bands import CLASSES, MADE, NAMES
from .facts import lineage

EXTENSIONS = [
    f"https://stac-extensions.github.io/{name}/schema.json"
    for name in ("projection/v2.0.0", "raster/v2.0.0", "processing/v1.2.0", "file/v2.1.0")
]
# How strptime reads a date that is a year or a month.
YEAR, MONTHS = "%Y", ("%Y-%m", "%B %Y", "%b %Y")
# STAC requires a time for each item. A scene without a date, or with one in other words, has no
# known time.
ANY_TIME = {"start_datetime": "0001-01-01T00:00:00Z", "end_datetime": "9999-12-31T23:59:59Z"}
SHA256 = "1220"  # first bytes of a multihash that is a SHA-256: its code, and its length in bytes


def write_catalogue(
    path: str | Path,
    study: str,
    items: Mapping[str | Path, pystac.Item],
    sensors: Iterable[str] = (),
) -> None:
    """Write the catalogue to `path`, and each of the items to its own path, below that.

    items: {path: Item}, with the assets of an item in the same folder. sensors: of the scenes, in
    words.
    """
    kind = "Landsat" if all(map(sensor_named, sensors)) else "Optical"
    catalogue = pystac.Catalog(
        f"sarfusion-{study}",
        f"{kind} scenes whose clouds were filled, with the uncertainty of the filled pixels",
        title=f"Cloud-free images of the study {study}",
        catalog_type=pystac.CatalogType.SELF_CONTAINED,
    )
    catalogue.set_self_href(Path(path).absolute().as_posix())
    for place, item in items.items():
        item.set_self_href(Path(place).absolute().as_posix())
        catalogue.add_item(item, set_parent=True, strategy=AsIsLayoutStrategy())
    for place, item in items.items():
        write_json(place, item.to_dict(include_self_link=False))
    write_json(path, catalogue.to_dict(include_self_link=False))


def item_of(
    site: str,
    picture: str | Path,
    styles: Mapping[str, str | Path],
    facts: Mapping[str, Any],
    scene: Mapping[str, Any],
    software: Mapping[str, str],
    catalogue_url: str | None = None,
) -> pystac.Item:
    """Return the Item of the product of a site.

    picture, styles: its files, in one folder; styles is {asset: path}. facts: those of the product
    (product.facts). scene: content of scene.json. software: {name: version}. catalogue_url: of the
    STAC API in which the scenes were found, None for scenes from elsewhere, which have no items to
    link to.
    """
    grid = read_grid(picture)
    date = scene["optical"]["date"]
    item = pystac.Item(
        id=site,
        geometry=footprint(grid),
        bbox=list(transform_bounds(grid.crs, LONGITUDES, *grid.bounds)),
        datetime=day_of(date),
        properties=span_of(date),
        stac_extensions=EXTENSIONS,
    )
    pixels = facts["pixels"]
    made = {kind.name.lower(): pixels.get(kind.name.lower(), 0) for kind in MADE}
    shown = pixels["measured"] + sum(made.values())
    item.properties |= {
        "title": f"{site} without clouds",
        "description": lineage(facts),
        "license": licence_code(scene["licence"]),
        "gsd": round(max(grid.pixel_m), 3),
        "proj:code": proj_code(grid),
        "proj:shape": list(grid.shape),
        "proj:transform": list(grid.transform)[:6],
        "proj:bbox": list(grid.bounds),
        "processing:lineage": lineage(facts),
        "processing:level": "L4",
        "processing:software": dict(software),
        "sarfusion:licence": scene["licence"],
        "sarfusion:study": facts["study"],
        "sarfusion:method": f"{facts['model']}-{facts['input']}",
        "sarfusion:filled_percent": _percent(sum(made.values()), shown),
        "sarfusion:from_date_percent": _percent(made["from_date"], shown),
    }
    if item.properties["proj:code"] is None:
        item.properties["proj:wkt2"] = grid.crs.to_wkt(version="WKT2_2019")
    item.add_asset("cloud_free", _asset(picture, pystac.MediaType.COG, "data", bands(grid)))
    for name, style in styles.items():
        item.add_asset(name, _asset(style, "application/xml", "metadata"))
    for link in source_links(scene["items"], catalogue_url):
        item.add_link(link)
    return item


def _percent(part: int, whole: int) -> float:
    return round(100 * part / whole, 2) if whole else 0.0


def _asset(path: str | Path, media_type: str, role: str, bands: Any = None) -> pystac.Asset:
    """Return the asset of a file, with its size and checksum. bands: of a raster."""
    facts = describe_file(path)
    fields = {"file:size": facts["bytes"], "file:checksum": f"{SHA256}{facts['sha256']}"}
    if bands:
        fields |= {"data_type": "float32", "nodata": "nan", "bands": bands}
    return pystac.Asset(
        f"./{Path(path).name}", media_type=media_type, roles=[role], extra_fields=fields
    )


def bands(grid: Grid) -> list[dict[str, Any]]:
    """Return the bands of the product, in the order of the file, as STAC describes them."""
    descriptions = {}
    for band in BANDS:
        descriptions[band] = f"reflectance, {band}"
        descriptions[deviation_name(band)] = (
            f"standard deviation of {band} where it was filled, else no data"
        )
    return [
        {
            "name": name,
            "description": descriptions.get(name, f"where a pixel comes from: {CLASSES}"),
            "unit": "1",
            "raster:sampling": "area",
            "raster:spatial_resolution": round(max(grid.pixel_m), 3),
        }
        for name in NAMES
    ]


def footprint(grid: Grid) -> dict[str, Any]:
    """Return the outline of a grid as GeoJSON, in longitude and latitude."""
    columns, rows = grid.corners
    x, y = grid.transform @ (columns.astype(float), rows.astype(float))
    ring = [*zip(x.tolist(), y.tolist(), strict=True)]
    outline = {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}
    found = transform_geom(grid.crs, LONGITUDES, outline, precision=7)
    return {
        "type": found["type"],
        "coordinates": [[list(place) for place in ring] for ring in found["coordinates"]],
    }


def proj_code(grid: Grid) -> str | None:
    """Return the code of a grid's CRS, such as EPSG:32648, None for a CRS without one."""
    code = grid.crs.to_authority()
    return ":".join(code) if code else None


def day_of(date: str | None) -> datetime | None:
    """Return the time of a scene from its date in scene.json, None unless that is in ISO format.

    A date may be in other words. A time without a zone is taken as UTC.
    """
    try:
        day = datetime.fromisoformat(date) if date else None
    except ValueError:
        return None
    return day.replace(tzinfo=UTC) if day and day.tzinfo is None else day


def span_of(date: str | None) -> dict[str, Any]:
    """Return the properties of an item that say when its scene was taken, {} if its date is a day.

    A month or a year is a span from its first second to its last. No date, or a date in other
    words, is any time. The words themselves are kept.
    """
    if day_of(date):
        return {}
    words = {"sarfusion:date": date} if date else {}
    for form in (YEAR, *MONTHS):
        try:
            first = datetime.strptime((date or "").strip(), form)
        except ValueError:
            continue
        month = 12 if form == YEAR else first.month
        last = f"{first.year:04}-{month:02}-{monthrange(first.year, month)[1]}T23:59:59Z"
        return {"start_datetime": f"{first.isoformat()}Z", "end_datetime": last, **words}
    return {**ANY_TIME, **words}


def licence_code(licence: str) -> str:
    """Return a licence in the form of STAC: its SPDX identifier; "other" if it is in words."""
    is_code = re.fullmatch(r"[\w.+-]+", licence, re.ASCII) and licence != "unknown"
    return licence if is_code else "other"


def source_links(items: Sequence[Mapping[str, Any]], url: str | None) -> list[pystac.Link]:
    """Return a link `derived_from` to each source item in the STAC API at `url`.

    Parts of the address that could be secret are left out. There are none for other catalogues:
    items in a folder, or a user's own files, have no address that others can follow.
    """
    if not url or "://" not in url:
        return []
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    api = urlunsplit((parts.scheme, place, parts.path.rstrip("/"), "", ""))
    return [
        pystac.Link(
            pystac.RelType.DERIVED_FROM,
            f"{api}/collections/{quote(item['collection'])}/items/{quote(item['id'])}",
            media_type=pystac.MediaType.GEOJSON,
            title=item["id"],
        )
        for item in items
    ]
