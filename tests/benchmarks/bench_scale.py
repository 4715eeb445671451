"""How far it goes: many sites, many jobs, whole scenes; run by hand.

    python tests/benchmarks/bench_scale.py [--sites 1 50 1000] [--sizes 256 760 2280 7600]
        [--shards 1000x4 10000x10]

DAG: a dry run of tests/studies/tiny.yaml with its simulated site so many times over, in one plan,
and in SITESxSHARDS: the first shard, and the last plan, which is given empty files of the sites.
All plans take as long as so many shards and a last plan. Overhead: a Snakefile of jobs that do
nothing, with the project's profile, less what one job takes. Scenes: a simulated city, tiled;
prepare_stack, fuse_scene (CNN, red), evaluate_fusion (that raster), start_gaps and fill_clouds (the
scene's own clouds, about 5 %, in red, green and blue, with a U-Net for each: of two seeds it takes
twice as long), make_gaps (30 %), fuse_classical: all methods that fill the gaps of the three bands,
then all that sharpen them; and four figures of the latter. In one thread, from file
to file, each in a process of its own; imports are not timed, and small scenes
run several times. The slope is that of log time over log pixels. Needs 15 GB of disk.
"""

import argparse
import contextlib
import io
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
ROOT = TESTS.parent
sys.path[:0] = [str(TESTS / "benchmarks"), str(ROOT / "scripts")]

STEPS = ("prepare", "fuse", "evaluate", "start", "clouds", "gaps", "fill", "sharpen", "draw")
RGB = ("red", "green", "blue")
JOBS = 200  # that do nothing
SMALL = 1000  # pixels a side, below which a scene runs RUNS times
RUNS = 3
SNAKEFILE = """
rule all:
    input:
        expand("{number}.done", number=range(int(config["jobs"]))),

rule nothing:
    output:
        touch("{number}.done"),
    log:
        "{number}.log",
    shell:
        "true"
"""


def run_dag(folder, sites, part="", target="all"):
    """Dry-run a study of so many sites, or a part of it; return its seconds and number of jobs."""
    import os

    import yaml
    from snakemake.cli import main

    os.environ["SARFUSION_PART"] = part

    study = yaml.safe_load((TESTS / "studies/tiny.yaml").read_text(encoding="utf-8"))
    (site,) = study["sites"].values()
    study["sites"] = {f"site{number}": site for number in range(int(sites))}
    (folder / "study.yaml").write_text(yaml.safe_dump(study), encoding="utf-8")
    arguments = ["--snakefile", str(ROOT / "Snakefile"), "--directory", str(folder)]
    arguments += [
        "--configfile",
        str(folder / "study.yaml"),
        "--dry-run",
        "--quiet",
        "rules",
        "--",
        target,
    ]
    printed = io.StringIO()
    start = time.perf_counter()
    with contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit):
        main(arguments)
    seconds = time.perf_counter() - start
    (total,) = {line for line in printed.getvalue().splitlines() if line.startswith("total ")}
    return {"seconds": seconds, "jobs": int(total.split()[1])}


def run_given(folder, sites, shards):
    """Write empty files of all that shards make of so many sites; return nothing measured."""
    from sarfusion.study.config import read_study
    from sarfusion.study.layout import Layout

    layout = Layout(read_study(folder / "study.yaml"), str(folder / "results/tiny"))
    steps = [layout.steps_file(number + 1, int(shards)) for number in range(int(shards))]
    for path in map(Path, [*layout.joined(), *steps]):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return {}


def run_jobs(folder, jobs):
    """Run so many jobs that do nothing; return the seconds."""
    (folder / "Snakefile").write_text(SNAKEFILE, encoding="utf-8")
    place = folder / jobs
    command = [sys.executable, "-m", "snakemake", "--snakefile", folder / "Snakefile"]
    command += ["--directory", place, "--workflow-profile", ROOT / "profiles/default"]
    command += ["--cores", "2", "--config", f"jobs={jobs}"]
    start = time.perf_counter()
    subprocess.run(list(map(str, command)), stderr=subprocess.DEVNULL, check=True)
    return {"seconds": time.perf_counter() - start}


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


