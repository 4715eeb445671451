"""What each family of networks costs in training and in fusing; run by hand.

    python tests/benchmarks/bench_families.py

Networks, patches and batches are those of config/families.yaml, with the SAR ratio in gaps, on one
thread. An update has the loss and the optimiser in it. Fusing goes through a tile with its halo, as
the rule fuse_scene does, without files. The share is that of the products and sums of an update in
what the processor makes in a product of float32 matrices in the same time.

The second table says what bounds an update: the kernels that PyTorch runs for it, each timed on its
own (kernels.py). What a network's layers take alone is its own floor: the loss, the optimiser,
waiting for memory and what lies between kernels come on top.
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
from kernels import IN_TURN, LAYERS, PRODUCTS, TRAINING, UPDATE, update_seconds  # noqa: E402

RUNS = 3
SECONDS = 1.0  # of each measurement
MATRIX = 1024
FLOORS = """\
Shares of an update: each kernel alone and warm, in float32, forward and backward, with those of the
discriminator. Products are convolutions and other matrix products; the last column is their speed,
as a share of the large matrix product's. Out of cache: how much longer kernels take in turn, whose
data and code come from memory. Own floor: all layers alone, which no training loop undercuts."""
CHANNELS = ["red", "gap", "ratio_db", "ratio_db_anomaly"]


def models():
    """Return the models of the study of families and the side of its tiles."""
    from sarfusion.study.config import read_study, resolve
    from sarfusion.study.schemas import CONFIG

    study = resolve(read_study(CONFIG / "families.yaml"))
    return study["models"], study["fusing"]["tile_px"]


def seconds_of(call):
    """Return the least processor time of call() in SECONDS, after a call that is not counted."""
    call()
    times, end = [], time.perf_counter() + SECONDS
    while len(times) < 3 or time.perf_counter() < end:
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return min(times)


def measure(name):
    """Print what a model costs, as JSON."""
    import torch
    from sarfusion.core.memory import keep_freed_memory
    from sarfusion.fusion.channels import radar_places, start_places
    from sarfusion.fusion.losses import Outcome
    from sarfusion.fusion.networks import build, predict
    from sarfusion.fusion.optimiser import Adam
    from sarfusion.fusion.training import make_deterministic
    from torch.utils.flop_counter import FlopCounterMode

    keep_freed_memory()
    make_deterministic(1, 1)
    chosen, tile = models()
    model = chosen[name]
    net = build(
        model["network"],
        len(CHANNELS),
        model["options"],
        starts=start_places(CHANNELS),
        radar=radar_places(CHANNELS),
    )
    net.to(memory_format=torch.channels_last)
    optimiser, loss = Adam(net.parameters(), 1e-3), net.new_loss(torch.device("cpu"))
    shape = model["batch"], len(CHANNELS), model["patch_px"], model["patch_px"]
    inputs = torch.randn(shape).contiguous(memory_format=torch.channels_last)
    target = torch.randn(shape[0], 1, *shape[2:])
    where = torch.rand(target.shape) < 0.5

    def update():
        optimiser.zero_grad()
        loss(Outcome(inputs, net(inputs), target, where, int(where.sum()))).backward()
        optimiser.step()

    with FlopCounterMode(display=False) as counter:
        update()
    one, other = torch.randn(2, MATRIX, MATRIX)
    found = {
        "parameters": sum(weights.numel() for weights in net.parameters()),
        "radius": net.radius,
        "bound": counter.get_total_flops() / (2 * MATRIX**3) * seconds_of(lambda: one @ other),
        **update_seconds(update),
    }
    net.eval()
    scene = torch.randn(len(CHANNELS), *[tile + 2 * net.radius] * 2)
    found["megapixel"] = seconds_of(lambda: predict(net, scene)) * 1e6 / tile**2
    print(json.dumps(found))


def main():
    """Measure all models, each in a process of its own, and print the table."""
    names = list(models()[0])
    found = contend({name: [sys.executable, __file__, name] for name in names}, RUNS)
    rows = [("network", "parameters", "radius", "update", "of matrix product", "MPix", "memory")]
    for name, outcome in found.items():
        costs = outcome.figures
        rows.append(
            (
                name,
                round(costs["parameters"]),
                f"{costs['radius']:.0f} px",
                f"{1000 * costs['update']:.1f} ms",
                f"{costs['bound'] / costs['update']:.0%}",
                f"{costs['megapixel']:.2f} s",
                f"{outcome.memory / 1e9:.2f} GB",
            )
        )
    print(table(rows), FLOORS, sep="\n\n", end="\n\n")
    shares = {name: update_shares(outcome.figures) for name, outcome in found.items()}
    head = ("network", *shares[names[0]])
    print(table([head, *((name, *of_update.values()) for name, of_update in shares.items())]))


def update_shares(costs):
    """Return {column: cell}: what takes the time of an update, and how fast its products are."""
    update, products, layers, training = map(costs.get, (UPDATE, PRODUCTS, LAYERS, TRAINING))
    shares = {
        "products": products / update,
        "other layers": layers / update,
        "loss and optimiser": training / update,
        "out of cache": (costs[IN_TURN] - products - layers - training) / update,
        "between kernels": (update - costs[IN_TURN]) / update,
        "own floor": (products + layers) / update,
        "speed of products": costs["bound"] / products,
    }
    return {column: f"{share:.0%}" for column, share in shares.items()}


if __name__ == "__main__":
    measure(sys.argv[1]) if sys.argv[1:] else main()
