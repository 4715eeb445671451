"""Whether results hold: the commands verify, envelope and reference of `reproduce`.

Standard library only, and free of newer syntax (see `reproduce`).
"""

import argparse
import json
import shutil
from pathlib import Path

from environment import ROOT, Problem, say, torch_build, venv_python
from running import project_lock, run
from studies import (
    STOPPED,
    failure,
    ready,
    run_snakemake,
    snakemake,
    study_file,
    study_name,
    unlock_snakemake,
)

REFERENCE = Path("results/reference")
# No study can have a name with a dot.
SCRATCH, ENVELOPE = Path("results/.verify"), Path("results/.envelope")

FUSERS = ("fuse_scene", "fuse_full_scale", "train_model")


def threads(count):
    """Return the Snakemake arguments that give so many threads to whatever uses PyTorch."""
    return ["--cores", str(count), "--set-threads", *(f"{rule}={count}" for rule in FUSERS)]


# What another machine may have otherwise: (environment variables, Snakemake arguments, settings).
# The variables lower what PyTorch, oneDNN, MKL, OpenBLAS and NumPy use of this processor.
VARIANTS = {
    "again": ({}, [], {}),
    "threads2": ({}, threads(2), {}),
    "threads4": ({}, threads(4), {}),
    "avx2": (
        {
            "ATEN_CPU_CAPABILITY": "avx2",
            "ONEDNN_MAX_CPU_ISA": "AVX2",
            "MKL_ENABLE_INSTRUCTIONS": "AVX2",
            "OPENBLAS_CORETYPE": "Haswell",
            "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
        },
        [],
        {},
    ),
    "sse4": (
        {
            "ATEN_CPU_CAPABILITY": "default",
            "ONEDNN_MAX_CPU_ISA": "SSE41",
            "MKL_ENABLE_INSTRUCTIONS": "SSE4_2",
            "OPENBLAS_CORETYPE": "Nehalem",
            "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR",
        },
        [],
        {},
    ),
    "gpu": ({}, [], {"training": {"device": "cuda"}}),
}
# Of the models, these are trained again under each variant: every kind, for one band and seed.
TRAINED = {"bands": ["red"], "seeds": [1], "baselines": ["copy"]}
# Not a variant: it does change what is computed. Whether by less than another seed is the question.
BFLOAT16 = {"training": {"precision": "bfloat16"}}


def script(name, *arguments):
    """Return the command line of a script that people call, not Snakemake."""
    return [str(venv_python()), str(ROOT / "scripts" / f"{name}.py"), *map(str, arguments)]


def run_script(lock, name, *arguments):
    """Run such a script; raise Problem when it fails."""
    code = run(script(name, *arguments), lock)
    if code:
        raise Problem(failure(code), code)


def run_apart(config, folder, lock, targets, over=(), environment=None, arguments=()):
    """Run Snakemake in a working folder of its own; return the exit code.

    Nothing else runs there while the project's lock is held, so Snakemake's own is not needed.
    """
    variables = [f"{name}={value}" for name, value in (environment or {}).items()]
    command = snakemake(
        config, *arguments, "--directory", str(ROOT / folder), "--nolock", *targets, over=over
    )
    code = run(["env", *variables, *command] if variables else command, lock)
    if code in STOPPED:
        raise Problem(failure(code), code)
    return code


# verify


def verify_command(arguments):
    """check the reference or another's results: verify --help"""
    options = verify_options(arguments)
    config = study_file(options.study)
    name = study_name(config)
    folder = Path(options.against).absolute() if options.against else ROOT / REFERENCE / name
    own = ROOT / "results" / name
    if not folder.is_dir():
        raise Problem(f"no results in {folder}", 2)
    if options.against and not options.retrain and not (own / "tables").is_dir():
        raise Problem(
            f"no results of your own to compare with: ./reproduce {options.study}, or --retrain", 2
        )
    ready()
    with project_lock("verify") as lock:
        shutil.rmtree(str(ROOT / SCRATCH), ignore_errors=True)
        say("Making again what the models in the results make")
        run_script(lock, "stage_models", config, folder, ROOT / SCRATCH, "--scenes", own)
        place, weights = (ROOT / SCRATCH / over for over in ("place.json", "weights.json"))
        more = ["--keep-going", "--cores", options.cores]
        run_apart(config, SCRATCH / "run", lock, ["scores"], [place, weights], arguments=more)
        compared = [ROOT / SCRATCH / "run/results" / name]
        if options.retrain:
            say("Training again")
            targets = ["tables", "figures"]
            run_apart(config, SCRATCH / "trained", lock, targets, [place], arguments=more)
            compared.append(ROOT / SCRATCH / "trained/results" / name)
        elif options.against:
            compared.append(own)
        return run(script("verify_results", config, folder, *compared), lock)


