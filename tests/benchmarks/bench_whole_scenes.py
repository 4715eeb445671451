"""How long whole scenes take, step by step; run by hand.

    python tests/benchmarks/bench_whole_scenes.py [--sizes 256 760 2280 7600]

A simulated city, tiled; prepare_stack, fuse_scene (CNN, red), evaluate_fusion (that raster),
start_gaps and fill_clouds (the scene's own clouds, about 5 %, in red, green and blue, with a U-Net
for each: of two seeds it takes twice as long), make_gaps (30 %), fuse_classical: all methods that
fill the gaps of the three bands, then all that sharpen them; and four figures of the latter. In one
thread, from file to file, each in a process of its own; imports are not timed, and small scenes run
several times. The slope is that of log time over log pixels. Needs 15 GB of disk.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "benchmarks"), str(TESTS.parent / "scripts")]

from children import answer, measured, table  # noqa: E402

STEPS = ("prepare", "fuse", "evaluate", "start", "clouds", "gaps", "fill", "sharpen", "draw")
RGB = ("red", "green", "blue")
SMALL = 1000  # pixels a side, below which a scene runs RUNS times
RUNS = 3


def run_make(folder, size):
    """Write a scene of `size` pixels a side, and networks with random weights."""
    import torch
    from sarfusion.fusion import checkpoint
    from sarfusion.fusion.networks import build
    from scenes import make_scene

    make_scene(folder, int(size), 30)
    torch.manual_seed(0)
    scaling = {"low": None, "high": None, "mean": 0.1, "std": 0.05}
    names = ["red", "ratio_db"]
    record = {"network": "cnn", "channels": names, "options": {}, "band": "red"}
    record |= {"scaling": dict.fromkeys(names, scaling), "residual": False, "uncertainty": False}
    net = build("cnn", len(names), {})
    checkpoint.save(net, record, folder / "cnn.safetensors", folder / "cnn.json")
    for band in RGB:
        names = [band, "gap", "ratio_db"]
        record = {"network": "unet", "channels": names, "options": {}, "band": band, "seed": 1}
        record |= {"scaling": dict.fromkeys([band, "ratio_db"], scaling), "validation_rmse": 0.03}
        record |= {"model": "unet", "input": "ratio", "residual": True, "uncertainty": True}
        net = build("unet", len(names), {}, starts=[0], uncertain=True)
        checkpoint.save(net, record, folder / f"{band}.safetensors", folder / f"{band}.json")
    return {}


def timed(work, **arguments):
    """Call `work`; return its seconds."""
    start = time.perf_counter()
    work(**arguments)
    return {"seconds": time.perf_counter() - start}


def run_prepare(folder):
    """Prepare the stack; return the seconds."""
    from scenes import prepare

    return timed(prepare, folder=folder, threads=1)


def run_fuse(folder):
    """Fuse red with the ratio; return the seconds."""
    import fuse_scene

    return timed(
        fuse_scene.main,
        optical=[folder / "stack.tif"],
        sar=[folder / "stack.tif"],
        weights=[folder / "cnn.safetensors"],
        records=[folder / "cnn.json"],
        fused=[folder / "fused.tif"],
        tile_px=512,
        precision="float32",
        device="cpu",
        threads=1,
    )


def run_evaluate(folder):
    """Score the fused band; return the seconds."""
    import evaluate_fusion

    return timed(
        evaluate_fusion.main,
        stack=folder / "stack.tif",
        split=folder / "use.tif",
        description=folder / "stack.json",
        optical=folder / "stack.tif",
        gaps=None,
        fused=[folder / "fused.tif"],
        runs=[("red", "cnn", "ratio", 1)],
        table=folder / "scores.csv",
        study="scale",
        site="tiled",
        protocol="reconstruction",
        gap_settings=None,
        threads=1,
    )


def run_start(folder):
    """Make the start surfaces of the scene's own clouds; return the seconds."""
    import start_gaps

    return timed(
        start_gaps.main,
        stack=folder / "stack.tif",
        sar=folder / "stack.tif",
        bands=RGB,
        radar=["ratio_db"],
        start=folder / "start.tif",
        method="pyramid",
    )


