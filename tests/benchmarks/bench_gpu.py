"""How fast a GPU trains and fuses, and how far its values are from a CPU's; run by hand.

    python tests/benchmarks/bench_gpu.py

Needs a GPU, NumPy, SciPy, pandas and PyTorch, and less than five minutes. `fit` is the training of
the rule train_model, which cuts its patches on the CPU. The other ways (seeds_at_once.py) have
them on the card; each is compared with `fit`, seed by seed. Fusing goes tile by tile from array to
array: the rule fuse_scene without files. `--tiny` tries everything in small on any device.
"""

import argparse
import copy
import itertools
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "benchmarks"), str(TESTS.parent / "scripts")]

from bench_training import CASES  # noqa: E402
from children import table  # noqa: E402
from sarfusion.core.tiling import tiles  # noqa: E402
from sarfusion.fusion.batches import random_batches, spread_batches  # noqa: E402
from sarfusion.fusion.losses import SquaredError  # noqa: E402
from sarfusion.fusion.networks import build, predict  # noqa: E402
from sarfusion.fusion.precision import BFLOAT16, FLOAT32  # noqa: E402
from sarfusion.fusion.training import fit, make_deterministic  # noqa: E402
from sarfusion.ground.patches import PatchSource  # noqa: E402
from seeds_at_once import Graph, Stacked, Streams  # noqa: E402

NETWORKS = {**CASES, "unet": (64, 32)}  # network: patch in pixels, batch
CHANNELS = 2
LEARNING_RATE = 1e-3
UPDATES, TRAININGS = 5000, 195  # of each network in config/hanoi.yaml, all sites and protocols
THREADS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
# Of convolutions, {name: (TF32 in place of float32, precision)}. The rule fuse_scene has no TF32.
PRECISIONS = {"TF32": (True, FLOAT32), FLOAT32: (False, FLOAT32), BFLOAT16: (False, BFLOAT16)}


@dataclass(frozen=True)
class Sizes:
    """How much is computed. Pixels are sides of squares, `seconds` those of one measurement."""

    seeds: int
    seconds: float
    compared_updates: int
    trained_updates: int
    matrix: int
    scene_px: int
    fused_px: int
    tiles_px: tuple[int, ...]
    batch: int | None = None  # None: that of a study


FULL = Sizes(5, 2.0, 20, 500, 8192, 1024, 7600, (512, 2048))
TINY = Sizes(2, 0.001, 2, 2, 64, 64, 48, (32, 48), batch=1)


