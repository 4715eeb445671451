"""What a download transfers and how long it takes, compared with odc-stac; run by hand.

    python tests/benchmarks/bench_download.py [PYTHON]

PYTHON is an interpreter that has odc-stac, which this project does not need otherwise:

    python -m venv /tmp/odc && /tmp/odc/bin/pip install odc-stac

A window of 21 x 21 km is taken from a Landsat scene (5 bands, 30 m) and a Sentinel-1 scene
(2 bands, 10 m) by a server on loopback. Each way runs several times, in turn, in a process of its
own, since GDAL keeps what it has read; imports are not timed. `read` gives arrays, as odc-stac
does; `download` also sums the pixels and writes compressed GeoTIFFs, as a study does. All must
give the same pixels. Needs 2 GB of disk for a while.
"""

import hashlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS.parent / "scripts")]

RUNS = 7
PARALLEL_FILES = 4  # files, as scripts/sarfusion/scenes/stac/download.py has it
EPSG, LEFT, TOP = 32648, 500_000.0, 2_400_000.0
# Name: pixels a side, metres, tile, bands, (first pixel, pixels) of the window, rows and columns.
SCENES = {
    "optical": (7600, 30.0, 256, ("red", "green", "blue", "qa_pixel", "qa_radsat"), (3001, 700)),
    "sar": (9000, 10.0, 512, ("vv", "vh"), (3003, 2100)),
}


def make_scenes(folder):
    """Write a cloud-optimised GeoTIFF for each band into `folder`."""
    import numpy as np
    from rasterio.io import MemoryFile
    from rasterio.shutil import copy
    from rasterio.transform import from_origin

    for name, (side, pixel_m, tile, bands, _) in SCENES.items():
        for seed, band in enumerate(bands):
            array = terrain(np.random.default_rng(seed), side)
            if name == "sar":
                speckle = np.random.default_rng(seed).gamma(4, 0.25, array.shape)
                array = (0.2 * array * speckle).astype("float32")
            elif band.startswith("qa"):
                array = np.where(array > 0.7, 22280, 21824).astype("uint16")
            else:
                array = (7000 + 13000 * array).astype("uint16")
            profile = {
                "driver": "GTiff",
                "height": side,
                "width": side,
                "count": 1,
                "dtype": array.dtype,
                "crs": f"EPSG:{EPSG}",
                "transform": from_origin(LEFT, TOP, pixel_m, pixel_m),
                "nodata": -32768 if name == "sar" else 0,
            }
            with MemoryFile() as memory:
                with memory.open(**profile) as dataset:
                    dataset.write(array, 1)
                options = {"blocksize": tile, "compress": "deflate", "predictor": 2}
                options |= {"predictor": 3} if name == "sar" else {}
                copy(memory.name, folder / f"{band}.tif", driver="COG", **options)


