#!/usr/bin/env python3
"""The universal image quality index of known pairs: its formula, this project, common libraries.

    .venv/bin/python tests/uiqi_elsewhere.py

Prints the table of docs/metrics.md. The libraries are installed for this one run, without their
dependencies, which the project's environment has; that environment is not changed.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

TESTS = Path(__file__).resolve().parent
sys.path[:0] = [str(TESTS), str(TESTS / "benchmarks"), str(TESTS.parent / "scripts")]

LIBRARIES = ["sewar==0.4.10", "torchmetrics==1.8.2"]
NEEDED = ["lightning-utilities==0.15.2"]  # by torchmetrics, and not in the project
SIZE, WINDOW = 256, 8
OFFSET = 0.1  # reflectance


def pairs():
    """Return {what: (reference, fused, index by the formula)}, images (SIZE, SIZE)."""
    x, other = np.random.default_rng(1).uniform(0.05, 0.4, (2, SIZE, SIZE))
    windows = np.lib.stride_tricks.sliding_window_view(x, (WINDOW, WINDOW))
    m = windows.mean(axis=(2, 3))
    raised = np.mean(2 * m * (m + OFFSET) / (m**2 + (m + OFFSET) ** 2))
    return {
        "y = .75 x": (x, 0.75 * x, (2 * 0.75 / (1 + 0.75**2)) ** 2),
        "y = x + .1": (x, x + OFFSET, float(raised)),
        "y and x independent noise": (x, other, 0.0),
    }


def ours(reference, fused):
    """Return the index of a pair by this project."""
    from scored_images import score_band

    whole = np.ones(reference.shape, bool)
    return score_band(reference, fused, whole, 0.4, names=["uiqi"])["uiqi"].value


def theirs():
    """Return {library: [index of each pair]}; runs where the libraries are."""
    import torch
    from sewar.full_ref import uqi
    from torchmetrics.functional.image import universal_image_quality_index

    def tensors(*images):
        return [torch.from_numpy(image)[None, None] for image in images]

    found = [pair[:2] for pair in pairs().values()]
    return {
        LIBRARIES[0]: [float(uqi(*pair, ws=WINDOW)) for pair in found],
        LIBRARIES[1]: [float(universal_image_quality_index(*tensors(*pair))) for pair in found],
    }


def main():
    """Print the table."""
    from children import table

    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", folder]
        subprocess.run([*pip, *LIBRARIES, *NEEDED], check=True)
        found = subprocess.run(
            [sys.executable, __file__, "--theirs"],
            env={**os.environ, "PYTHONPATH": folder},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    libraries = json.loads(found.stdout.splitlines()[-1])
    rows = [("pair", "formula", "ours", *(name.replace("==", " ") for name in libraries))]
    for number, (what, (reference, fused, exact)) in enumerate(pairs().items()):
        values = [exact, ours(reference, fused), *(them[number] for them in libraries.values())]
        rows.append((what, *(f"{value:.4f}" for value in values)))
    print(table(rows))


if __name__ == "__main__":
    if sys.argv[1:] == ["--theirs"]:
        print(json.dumps(theirs()))
    else:
        main()