def verify_options(arguments):
    """Return the options of the command verify."""
    parser = argparse.ArgumentParser(
        "./reproduce verify",
        description="Check results: their scenes by checksums, their scores by making them again"
        " with their models, and all else by what follows from the scores.",
    )
    parser.add_argument("--study", default="demo", help="name or path of the study (demo)")
    parser.add_argument(
        "--against",
        metavar="FOLDER",
        help="the results of another person (default: results/reference/STUDY), to be held"
        " against results/STUDY too",
    )
    parser.add_argument(
        "--retrain", action="store_true", help="train again, and hold them against that"
    )
    parser.add_argument("--cores", default="all", help="cores to use (all)")
    return parser.parse_args(arguments)


# envelope and reference


def envelope_command(arguments):
    """measure how results move with threads and processor"""
    check_no_arguments("envelope", arguments)
    ready()
    with project_lock("envelope") as lock:
        measure_envelope(lock)
    print((ROOT / ENVELOPE / "envelope.md").read_text(encoding="utf-8"))
    return 0


def reference_command(arguments):
    """make results/reference anew: demo, envelope, sums"""
    check_no_arguments("reference", arguments)
    ready()
    with project_lock("reference") as lock:
        measure_envelope(lock)
        target = REFERENCE / "demo"
        run_script(
            lock,
            "collect_reference",
            study_file("demo"),
            ROOT / "results/demo",
            ROOT / ENVELOPE,
            ROOT / target,
        )
    print(f"reference  {target}  (commit it)")
    return 0


def check_no_arguments(command, arguments):
    """Raise Problem when a command that takes no arguments gets one."""
    if arguments:
        raise Problem(f"usage: ./reproduce {command}", 2)


def measure_envelope(lock):
    """Run the demo, then its variants, and tabulate how far these move. Resumes what was stopped.

    Each variant is run twice: with the weights of the demo, as `verify` does, and trained again.
    Training with bfloat16 products is measured beside them.
    """
    config = study_file("demo")
    demo = ROOT / "results/demo"
    unlock_snakemake(config, lock)
    run_snakemake(snakemake(config), "demo", lock)
    shutil.rmtree(str(ROOT / ENVELOPE / "staged"), ignore_errors=True)
    run_script(lock, "stage_models", config, demo, ROOT / ENVELOPE / "staged", "--first-band")
    for name, (environment, arguments, settings) in VARIANTS.items():
        if name == "gpu" and torch_build() != "cuda":
            continue
        weights = {"weights": str(ROOT / ENVELOPE / "staged/weights")}
        run_variant(f"{name}/fused", {**weights, **settings}, lock, environment, arguments)
        run_variant(f"{name}/trained", {**TRAINED, **settings}, lock, environment, arguments)
    run_variant("bfloat16/trained", {**TRAINED, **BFLOAT16}, lock)
    run_script(lock, "tabulate_envelope", config, demo, ROOT / ENVELOPE)


def run_variant(name, change, lock, environment=None, arguments=()):
    """Run the demo, with changes laid over its study, in the folder ENVELOPE/name."""
    say(f"Variant {name} again")
    folder = ENVELOPE / name
    (ROOT / folder).mkdir(parents=True, exist_ok=True)
    over = ROOT / folder / "change.json"
    over.write_text(json.dumps(change))
    code = run_apart(study_file("demo"), folder, lock, ["scores"], [over], environment, arguments)
    if code:
        raise Problem(failure(code), code)