def terrain(rng, side):
    """Return numbers from 0 to 1 (side, side) that are smooth and rough as ground is."""
    import numpy as np

    total = np.zeros((side, side), np.float32)
    for step in (512, 128, 32, 8):
        coarse = rng.standard_normal((side // step + 1, side // step + 1)).astype(np.float32)
        total += np.kron(coarse, np.full((step, step), step**0.4, np.float32))[:side, :side]
    total += 0.5 * rng.standard_normal((side, side), np.float32)
    return (total - total.min()) / np.ptp(total)


def ours(url, folder, keep):
    """Take the windows our way, into files if `keep`; return {band: sha256 of its pixels}."""
    from rasterio.windows import Window
    from sarfusion.scenes.stac.cog import download_window, pixel_sha256, read_window
    from sarfusion.scenes.stac.remote import Remote

    remote = Remote({"url": url, "signing": "none", "allow_s3": False})

    def take(task):
        band, window = task
        href = f"{url}/{band}.tif"
        if keep:
            return download_window(remote, href, window, Path(folder, f"{band}.out.tif"))["sha256"]
        return pixel_sha256(read_window(remote, href, window)[0])

    tasks = [
        (band, Window(first, first, size, size))
        for *_, bands, (first, size) in SCENES.values()
        for band in bands
    ]
    with ThreadPoolExecutor(PARALLEL_FILES) as pool:
        return dict(zip([band for band, _ in tasks], pool.map(take, tasks), strict=True))


def odc(url):
    """Take the windows by odc-stac; return {band: sha256 of its pixels} as ours."""
    from affine import Affine
    from odc.geo.geobox import GeoBox
    from odc.stac import configure_rio, load
    from pystac import Item

    configure_rio(cloud_defaults=True)
    sums = {}
    for name, (side, pixel_m, _, bands, (first, size)) in SCENES.items():
        place = Affine(pixel_m, 0, LEFT, 0, -pixel_m, TOP)
        item = Item.from_dict(as_item(url, name, side, place, bands))
        geobox = GeoBox((size, size), place * Affine.translation(first, first), f"EPSG:{EPSG}")
        data = load([item], bands=bands, geobox=geobox, pool=PARALLEL_FILES)
        for band in bands:
            numbers = data[band].values[0]
            label = f"{numbers.dtype.name} {size} {size}\n".encode()
            sums[band] = hashlib.sha256(label + numbers.tobytes()).hexdigest()
    return sums


def as_item(url, name, side, place, bands):
    """Return a STAC item of one scene."""
    kind = {"data_type": "float32", "nodata": -32768} if name == "sar" else {"data_type": "uint16"}
    square = [[105, 21], [106, 21], [106, 22], [105, 22], [105, 21]]
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "stac_extensions": [
            "https://stac-extensions.github.io/projection/v1.1.0/schema.json",
            "https://stac-extensions.github.io/raster/v1.1.0/schema.json",
        ],
        "id": name,
        "collection": name,
        "geometry": {"type": "Polygon", "coordinates": [square]},
        "bbox": [105, 21, 106, 22],
        "properties": {
            "datetime": "2024-01-01T00:00:00Z",
            "proj:epsg": EPSG,
            "proj:shape": [side, side],
            "proj:transform": list(place)[:6],
        },
        "links": [],
        "assets": {
            band: {
                "href": f"{url}/{band}.tif",
                "type": "image/tiff; application=geotiff; profile=cloud-optimized",
                "roles": ["data"],
                "raster:bands": [kind],
            }
            for band in bands
        },
    }


def run(way, url, folder):
    """Do one run, and print its seconds and sums: what each process of the benchmark does."""
    warm = {
        "odc": lambda: __import__("odc.stac"),
        "read": lambda: __import__("sarfusion.scenes.stac.cog"),
    }
    warm.get(way, warm["read"])()
    start = time.perf_counter()
    sums = odc(url) if way == "odc" else ours(url, folder, way == "download")
    print(json.dumps([time.perf_counter() - start, sums]))


def planned(folder):
    """Return (bytes of the tiles that the windows touch, bytes of their pixels)."""
    import rasterio
    from rasterio.windows import Window
    from sarfusion.scenes.stac.cog import planned_bytes

    tiles = pixels = 0
    for *_, bands, (first, size) in SCENES.values():
        for band in bands:
            with rasterio.open(folder / f"{band}.tif") as dataset:
                tiles += planned_bytes(dataset, Window(first, first, size, size))
                pixels += size * size * (4 if dataset.dtypes[0] == "float32" else 2)
    return tiles, pixels


def main(odc_python):
    """Print the table."""
    from servers.files import FileServer

    ways = {"read": sys.executable, "download": sys.executable}
    if odc_python:
        ways["odc"] = odc_python
    else:
        print("odc-stac is not compared: name an interpreter that has it, see the script's head")
    with tempfile.TemporaryDirectory() as name, FileServer(name) as server:
        folder = Path(name)
        make_scenes(folder)
        tiles, pixels = planned(folder)
        print(f"{tiles / 1e6:.2f} MB in the tiles touched, {pixels / 1e6:.2f} MB of pixels")
        found = {way: [] for way in ways}
        for _ in range(RUNS):
            for way, python in ways.items():
                server.forget()
                command = [python, __file__, "run", way, server.url, name]
                done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
                seconds, sums = json.loads(done.stdout.splitlines()[-1])
                found[way].append((seconds, server.bytes_sent, len(server.requests), sums))
        print("way        MB moved  / tiles  / pixels  requests  seconds (median, least, most)")
        for way, runs in found.items():
            seconds, (moved, *_), (requests, *_), sums = zip(*runs, strict=True)
            assert set(map(str, sums)) == {str(found["read"][0][3])}, f"{way}: other pixels"
            print(
                f"{way:10s} {moved / 1e6:8.2f} {moved / tiles:8.3f} {moved / pixels:9.3f}"
                f" {requests:9d}  {statistics.median(seconds):.3f}"
                f" {min(seconds):.3f} {max(seconds):.3f}"
            )


if __name__ == "__main__":
    if sys.argv[1:2] == ["run"]:
        run(*sys.argv[2:])
    else:
        main(*sys.argv[1:2] or [None])
