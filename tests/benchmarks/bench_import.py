"""How long it takes to import whole scenes of your own, and how much memory; run by hand.

    python tests/benchmarks/bench_import.py [--sizes 2280 7600] [--columns 16000] [--rows 26000]

A simulated city is tiled to a SAR file of --rows x --columns pixels of 10 m, VV and VH in dB as
float32, and to an optical file of --sizes pixels of 30 m a side in its north-west, red, green and
blue. import_scene reads both and writes the raw scenes, of SAR what lies under the optical scene.
Each run is a process of its own; imports of packages are not timed. Needs 10 GB of disk.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "benchmarks"), str(TESTS.parent / "scripts")]

TILE_PX = 256  # of the city that is repeated, at 30 m


def run_make(folder, size, rows, columns):
    """Write o.tif and s.tif, uncompressed."""
    import numpy as np
    import rasterio
    from sarfusion.core.grid import Grid
    from sarfusion.core.raster import profile_for, strips
    from sarfusion.scenes import simulate

    city = simulate.simulate_city(TILE_PX, seed=1, looks=4)
    db = 10 * np.log10(np.maximum(city.sar, 1e-4))
    files = {
        "o.tif": (city.optical[:3], city.optical_grid, (size, size), 0),
        "s.tif": (np.nan_to_num(db, nan=-9999), city.sar_grid, (rows, columns), -9999),
    }
    for name, (tile, corner, shape, nodata) in files.items():
        place = Grid(corner.crs, corner.transform, *shape)
        profile = profile_for(place, len(tile), tile.dtype, nodata)
        for key in ("compress", "predictor"):
            del profile[key]
        with rasterio.open(folder / name, "w", **profile) as target:
            for window in strips(shape):
                down, across = (
                    np.arange(span.start, span.stop) % side
                    for span, side in zip(window.toslices(), tile.shape[1:], strict=True)
                )
                target.write(tile[:, down[:, None], across], window=window)
    return {}


def run_import(folder):
    """Import the files; return the seconds of a core."""
    import import_scene

    bands = {band: ("o.tif", number) for number, band in enumerate(("red", "green", "blue"), 1)}
    bands |= {band: ("s.tif", number) for number, band in enumerate(("vv", "vh"), 1)}
    entries = {name: {"path": file, "band": number} for name, (file, number) in bands.items()}
    about = {"sensor": "simulated", "date": None}
    optical = {name: entries[name] for name in ("red", "green", "blue")}
    sar = {name: entries[name] for name in ("vv", "vh")}
    settings = {
        "optical": {**optical, "scale": 2.75e-5, "offset": -0.2, **about},
        "sar": {**sar, "unit": "db", **about},
        "trust_values": False,
        "licence": "none",
    }
    start = time.process_time()
    import_scene.main(
        site="tiled",
        site_settings=settings,
        rasters={
            f"{sensor}.{name}": str(folder / entry["path"])
            for sensor, named in (("optical", optical), ("sar", sar))
            for name, entry in named.items()
        },
        optical=folder / "optical.tif",
        sar=folder / "sar.tif",
        metadata=folder / "scene.json",
    )
    return {"seconds": time.process_time() - start}


def measured(folder, kind, *arguments):
    """Run one of the above in a process of its own; return its Outcome."""
    from children import contend

    command = [sys.executable, __file__, "--run", kind, str(folder), *map(str, arguments)]
    return contend({kind: command}, 1)[kind]


def main(sizes, rows, columns):
    """Print the table."""
    from children import table

    found = [("optical file", "SAR file", "on disk", "seconds of a core", "memory")]
    for size in sizes:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            measured(folder, "make", size, rows, columns)
            disk = sum(path.stat().st_size for path in folder.iterdir())
            ours = measured(folder, "import")
        found.append(
            (
                f"{size} x {size} px",
                f"{columns} x {rows} px",
                f"{disk / 1e9:.1f} GB",
                f"{ours.figures['seconds']:.0f}",
                f"{ours.memory / 1e9:.2f} GB",
            )
        )
    print(table(found))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[2280, 7600])
    parser.add_argument("--rows", type=int, default=26000)
    parser.add_argument("--columns", type=int, default=16000)
    parser.add_argument("--run", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        kind, place, *rest = options.run
        print(json.dumps(globals()[f"run_{kind}"](Path(place), *map(int, rest))))
    else:
        main(options.sizes, options.rows, options.columns)