def measured(folder, runs, kind, *arguments):
    """Run one of the above in processes of their own, `runs` times; return its Outcome."""
    from children import contend

    command = [sys.executable, __file__, "--run", kind, str(folder), *map(str, arguments)]
    return contend({kind: command}, runs)[kind]


def dag_table(folder, sites):
    """Return the rows of the dry runs."""
    rows = [("sites", "jobs", "DAG building", "memory")]
    for number in sites:
        (folder / str(number)).mkdir()
        found = measured(folder / str(number), 1, "dag", number)
        seconds, jobs = found.figures["seconds"], found.figures["jobs"]
        rows.append((number, int(jobs), f"{seconds:.1f} s", f"{found.memory / 1e9:.2f} GB"))
    return rows


def shard_table(folder, wanted):
    """Return the rows of the dry runs in shards. wanted: ["SITESxSHARDS", ...]."""
    rows = [("sites", "plans", "jobs of a shard", "DAG building", "memory")]
    rows[0] += ("jobs of the last plan", "DAG building", "memory", "all plans, about")
    for name in wanted:
        sites, shards = map(int, name.split("x"))
        place = folder / name
        place.mkdir()
        shard = measured(place, 1, "dag", sites, f"1/{shards}", "shard")
        measured(place, 1, "given", sites, shards)
        last = measured(place, 1, "dag", sites, f"last/{shards}")
        cells = [
            (
                int(one.figures["jobs"]),
                f"{one.figures['seconds']:.1f} s",
                f"{one.memory / 1e9:.2f} GB",
            )
            for one in (shard, last)
        ]
        total = shards * shard.figures["seconds"] + last.figures["seconds"]
        rows.append((sites, f"{shards} and 1", *cells[0], *cells[1], f"{total:.0f} s"))
    return rows


def overhead(folder):
    """Return the seconds that Snakemake takes for a job, of many that do nothing."""
    one, many = (measured(folder, 1, "jobs", number).figures["seconds"] for number in (1, JOBS + 1))
    return (many - one) / JOBS


def scene_table(folder, sizes):
    """Return the rows of the scenes, and of the slopes."""
    import numpy as np

    measured(folder, 1, "make", sizes[0])  # what is compiled once is compiled now
    for step in STEPS:
        measured(folder, 1, step)
    rows = [("scene", *(f"{step}: time, memory" for step in STEPS))]
    seconds = {step: [] for step in STEPS}
    for size in sizes:
        measured(folder, 1, "make", size)
        cells = []
        for step in STEPS:
            found = measured(folder, RUNS if size < SMALL else 1, step)
            seconds[step].append(found.figures["seconds"])
            cells.append(f"{seconds[step][-1]:.2f} s, {found.memory / 1e9:.2f} GB")
        rows.append((f"{size} x {size} px", *cells))
    pixels = np.log(np.square(np.float64(sizes)))
    slopes = (np.polyfit(pixels, np.log(seconds[step]), 1)[0] for step in STEPS)
    return [*rows, ("log-log slope", *(f"{slope:.2f}" for slope in slopes))]


def main(sites, sizes, shards):
    """Print the tables."""
    from children import table

    with tempfile.TemporaryDirectory() as name:
        print(table(dag_table(Path(name), sites)), flush=True)
    with tempfile.TemporaryDirectory() as name:
        print(f"\n{table(shard_table(Path(name), shards))}", flush=True)
    with tempfile.TemporaryDirectory() as name:
        spent = overhead(Path(name))
        print(f"\nScheduler overhead: {1000 * spent:.0f} ms a job, of {JOBS}.\n", flush=True)
    with tempfile.TemporaryDirectory() as name:
        print(table(scene_table(Path(name), sizes)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sites", type=int, nargs="+", default=[1, 50, 1000])
    parser.add_argument("--shards", nargs="+", default=["1000x4", "10000x10"])
    parser.add_argument("--sizes", type=int, nargs="+", default=[256, 760, 2280, 7600])
    parser.add_argument("--run", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        kind, place, *rest = options.run
        print(json.dumps(globals()[f"run_{kind}"](Path(place), *rest)))
    else:
        main(options.sites, options.sizes, options.shards)
