"""What each method that sharpens without training costs; run by hand.

    python tests/benchmarks/bench_sharpening.py

Three bands, one thread, without files: the first pass over the scene, for what a method has to know
of it, and then a tile with its halo, as the rule fuse_classical takes it inside a scene.
Memory is that of the process, with Python and its imports.
"""

import json
import os
import sys
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "benchmarks"), str(TESTS.parent / "scripts")]

os.environ.setdefault("OMP_NUM_THREADS", "1")

from children import contend, table  # noqa: E402

RUNS = 3
TILE_PX = 1024  # as in scripts/fuse_classical.py
RATIO = 3


def methods():
    """Return the names of the methods."""
    from sarfusion.fusion.classical import pansharpening

    return [name for name in pansharpening.__all__ if name not in ("multiple", "radius")]


def measure(name):
    """Print what a method costs, as JSON."""
    import numpy as np
    from sarfusion.fusion.classical import pansharpening
    from sarfusion.fusion.classical.matching import SceneMoments

    random = np.random.default_rng(0)
    halo = pansharpening.radius(RATIO, [name])
    side = -(-(TILE_PX + 2 * halo) // RATIO) * RATIO
    bands = 0.1 + 0.2 * random.random((3, side, side), dtype=np.float32)
    pan = random.standard_normal((side, side), dtype=np.float32)
    whole = slice(0, side), slice(0, side)
    scene = SceneMoments(lambda pixels: [(bands, pan, whole)])
    start = time.process_time()
    sharpen = getattr(pansharpening, name)(scene, RATIO)
    first = time.process_time()
    sharpen(bands, pan)
    end = time.process_time()
    costs = {"scene": (first - start) / side**2, "tile": (end - first) / TILE_PX**2}
    print(json.dumps({key: 1e6 * seconds for key, seconds in costs.items()} | {"halo": halo}))


def main():
    """Measure all methods, each in a process of its own, and print the table."""
    found = contend({name: [sys.executable, __file__, name] for name in methods()}, RUNS)
    rows = [("method", "radius", "first pass, MPix", "tiles, MPix", "memory")]
    for name, outcome in found.items():
        costs = outcome.figures
        seconds = [f"{costs[key]:.2f} s" for key in ("scene", "tile")]
        rows.append((name, f"{costs['halo']:.0f} px", *seconds, f"{outcome.memory / 1e9:.2f} GB"))
    print(table(rows))


if __name__ == "__main__":
    measure(sys.argv[1]) if sys.argv[1:] else main()
