"""Megapixels per second in fusing, compared with a plain loop over windows; run by hand.

    python tests/benchmarks/bench_fusing.py [--size 7600]

Ours is the script of the rule fuse_scene, from raster to raster. The plain loop reads windows with
a halo, one after the other, fuses each by PyTorch's own layers and writes it, as most would.
Networks are those of a study, with random weights; both may use all cores. Needs 2 GB of disk for
a while.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "benchmarks"), str(TESTS.parent / "scripts")]

RUNS = 3
WINDOW_PX = 256  # of the plain loop: a tile of the file
THREADS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
SCALING = {"low": None, "high": None, "mean": 0.1, "std": 0.05}
NAMES = ["red", "ratio_db"]


def run_make(folder, size):
    """Write a stack of `size` pixels a side by repeating noise, and two models."""
    import numpy as np
    import torch
    from rasterio.crs import CRS
    from rasterio.transform import from_origin
    from sarfusion.core.raster import Grid, write_raster
    from sarfusion.fusion import checkpoint
    from sarfusion.fusion.networks import build

    rng = np.random.default_rng(0)
    tile = rng.normal(0.1, 0.05, (2, 500, 500)).round(4).astype(np.float32)
    size = int(size)
    times = -(-size // 500)
    bands = np.tile(tile, (1, times, times))[:, :size, :size]
    grid = Grid(CRS.from_epsg(32648), from_origin(500_000, 2_400_000, 30, 30), size, size)
    write_raster(folder / "stack.tif", bands, grid, NAMES, np.nan)
    for network in ("cnn", "cae"):
        torch.manual_seed(0)
        record = {"network": network, "channels": NAMES, "options": {}, "band": "red"}
        record["scaling"] = dict.fromkeys(NAMES, SCALING)
        net = build(network, len(NAMES), {})
        checkpoint.save(net, record, folder / f"{network}.safetensors", folder / f"{network}.json")
    return 0


def run_ours(folder, network):
    """Fuse by the project's own script."""
    import fuse_scene

    start = time.perf_counter()
    fuse_scene.main(
        optical=[folder / "stack.tif"],
        sar=[folder / "stack.tif"],
        weights=[folder / f"{network}.safetensors"],
        records=[folder / f"{network}.json"],
        fused=[folder / "ours.tif"],
        tile_px=512,
        device="cpu",
        threads=THREADS,
    )
    return time.perf_counter() - start


def run_plain(folder, network):
    """Fuse window by window, in one thread beside those of PyTorch."""
    import numpy as np
    import rasterio
    import torch
    from rasterio.windows import Window
    from sarfusion.fusion import checkpoint
    from sarfusion.fusion.convolutions import use_library_layers

    torch.set_num_threads(THREADS)
    start = time.perf_counter()
    net, _ = checkpoint.load(folder / f"{network}.safetensors", folder / f"{network}.json")
    use_library_layers(net)
    halo = -(-net.radius // net.multiple) * net.multiple
    with rasterio.open(folder / "stack.tif") as source:
        profile = source.profile | {"count": 1}
        with rasterio.open(folder / "plain.tif", "w", **profile) as target, torch.no_grad():
            for row in range(0, source.height, WINDOW_PX):
                for column in range(0, source.width, WINDOW_PX):
                    top, left = max(0, row - halo), max(0, column - halo)
                    height = min(source.height, row + WINDOW_PX + halo) - top
                    width = min(source.width, column + WINDOW_PX + halo) - left
                    bands = source.read(window=Window(left, top, width, height))
                    scaled = (bands - np.float32(SCALING["mean"])) / np.float32(SCALING["std"])
                    fused = net(torch.from_numpy(scaled)[None])[0, 0].numpy()
                    fused = fused * np.float32(SCALING["std"]) + np.float32(SCALING["mean"])
                    down, right = row - top, column - left
                    part = fused[down : down + WINDOW_PX, right : right + WINDOW_PX]
                    place = Window(column, row, part.shape[1], part.shape[0])
                    target.write(part, 1, window=place)
    return time.perf_counter() - start


def run_compare(folder):
    """Return the largest difference of what both have written, of its standard deviation."""
    import numpy as np
    import rasterio

    with rasterio.open(folder / "ours.tif") as ours, rasterio.open(folder / "plain.tif") as plain:
        largest = 0.0
        for _, window in ours.block_windows(1):
            one, other = (source.read(1, window=window) for source in (ours, plain))
            largest = max(largest, float(np.abs(one - other).max()))
    return largest / SCALING["std"]


def main(size):
    """Print the table. Whatever is large is done in children: they inherit a parent's peak."""
    from children import contend, table

    rows = [("fusing", "MPix/s", "ratio", "memory", "largest difference")]
    with tempfile.TemporaryDirectory() as name:
        command = [sys.executable, __file__, "--run"]
        subprocess.run([*command, "make", name, str(size)], stdout=subprocess.DEVNULL, check=True)
        for network in ("cnn", "cae"):
            kinds = {kind: [*command, kind, name, network] for kind in ("plain", "ours")}
            found = contend(kinds, RUNS)
            compared = contend({"compare": [*command, "compare", name]}, 1)["compare"]
            differing = f"{compared.figures['found']:.0e} sd"
            for kind, label in (("plain", "plain loop"), ("ours", "ours")):
                seconds, plain = (found[k].figures["found"] for k in (kind, "plain"))
                rows.append(
                    (
                        f"{network.upper()}, {size} x {size} px: {label}",
                        f"{size**2 / 1e6 / seconds:.2f}",
                        f"{plain / seconds:.2f}",
                        f"{found[kind].memory / 1e9:.2f} GB",
                        differing if kind == "ours" else "",
                    )
                )
    print(table(rows))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=7600, help="pixels a side (7600)")
    parser.add_argument("--run", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        kind, folder, *rest = options.run
        print(json.dumps({"found": globals()[f"run_{kind}"](Path(folder), *rest)}))
    else:
        main(options.size)
