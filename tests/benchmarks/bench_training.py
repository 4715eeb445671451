"""Patches per second in training, compared with a plain PyTorch loop and Keras; run by hand.

    python tests/benchmarks/bench_training.py [PYTHON]

PYTHON is an interpreter that has Keras, which this project does not need otherwise:

    python -m venv /tmp/keras && /tmp/keras/bin/pip install tensorflow-cpu

Ours is `fit`, fed by `random_batches`, as the rule train_model calls it. The plain loop has its
patches cut beforehand, in a DataLoader that shuffles them; Keras has them in one array for
`Model.fit`.
Networks, sizes and batches are those of a study; every contender may use all cores.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "benchmarks"), str(TESTS.parent / "scripts")]

RUNS = 5
SECONDS = 6.0  # of each run
SCENE_PX = 512
CHANNELS = 2
CASES = {"cnn": (33, 128), "cae": (64, 32)}  # network: patch in pixels, batch
THREADS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def scene():
    """Return (inputs, target, places) of noise; what is computed does not depend on it."""
    import numpy as np

    inputs = np.random.default_rng(0).normal(size=(CHANNELS, SCENE_PX, SCENE_PX))
    inputs = inputs.astype(np.float32)
    return inputs, inputs[0]


def places(size):
    """Return the top left pixels of patches, every 8 pixels."""
    starts = range(0, SCENE_PX - size + 1, 8)
    return [(row, column) for row in starts for column in starts]


def rate(batch, run):
    """Return patches a second of run(updates), in a run of about SECONDS after a short one."""
    run(3)
    start = time.perf_counter()
    run(10)
    updates = max(10, int(10 * SECONDS / (time.perf_counter() - start)))
    start = time.perf_counter()
    run(updates)
    return {"rate": updates * batch / (time.perf_counter() - start)}


def run_ours(network, precision):
    """Train by the project's own loop."""
    import torch
    from sarfusion.core.memory import keep_freed_memory
    from sarfusion.fusion.batches import random_batches, spread_batches
    from sarfusion.fusion.losses import SquaredError
    from sarfusion.fusion.networks import build
    from sarfusion.fusion.training import fit, make_deterministic
    from sarfusion.ground.patches import PatchSource

    keep_freed_memory()
    make_deterministic(1, THREADS)
    size, batch = CASES[network]
    patches = [PatchSource(*scene(), places(size), size)]
    net = build(network, CHANNELS, {})
    validation = spread_batches(patches, 1, 1)

    def run(updates):
        fit(
            net,
            random_batches(patches, batch, 1),
            validation,
            loss=SquaredError(),
            updates=updates,
            learning_rate=1e-3,
            decay="none",
            validate_every=updates,
            device=torch.device("cpu"),
            precision=precision,
            progress=iter,
        )

    return rate(batch, run)


def run_plain(network):
    """Train by the loop of any tutorial."""
    import torch
    from sarfusion.fusion.batches import spread_batches
    from sarfusion.fusion.networks import build
    from sarfusion.ground.patches import PatchSource
    from torch.utils.data import DataLoader, TensorDataset

    size, batch = CASES[network]
    source = PatchSource(*scene(), places(size), size)
    (every_patch,) = spread_batches([source], len(source), len(source))
    patches = TensorDataset(*every_patch)
    loader = DataLoader(patches, batch, shuffle=True, drop_last=True)
    net = build(network, CHANNELS, {})
    optimiser = torch.optim.Adam(net.parameters(), lr=1e-3)

    def run(updates):
        done = 0
        while True:
            for inputs, target in loader:
                optimiser.zero_grad()
                loss = torch.nn.functional.mse_loss(net(inputs), target)
                loss.backward()
                optimiser.step()
                loss.item()
                done += 1
                if done == updates:
                    return

    return rate(batch, run)


def run_keras(network):
    """Train by Keras' own loop, on TensorFlow."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import keras
    import numpy as np
    from keras import layers

    size, batch = CASES[network]
    inputs, _ = scene()
    cut = np.stack([inputs[:, r : r + size, c : c + size] for r, c in places(size)])
    cut = np.ascontiguousarray(cut.transpose(0, 2, 3, 1))

    def convolution(filters, width, activation="relu"):
        return layers.Conv2D(filters, width, padding="same", activation=activation)

    def up(filters):
        return layers.Conv2DTranspose(filters, 2, strides=2, activation="relu")

    kinds = {
        "cnn": [convolution(64, 9), convolution(32, 5), convolution(1, 5, None)],
        "cae": [
            *(convolution(32, 3), layers.MaxPool2D(), convolution(64, 3), layers.MaxPool2D()),
            *(convolution(128, 3), up(64), up(32), convolution(1, 3, None)),
        ],
    }
    net = keras.Sequential([keras.Input((size, size, CHANNELS)), *kinds[network]])
    net.compile("adam", "mse")

    def run(updates):
        # Epochs of a few seconds each, since Keras prepares each one.
        each = min(updates, len(cut) // batch)
        for _ in range(max(1, round(updates / each))):
            net.fit(cut[: each * batch], cut[: each * batch, ..., :1], batch, verbose=0)

    return rate(batch, run)


def run_peak(network, precision):
    """Return products and sums a second of square matrices, and those that a patch needs."""
    import torch
    from sarfusion.fusion.networks import build
    from torch.utils.flop_counter import FlopCounterMode

    torch.set_num_threads(THREADS)
    size, _ = CASES[network]
    net = build(network, CHANNELS, {})
    with FlopCounterMode(display=False) as counter:
        net(torch.zeros(1, CHANNELS, size, size)).sum().backward()
    one = torch.randn(4096, 4096, dtype=getattr(torch, precision))
    one @ one
    start = time.perf_counter()
    for _ in range(10):
        one @ one
    peak = 10 * 2 * 4096**3 / (time.perf_counter() - start)
    return {"peak": peak, "patch": counter.get_total_flops()}


def main(keras):
    """Print the table."""
    from children import contend, table

    kinds = {"ours, float32": ("ours", "float32"), "ours, bfloat16": ("ours", "bfloat16")}
    kinds |= {"PyTorch, plain loop": ("plain",)}
    if keras:
        kinds |= {"Keras": ("keras",)}
    kinds |= {f"peak, {name}": ("peak", name) for name in ("float32", "bfloat16")}
    rows = [("training", "patches/s", "to plain loop", "to Keras", "of matrix peak", "memory")]
    for network, (size, batch) in CASES.items():
        commands = {
            name: [
                keras if kind == "keras" else sys.executable,
                *(__file__, "--run", kind, network, *rest),
            ]
            for name, (kind, *rest) in kinds.items()
        }
        found = contend(commands, RUNS)
        rates = {name: one.figures.get("rate") for name, one in found.items()}
        for name, one in found.items():
            if name.startswith("peak"):
                continue
            peak = found["peak, " + ("bfloat16" if "bfloat16" in name else "float32")].figures
            rows.append(
                (
                    f"{network.upper()}, {size} px, batch {batch}: {name}",
                    f"{rates[name]:.0f}",
                    f"{rates[name] / rates['PyTorch, plain loop']:.2f}",
                    f"{rates[name] / rates['Keras']:.2f}" if keras else "not measured",
                    f"{rates[name] * peak['patch'] / peak['peak']:.0%}",
                    f"{one.memory / 1e9:.1f} GB",
                )
            )
    print(table(rows))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("python", nargs="?", help="an interpreter that has Keras")
    parser.add_argument("--run", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        kind, *rest = options.run
        print(json.dumps(globals()[f"run_{kind}"](*rest)))
    else:
        main(options.python)