def run_clouds(folder):
    """Fill the scene's own clouds; return the seconds."""
    import fill_clouds

    return timed(
        fill_clouds.main,
        optical=folder / "optical.tif",
        stack=folder / "stack.tif",
        start=folder / "start.tif",
        weights=[folder / f"{band}.safetensors" for band in RGB],
        records=[folder / f"{band}.json" for band in RGB],
        picture=folder / "cloud_free.tif",
        style=folder / "cloud_free.qml",
        source_style=folder / "source.qml",
        facts=folder / "cloud_free.json",
        study="scale",
        site="tiled",
        mask=["dilated_cloud", "cirrus", "cloud", "cloud_shadow", "snow"],
        tile_px=512,
        precision="float32",
        device="cpu",
        threads=1,
    )


def run_gaps(folder):
    """Simulate the gaps; return the seconds."""
    import make_gaps

    return timed(
        make_gaps.main,
        split=folder / "use.tif",
        stack=folder / "stack.tif",
        gaps=folder / "gaps.tif",
        gap_settings={"share": 0.3, "size_px": 60, "dilation_px": 1, "seed": 1},
    )


def run_fill(folder):
    """Fill the gaps of the bands by every method without training; return the seconds."""
    return classical(folder, "cloud_gap", RGB)


def run_sharpen(folder):
    """Sharpen the bands by every method without training; return the seconds."""
    return classical(folder, "sharpening", RGB)


def run_draw(folder):
    """Draw what was sharpened: overview, composites, differences and gaps; return the seconds."""
    from sarfusion.core.files import write_json
    from sarfusion.show.figures import draw
    from sarfusion.study.figures import FIGURES

    write_json(folder / "scene.json", {"site": "tiled", "simulated": True})
    site = {"stack": folder / "stack.tif", "split": folder / "use.tif"}
    site |= {"metadata": folder / "scene.json"}
    runs = [(band, name, "none", 0) for name in methods("sharpening") for band in RGB]
    fused = {"fused": [folder / f"{name}.{band}.tif" for band, name, *_ in runs], "runs": runs}
    values = {**site, **fused, "gaps": folder / "gaps.tif"}
    files = {form: folder / f"figure.{form}" for form in ("png", "pdf")}
    seconds = [
        timed(draw, function=FIGURES[kind].draws, values=values, **files)["seconds"]
        for kind in ("overview", "composites", "differences", "gaps")
    ]
    return {"seconds": sum(seconds)}


def methods(protocol):
    """Return the names of the methods of a protocol that need no training, and no naming."""
    from sarfusion.study.methods import DEFAULT_METHODS, METHODS

    return [name for name in DEFAULT_METHODS if METHODS[name].protocol == protocol]


def classical(folder, protocol, bands):
    """Run the methods of a protocol; return the seconds."""
    import fuse_classical

    runs = [(protocol, band, name) for name in methods(protocol) for band in bands]
    return timed(
        fuse_classical.main,
        stack=folder / "stack.tif",
        reduced=folder / "stack.tif",
        split=folder / "use.tif",
        gaps=folder / "gaps.tif",
        fused=[folder / f"{name}.{band}.tif" for _, band, name in runs],
        runs=runs,
    )


def scene_table(folder, sizes):
    """Return the rows of the scenes, and of the slopes."""
    import numpy as np

    measured(__file__, folder, 1, "make", sizes[0])  # what is compiled once is compiled now
    for step in STEPS:
        measured(__file__, folder, 1, step)
    rows = [("scene", *(f"{step}: time, memory" for step in STEPS))]
    seconds = {step: [] for step in STEPS}
    for size in sizes:
        measured(__file__, folder, 1, "make", size)
        cells = []
        for step in STEPS:
            found = measured(__file__, folder, RUNS if size < SMALL else 1, step)
            seconds[step].append(found.figures["seconds"])
            cells.append(f"{seconds[step][-1]:.2f} s, {found.memory / 1e9:.2f} GB")
        rows.append((f"{size} x {size} px", *cells))
    pixels = np.log(np.square(np.float64(sizes)))
    slopes = (np.polyfit(pixels, np.log(seconds[step]), 1)[0] for step in STEPS)
    return [*rows, ("log-log slope", *(f"{slope:.2f}" for slope in slopes))]


def main(sizes):
    """Print the table."""
    with tempfile.TemporaryDirectory() as name:
        print(table(scene_table(Path(name), sizes)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[256, 760, 2280, 7600])
    parser.add_argument("--run", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        answer(globals(), options.run)
    else:
        main(options.sizes)
