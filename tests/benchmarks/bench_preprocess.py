"""How long preparing a scene takes, compared with only reading and writing it; run by hand.

    python tests/benchmarks/bench_preprocess.py [--size 7600] [--sar-m 30] [--threads 1] [--runs 3]

A simulated city is tiled to a scene of --size pixels of 30 m a side, with SAR on the same grid or,
with `--sar-m 10`, on its own. `ours` is prepare_stack, from raw numbers to the stack, the split
and the scaling. The peer reads the same files and writes the very same pixels, with GDAL, as the
same compressed tiles, and computes nothing; taking up what it is to write is not timed. Each
run is a process of its own, ours and the peer in turn; a row shows medians, and the most memory.
Needs 5 GB of disk for a while at full size.
"""

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from sarfusion.core.raster import Grid, create_raster, open_raster, strips
from scenes import make_scene, prepare


def ours(folder, threads):
    """Prepare the scene; return the seconds."""
    start = time.perf_counter()
    prepare(folder, threads)
    return time.perf_counter() - start


def peer(folder, threads):
    """Read the raw files, and write what `ours` wrote; return the seconds of these alone."""
    start = time.perf_counter()
    for name in ("optical", "sar"):
        with open_raster(folder / f"{name}.tif") as source:
            for window in strips(source.shape):
                source.read(window=window)
    seconds = time.perf_counter() - start
    for name in ("stack", "use"):
        with open_raster(folder / f"{name}.tif") as known:
            grid, names = Grid.of(known), known.descriptions
            start = time.perf_counter()
            with create_raster(
                folder / f"{name}.peer.tif",
                *(grid, names, known.dtypes[0], known.nodata),
                threads=threads,
            ) as target:
                for window in strips(grid.shape):
                    taken = time.perf_counter()
                    values = known.read(window=window)
                    start += time.perf_counter() - taken
                    target.write(values, window=window)
            seconds += time.perf_counter() - start
    return seconds


def run(way, folder, threads):
    """Run one way in a process of its own; return (seconds, peak memory in MB)."""
    command = [sys.executable, __file__, "--run", way, str(folder), "--threads", str(threads)]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)


def main(size, sar_m, threads, runs):
    """Print the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_scene(folder, size, sar_m)
        found = {"ours": [], "peer": []}
        for _ in range(runs):
            for way, seconds in found.items():
                seconds.append(run(way, folder, threads))
        for name in ("stack", "use"):
            a, b = ((folder / f"{name}{end}").read_bytes() for end in (".tif", ".peer.tif"))
            assert a == b, f"{name}: the peer wrote other bytes"
    (mine, memory), (others, _) = (
        (statistics.median(seconds), max(peaks))
        for seconds, peaks in (zip(*found[way], strict=True) for way in ("ours", "peer"))
    )
    print("| work | peer | ours | ratio | peak memory |\n| --- | --- | --- | --- | --- |")
    print(
        f"| {size} x {size} px, SAR at {sar_m} m, threads {threads}"
        f" | {others:.1f} s | {mine:.1f} s | {mine / others:.2f} | {memory:.0f} MB |"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--size", type=int, default=7600)
    parser.add_argument("--sar-m", type=int, choices=[30, 10], default=30)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--run", nargs=2, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.run:
        way, folder = chosen.run
        spent = {"ours": ours, "peer": peer}[way](Path(folder), chosen.threads)
        # Not ru_maxrss, which a process takes over from the one that started it.
        status = Path("/proc/self/status").read_text()
        peak = int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024
        print(json.dumps([spent, peak]))
    else:
        main(chosen.size, chosen.sar_m, chosen.threads, chosen.runs)
