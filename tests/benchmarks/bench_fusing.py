"""Megapixels per second in fusing, compared with a plain loop over windows; run by hand.

    python tests/benchmarks/bench_fusing.py [--size 7600]

Ours is the script of the rule fuse_scene, from raster to raster. The plain loop reads windows with
a halo, one after the other, fuses each by PyTorch's own layers and writes it, as most would.
Networks are those of a study, with random weights; both may use all cores. Where the processor has
instructions for bfloat16, ours is also run with such products (fusing.precision), and compared with
ours in float32. Needs 2 GB of disk for a while.
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
        record |= {"residual": False, "uncertainty": False}
        record |= {"scaling": dict.fromkeys(NAMES, SCALING)}
        net = build(network, len(NAMES), {})
        checkpoint.save(net, record, folder / f"{network}.safetensors", folder / f"{network}.json")
    return 0


def run_ours(folder, network, precision, threads=THREADS):
    """Fuse by the project's own script; return the seconds."""
    import fuse_scene

    start = time.perf_counter()
    fuse_scene.main(
        optical=[folder / "stack.tif"],
        sar=[folder / "stack.tif"],
        weights=[folder / f"{network}.safetensors"],
        records=[folder / f"{network}.json"],
        fused=[folder / f"{precision}.tif"],
        tile_px=512,
        precision=precision,
        device="cpu",
        threads=threads,
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


def run_compare(folder, one, other):
    """Return the largest difference of two fused rasters, of its standard deviation."""
    import numpy as np
    import rasterio

    with (
        rasterio.open(folder / f"{one}.tif") as first,
        rasterio.open(folder / f"{other}.tif") as second,
    ):
        largest = 0.0
        for _, window in first.block_windows(1):
            bands = (source.read(1, window=window) for source in (first, second))
            largest = max(largest, float(np.abs(np.subtract(*bands)).max()))
    return largest / SCALING["std"]


def run_native(folder):
    """Return whether this processor has instructions for bfloat16."""
    import torch
    from sarfusion.fusion.precision import multiplies_bfloat16

    return multiplies_bfloat16(torch.device("cpu"))


def main(size):
    """Print the table. Whatever is large is done in children: they inherit a parent's peak."""
    from children import contend, table

    # {contender: (label, what its values are compared with)}
    kinds = {"plain": ("plain loop", ""), "float32": ("ours", "plain")}
    rows = [("fusing", "MPix/s", "ratio", "memory", "largest difference")]
    with tempfile.TemporaryDirectory() as name:
        command = [sys.executable, __file__, "--run"]
        subprocess.run([*command, "make", name, str(size)], stdout=subprocess.DEVNULL, check=True)
        native = contend({"native": [*command, "native", name]}, 1)["native"].figures["found"]
        if native:
            kinds["bfloat16"] = ("ours, bfloat16", "float32")
        for network in ("cnn", "cae"):
            commands = {
                kind: [*command, "ours", name, network, kind] for kind in kinds if kind != "plain"
            }
            found = contend({"plain": [*command, "plain", name, network], **commands}, RUNS)
            plain = found["plain"].figures["found"]
            for kind, (label, other) in kinds.items():
                seconds, differing = found[kind].figures["found"], ""
                if other:
                    compare = {"compare": [*command, "compare", name, kind, other]}
                    differing = f"{contend(compare, 1)['compare'].figures['found']:.0e} sd"
                rows.append(
                    (
                        f"{network.upper()}, {size} x {size} px: {label}",
                        f"{size**2 / 1e6 / seconds:.2f}",
                        f"{plain / seconds:.2f}",
                        f"{found[kind].memory / 1e9:.2f} GB",
                        differing,
                    )
                )
    print(table(rows))
    if native:
        print("\nThe last column: ours from the plain loop, in bfloat16 from ours in float32.")
    else:
        print("\nbfloat16 was not measured: this processor has no instructions for it.")


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