def make_scene(size):
    """Return inputs (CHANNELS, size, size) and target (size, size), float32, variance about 1.

    The target is rough at many scales. The inputs are the target with noise, and the noise alone.
    """
    from scipy.ndimage import zoom

    rng = np.random.default_rng(0)
    target = np.zeros((size, size), np.float32)
    for step in (16, 8, 4, 2, 1):
        rough = rng.standard_normal((-(-size // step),) * 2, np.float32)
        target += step**0.5 * zoom(rough, step, order=1)[:size, :size]
    target /= target.std()
    noise = rng.standard_normal((size, size), np.float32)
    return np.stack([0.9 * target + 0.3 * noise, noise]), target


def calls_a_second(call: Callable[[], object], seconds: float, device: torch.device) -> float:
    """Return how often call() runs a second, in about `seconds` after a few calls."""

    def elapsed(count):
        start = time.perf_counter()
        for _ in range(count):
            call()
        if device.type == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter() - start

    elapsed(3)
    count = max(3, int(seconds / (elapsed(5) / 5)))
    return count / elapsed(count)


def matrix_rate(size, seconds, device):
    """Return the operations (products and sums) a second of a product of bfloat16 matrices."""
    one, other = (torch.randn(size, size, device=device, dtype=torch.bfloat16) for _ in range(2))
    return 2 * size**3 * calls_a_second(lambda: one @ other, seconds, device)


def operations(network, patch):
    """Return the operations (products and sums) that a patch takes in training."""
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        build(network, CHANNELS, {})(torch.zeros(1, CHANNELS, patch, patch)).sum().backward()
    return counter.get_total_flops()


class Training:
    """What trains one network: its patches, and the untrained networks of all seeds."""

    def __init__(self, network: str, sizes: Sizes, device: torch.device) -> None:
        self.sizes, self.device = sizes, device
        self.patch, batch = NETWORKS[network]
        self.batch = sizes.batch or batch
        starts = range(0, sizes.scene_px - self.patch + 1, 8)
        places = list(itertools.product(starts, starts))
        self._sources = [PatchSource(*make_scene(sizes.scene_px), places, self.patch)]
        self._validation = spread_batches(self._sources, self.batch, self.batch)
        self.untrained = []
        for seed in range(sizes.seeds):
            torch.manual_seed(seed)
            net = build(network, CHANNELS, {})
            self.untrained.append(net.to(device, memory_format=torch.channels_last))

    def batches(self, seed):
        """Return the endless batches of a seed."""
        return random_batches(self._sources, self.batch, seed)

    def batches_on_card(self, count, seeds):
        """Return the first `count` batches of `seeds` seeds, stacked, on the device."""
        each = [self.batches(seed) for seed in range(seeds)]
        drawn = [[next(batches) for batches in each] for _ in range(count)]
        return [
            tuple(torch.stack(part).to(self.device) for part in zip(*batch, strict=True))
            for batch in drawn
        ]

    def fit(self, net, batches, updates):
        """Train `net` in place as the rule train_model does."""
        fit(
            net,
            batches,
            self._validation,
            loss=SquaredError(),
            updates=updates,
            learning_rate=LEARNING_RATE,
            decay="none",
            validate_every=updates,
            device=self.device,
            precision="bfloat16",
            progress=iter,
        )
        return net

    def fit_rate(self):
        """Return the updates a second of `fit`."""
        net, batches = copy.deepcopy(self.untrained[0]), self.batches(0)
        updates = 10
        while True:
            start = time.perf_counter()
            self.fit(net, batches, updates)
            elapsed = time.perf_counter() - start
            if elapsed >= self.sizes.seconds / 2:
                return updates / elapsed
            updates *= 2

    @torch.no_grad()
    def difference(self, way, fitted):
        """Return the largest difference of an output on validation patches from those by `fit`."""
        inputs = self._validation[0][0].to(self.device)
        return max(
            (way.output(seed, inputs) - net(inputs)).abs().max().item()
            for seed, net in enumerate(fitted)
        )


def measure_training(network, sizes, device, peak):
    """Return (rows, seconds of an update by `fit` and by the fastest way, a trained network)."""
    training = Training(network, sizes, device)
    work = operations(network, training.patch)
    label = f"{network.upper()}, {training.patch} px, batch {training.batch}"
    rows = []

    def add(name, rate, seeds=1, difference=""):
        patches = rate * seeds * training.batch
        share = f"{patches * work / peak:.1%}" if name != "cutting patches" else ""
        rows.append((f"{label}: {name}", f"{rate:.0f}", f"{patches:.0f}", share, difference))

    cut = training.batches(0)
    add("cutting patches", calls_a_second(lambda: next(cut), sizes.seconds / 2, device))
    rate = fastest = training.fit_rate()
    add("one seed, fit", rate)
    fitted = [
        training.fit(copy.deepcopy(net), training.batches(seed), sizes.compared_updates)
        for seed, net in enumerate(training.untrained)
    ]
    graphs = [False, True] if device.type == "cuda" else [False]
    for (seeds, way_class), graph in itertools.product(
        [(1, Streams), (sizes.seeds, Stacked), (sizes.seeds, Streams)], graphs
    ):
        name = f"{seeds} seed{'s'[: seeds > 1]}, {way_class.__name__.lower()}"
        name += ", graph" if graph else ""
        batches = training.batches_on_card(sizes.compared_updates, seeds)
        try:
            way = way_class(training.untrained[:seeds], LEARNING_RATE)
            way = Graph(way, *batches[0]) if graph else way
            for batch in batches:
                way.update(*batch)
            difference = training.difference(way, fitted[:seeds])
            again = itertools.cycle(batches)
            ours = calls_a_second(
                lambda way=way, again=again: way.update(*next(again)), sizes.seconds, device
            )
        except RuntimeError as error:  # the other rows are worth having
            print(f"{label}: {name}: {error}", file=sys.stderr)
            rows.append((f"{label}: {name}", "failed", "", "", ""))
            continue
        add(name, ours, seeds, f"{difference:.0e} sd")
        fastest = max(fastest, ours * seeds)
    trained = training.fit(training.untrained[0], training.batches(0), sizes.trained_updates)
    return rows, 1 / rate, 1 / fastest, trained.eval()


def fuse(net, scene, tile_px, device, precision):
    """Return the fused band (rows, columns) of `scene` (channels, rows, columns), tile by tile."""
    fused = np.empty(scene.shape[1:], np.float32)
    for tile in tiles(fused.shape, tile_px, net.radius, net.multiple):
        inputs = torch.from_numpy(np.ascontiguousarray(scene[:, *tile.read]))
        output = predict(net, inputs.to(device), precision)[0].cpu().numpy()
        fused[tile.written] = output[tile.inner]
    return fused


def measure_fusing(network, net, sizes, device):
    """Return the rows of one trained network."""
    scene, _ = make_scene(sizes.scene_px)
    net.to("cpu")
    expected = fuse(net, scene, sizes.tiles_px[0], torch.device("cpu"), FLOAT32)
    net.to(device, memory_format=torch.channels_last)
    times = -(-sizes.fused_px // sizes.scene_px)
    large = np.tile(scene, (1, times, times))[:, : sizes.fused_px, : sizes.fused_px]
    rows = []
    for name, (tf32, precision) in PRECISIONS.items():
        torch.backends.cudnn.allow_tf32 = tf32
        error = fuse(net, scene, sizes.tiles_px[0], device, precision) - expected
        speeds = []
        for tile_px in sizes.tiles_px:
            fuse(net, scene, tile_px, device, precision)
            start = time.perf_counter()
            fuse(net, large, tile_px, device, precision)
            speeds.append(f"{large[0].size / 1e6 / (time.perf_counter() - start):.0f}")
        differences = (np.abs(error).max(), (error**2).mean() ** 0.5)
        rows.append((f"{network.upper()}, {name}", *speeds, *(f"{x:.0e} sd" for x in differences)))
    torch.backends.cudnn.allow_tf32 = False
    return rows


def main(tiny):
    """Print the tables, or that there is no GPU."""
    sizes = TINY if tiny else FULL
    if not tiny and not torch.cuda.is_available():
        print("Not measured: PyTorch finds no GPU here.")
        return
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    make_deterministic(0, THREADS)
    peak = matrix_rate(sizes.matrix, sizes.seconds, device)
    training = [("training in bfloat16", "updates/s", "patches/s", "of matrix peak", "from `fit`")]
    tile_heads = [f"MPix/s, tiles of {tile} px" for tile in sizes.tiles_px]
    fusing = [
        (f"fusing {sizes.fused_px} x {sizes.fused_px} px", *tile_heads, "from CPU, most", "RMS")
    ]
    alone = fastest = 0.0
    for network in NETWORKS:
        rows, *seconds, net = measure_training(network, sizes, device, peak)
        training += rows
        alone, fastest = alone + seconds[0], fastest + seconds[1]
        fused_rows = measure_fusing(network, net, sizes, device)
        fusing += fused_rows
        print(table(rows), table(fused_rows), sep="\n", file=sys.stderr, flush=True)
    name = torch.cuda.get_device_name() if device.type == "cuda" else "CPU"
    print(f"{name}, PyTorch {torch.__version__}: {peak / 1e12:.3g} TFLOP/s in the product of")
    print(f"bfloat16 matrices of {sizes.matrix} x {sizes.matrix}, which the shares refer to.\n")
    print(table(training))
    print(f"\nThe last column: the largest difference of an output after {sizes.compared_updates}")
    print(
        "updates. stacked: torch.vmap over stacked weights; streams: the networks as they are, side"
    )
    print("by side; graph: an update as one CUDA graph. Their patches are on the GPU.\n")
    print(table(fusing))
    count = len(NETWORKS) * TRAININGS
    hours = [each * TRAININGS * UPDATES / 3600 for each in (alone, fastest)]
    print(f"\nThe {count} trainings of config/hanoi.yaml, {UPDATES} updates each, would take")
    print(
        f"{hours[0]:.2f} h by `fit` and {hours[1]:.2f} h by the fastest way. A demo: not measured."
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tiny", action="store_true", help="in small, on whatever device")
    main(parser.parse_args().tiny)
