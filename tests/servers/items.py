"""STAC items with the same keys (and the same oddities) as those of Planetary Computer."""

from datetime import datetime, timedelta

from rasterio.warp import transform, transform_bounds

LANDSAT, SENTINEL = "landsat-c2-l2", "sentinel-1-rtc"
COG = "image/tiff; application=geotiff; profile=cloud-optimized"
EXTENSION = "https://stac-extensions.github.io"


def collections():
    """The collection documents."""
    return [
        {
            "type": "Collection",
            "stac_version": "1.0.0",
            "id": name,
            "title": title,
            "description": title,
            "license": "proprietary",
            "extent": {
                "spatial": {"bbox": [[-180, -90, 180, 90]]},
                "temporal": {"interval": [[begin, None]]},
            },
            "links": [],
        }
        for name, title, begin in (
            (LANDSAT, "Landsat Collection 2 Level-2", "1982-08-22T00:00:00Z"),
            (SENTINEL, "Sentinel 1 Radiometrically Terrain Corrected", "2014-10-10T00:28:21Z"),
        )
    ]


def landsat_item(scene, grid, bounds, files):
    """Return the item of a scenes.Optical in the file grid `grid`, with data inside `bounds`.

    files: {asset: the end of the file's name}. One more asset, nir08, has no file.
    """
    day, processed = datetime.fromisoformat(scene.day), timedelta(days=2)
    place = f"125{scene.row:03}"
    name = f"LC0{scene.spacecraft}_L2SP_{place}_{day:%Y%m%d}"
    product = f"{name}_{day + processed:%Y%m%d}_02_T1"
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "stac_extensions": [
            f"{EXTENSION}/raster/v1.1.0/schema.json",
            f"{EXTENSION}/eo/v1.0.0/schema.json",
            f"{EXTENSION}/view/v1.0.0/schema.json",
            f"{EXTENSION}/projection/v1.0.0/schema.json",
            f"{EXTENSION}/landsat/v2.0.0/schema.json",
        ],
        "id": f"{name}_02_T1",
        "collection": LANDSAT,
        **footprint(grid.crs, bounds),
        "properties": {
            "datetime": f"{scene.day}T03:07:41.396428Z",
            "created": f"{day + processed:%Y-%m-%d}T12:20:02.609948Z",
            "platform": f"landsat-{scene.spacecraft}",
            "instruments": ["oli", "tirs"],
            "gsd": 30,
            "description": "Landsat Collection 2 Level-2",
            "eo:cloud_cover": scene.cloud_cover,
            "view:off_nadir": 0,
            "view:sun_elevation": 57.84396063,
            "view:sun_azimuth": 112.2005908,
            "proj:epsg": grid.crs.to_epsg(),
            "proj:shape": list(grid.shape),
            "proj:transform": list(grid.transform)[:6],
            "landsat:cloud_cover_land": scene.cloud_cover,
            "landsat:wrs_type": "2",
            "landsat:wrs_path": place[:3],
            "landsat:wrs_row": place[3:],
            "landsat:collection_category": "T1",
            "landsat:collection_number": "02",
            "landsat:correction": "L2SP",
            "landsat:scene_id": f"LC{scene.spacecraft}{place}{day:%Y%j}LGN00",
            "sci:doi": "10.5066/P9OGBGM6",
        },
        "links": [
            {"rel": "cite-as", "href": "https://doi.org/10.5066/P9OGBGM6", "title": "Landsat 8-9"}
        ],
        "assets": {
            key: {
                "href": f"{LANDSAT}/{name}_02_T1/{product}_{ending}.TIF",
                "type": COG,
                "title": ending,
                "roles": ["data"],
            }
            for key, ending in {**files, "nir08": "SR_B5"}.items()
        },
    }


def sentinel_item(scene, grid, bounds):
    """Return the item of a scenes.Sar in the file grid `grid`, with data inside `bounds`."""
    start = datetime.fromisoformat(scene.start)
    end = start + timedelta(seconds=25)
    middle = start + (end - start) / 2
    # One data take for the slices of one pass.
    take = int(f"{start:%m%d}") + 0x66000
    absolute = 52_000 + scene.track
    polarisations = "1SDV" if "vh" in scene.bands else "1SSV"
    name = f"S1A_IW_GRDH_{polarisations}_{start:%Y%m%dT%H%M%S}_{end:%Y%m%dT%H%M%S}"
    name = f"{name}_{absolute:06}_{take:06X}_rtc"
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "stac_extensions": [
            f"{EXTENSION}/sar/v1.0.0/schema.json",
            f"{EXTENSION}/sat/v1.0.0/schema.json",
            f"{EXTENSION}/projection/v2.0.0/schema.json",
            f"{EXTENSION}/file/v2.0.0/schema.json",
            f"{EXTENSION}/raster/v1.1.0/schema.json",
            f"{EXTENSION}/sentinel-1/v0.2.0/schema.json",
        ],
        "id": name,
        "collection": SENTINEL,
        **footprint(grid.crs, bounds),
        "properties": {
            "datetime": f"{middle.isoformat()}Z",
            "start_datetime": f"{start:%Y-%m-%d %H:%M:%S}.146465+00:00",  # as in the real ones
            "end_datetime": f"{end:%Y-%m-%d %H:%M:%S}.145498+00:00",
            "platform": "SENTINEL-1A",
            "constellation": "Sentinel-1",
            "proj:code": grid.crs.to_string(),
            "proj:bbox": list(grid.bounds),
            "proj:shape": list(grid.shape),
            "proj:transform": list(grid.transform),
            "s1:datatake_id": str(take),
            "s1:slice_number": str(scene.slice),
            "s1:total_slices": "27",
            "s1:orbit_source": "RESORB",
            "sat:orbit_state": scene.orbit,
            "sat:absolute_orbit": absolute,
            "sat:relative_orbit": scene.track,
            "sat:platform_international_designator": "2014-016A",
            "sar:product_type": "GRD",
            "sar:polarizations": [band.upper() for band in scene.bands],
            "sar:frequency_band": "C",
            "sar:instrument_mode": "IW",
            "sar:center_frequency": 5.405,
            "sar:looks_equivalent_number": 4.4,
            "sar:observation_direction": "right",
            "processing:level": "L1",
        },
        "links": [],
        "assets": {
            band: {
                "href": f"{SENTINEL}/{name}/measurement/iw-{band}.rtc.tiff",
                "type": COG,
                "title": band.upper(),
                "roles": ["data"],
                "raster:bands": [
                    {"nodata": -32768, "data_type": "float32", "spatial_resolution": 10}
                ],
            }
            for band in scene.bands
        },
    }


def footprint(crs, bounds):
    """Return the geometry and bbox, in degrees, of `bounds` (left, bottom, right, top)."""
    left, bottom, right, top = bounds
    columns, rows = [left, left, right, right, left], [top, bottom, bottom, top, top]
    longitudes, latitudes = transform(crs, "EPSG:4326", columns, rows)
    return {
        "geometry": {
            "type": "Polygon",
            "coordinates": [[list(point) for point in zip(longitudes, latitudes, strict=True)]],
        },
        "bbox": list(transform_bounds(crs, "EPSG:4326", *bounds)),
    }
