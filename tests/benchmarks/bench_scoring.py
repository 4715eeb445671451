"""RMSE, bias, CC, SSIM and UIQI of a large pair, compared with usual libraries; run by hand.

    python tests/benchmarks/bench_scoring.py [--size 7600] [--runs 3]

The peer is scikit-image's SSIM with a plain UIQI of SciPy's uniform filters and NumPy's RMSE,
bias and correlation. Each runs in a process of its own, in turn, and only the scoring is timed:
our compiled loops come from their cache. Peak memory is the whole process's, with the pair.
"""

import argparse
import json
import sys
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "benchmarks"), str(TESTS.parent / "scripts")]

NAMES = ("rmse", "bias", "cc", "ssim", "uiqi")
DATA_RANGE = 0.35
THREADS = 2


def make_pair(size):
    """Return two float32 images (size, size): smooth ground with texture, and a noisy copy."""
    import numpy as np

    rng = np.random.default_rng(1)
    step = 20
    coarse = rng.uniform(0.05, 0.35, (-(-size // step),) * 2).astype(np.float32)
    reference = coarse.repeat(step, axis=0).repeat(step, axis=1)[:size, :size]
    reference = reference + 0.02 * rng.standard_normal((size, size), np.float32)
    return reference, reference + 0.01 * rng.standard_normal((size, size), np.float32)


def ours(reference, fused):
    """Score by this project."""
    import numpy as np
    from scored_images import score_band

    def scores(size):
        images = (image[:size, :size] for image in (reference, fused))
        whole = np.ones(reference[:size, :size].shape, bool)
        return score_band(*images, whole, DATA_RANGE, threads=THREADS, names=NAMES)

    return scores, lambda found: {name: score.value for name, score in found.items()}


def peer(reference, fused):
    """Score by libraries, in float64."""
    import numpy as np
    from scipy.ndimage import uniform_filter
    from skimage.metrics import structural_similarity

    def scores(size):
        x, y = (image[:size, :size].astype(float) for image in (reference, fused))
        error = y - x
        found = {"rmse": np.sqrt(np.mean(error**2)), "bias": error.mean()}
        found["cc"] = np.corrcoef(x.ravel(), y.ravel())[0, 1]
        found["ssim"] = structural_similarity(
            *(x, y),
            data_range=DATA_RANGE,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
        )
        mx, my = uniform_filter(x, 8), uniform_filter(y, 8)
        vx, vy = uniform_filter(x * x, 8) - mx * mx, uniform_filter(y * y, 8) - my * my
        vxy = uniform_filter(x * y, 8) - mx * my
        quality = 4 * vxy * mx * my / ((vx + vy) * (mx * mx + my * my))
        found["uiqi"] = quality[4:-3, 4:-3].mean()
        return found

    return scores, lambda found: {name: float(value) for name, value in found.items()}


def run(way, size):
    """Do one run and return its seconds and values."""
    scores, values = {"ours": ours, "peer": peer}[way](*make_pair(size))
    scores(32)  # imports and compiled code are loaded
    start = time.perf_counter()
    found = scores(size)
    return {"seconds": time.perf_counter() - start, **values(found)}


def main(size, runs):
    """Print the table, and the largest difference of a value."""
    from children import contend, table

    command = [sys.executable, __file__, "--size", str(size), "--way"]
    found = contend({way: [*command, way] for way in ("peer", "ours")}, runs)
    rows = [(f"scoring {size} x {size} px", "seconds", "ratio", "memory")]
    for way, label in (("peer", "scikit-image, SciPy"), ("ours", "ours")):
        seconds, slowest = (found[name].figures["seconds"] for name in (way, "peer"))
        memory = f"{found[way].memory / 1e9:.2f} GB"
        rows.append((label, f"{seconds:.2f}", f"{slowest / seconds:.1f}", memory))
    print(table(rows))
    one, other = (found[way].figures for way in ("peer", "ours"))
    difference = max(abs(one[name] - other[name]) for name in NAMES)
    print(f"\nLargest difference of a value: {difference:.0e}.")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=7600, help="pixels a side")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--way", choices=["ours", "peer"], help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.way:
        print(json.dumps(run(given.way, given.size)))
    else:
        main(given.size, given.runs)
