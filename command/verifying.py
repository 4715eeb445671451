"""Checks of results: the commands verify, envelope and reference of `reproduce`.

Standard library only, and free of newer syntax (see `reproduce`).
"""

from __future__ import annotations

import argparse
import json
import secrets
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from environment import ROOT, Problem, say, torch_build, venv_python
from running import Lock, project_lock, run
from studies import (
    STOPPED,
    failure,
    ready,
    run_snakemake,
    shown,
    snakemake,
    study_file,
    study_name,
    unlock_snakemake,
)

REFERENCE, TOLERANCES = Path("results/reference"), Path("results/envelope")
# The name of a study has no dot, so these folders belong to no study.
SCRATCH, ENVELOPE = Path("results/.verify"), Path("results/.envelope")
CPUINFO = Path("/proc/cpuinfo")

TORCH_RULES = ("fuse_scene", "fuse_full_scale", "train_model")


def threads(count: int) -> list[str]:
    """Return the Snakemake arguments that give `count` threads to each rule that uses PyTorch."""
    return ["--cores", str(count), "--set-threads", *(f"{rule}={count}" for rule in TORCH_RULES)]


class Variant(NamedTuple):
    """A difference between machines: environment variables, Snakemake arguments, settings."""

    environment: Mapping[str, str] = {}
    arguments: Sequence[str] = ()
    settings: Mapping[str, Any] = {}


class InstructionSet(NamedTuple):
    """An instruction set of x86 processors, and the environment variables that limit to it.

    flag: the name in /proc/cpuinfo of the flag of processors that have it.
    """

    flag: str
    environment: Mapping[str, str]


# The environment variables limit the instructions of the processor that PyTorch, oneDNN, MKL,
# OpenBLAS and NumPy use. NumPy has these names of features from version 2.4 on, and ignores those
# of earlier versions (AVX512F, AVX512_SKX).
INSTRUCTION_SETS = {
    "sse4": InstructionSet(
        "sse4_2",
        {
            "ATEN_CPU_CAPABILITY": "default",
            "ONEDNN_MAX_CPU_ISA": "SSE41",
            "MKL_ENABLE_INSTRUCTIONS": "SSE4_2",
            "OPENBLAS_CORETYPE": "Nehalem",
            "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR",
        },
    ),
    "avx2": InstructionSet(
        "avx2",
        {
            "ATEN_CPU_CAPABILITY": "avx2",
            "ONEDNN_MAX_CPU_ISA": "AVX2",
            "MKL_ENABLE_INSTRUCTIONS": "AVX2",
            "OPENBLAS_CORETYPE": "Haswell",
            "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
        },
    ),
    "avx512": InstructionSet(
        "avx512f",
        {
            "ATEN_CPU_CAPABILITY": "avx512",
            "ONEDNN_MAX_CPU_ISA": "AVX512_CORE",
            "MKL_ENABLE_INSTRUCTIONS": "AVX512",
            "OPENBLAS_CORETYPE": "SkylakeX",
            "NPY_DISABLE_CPU_FEATURES": "AVX512_ICL AVX512_SPR",
        },
    ),
}
VARIANTS = {
    "again": Variant(),
    "threads2": Variant(arguments=threads(2)),
    "threads4": Variant(arguments=threads(4)),
    **{name: Variant(environment=limit) for name, (_, limit) in INSTRUCTION_SETS.items()},
    "gpu": Variant(settings={"training": {"device": "cuda"}}),
}
# The models that are trained again under each variant: every kind, for one band and seed.
RETRAINED = {"bands": ["red"], "seeds": [1], "baselines": ["copy"]}
# Not among the variants, since it changes the computation. The envelope shows whether the results
# differ by less than those of another seed.
BFLOAT16 = Variant(settings={"training": {"precision": "bfloat16"}})
BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16"}


def script(name: str, *arguments: str | Path) -> list[str]:
    """Return the command line of a script that runs outside Snakemake."""
    return [str(venv_python()), str(ROOT / "scripts" / f"{name}.py"), *map(str, arguments)]


def run_script(lock: Lock, name: str, *arguments: str | Path) -> None:
    """Run such a script; raise Problem when it fails."""
    code = run(script(name, *arguments), lock)
    if code:
        raise Problem(failure(code), code)


def run_apart(
    config: Path,
    folder: Path,
    lock: Lock,
    targets: Iterable[str],
    over: Iterable[str | Path] = (),
    environment: Mapping[str, str] | None = None,
    arguments: Iterable[str] = (),
) -> int:
    """Run Snakemake in a working folder of its own; return the exit code.

    over: files of settings, see `snakemake`. environment: additional environment variables. The
    project's lock keeps other runs out of the folder, so Snakemake's own lock is not needed.
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


def verify_command(arguments: list[str]) -> int:
    """check the references or another's results: verify --help"""
    options = verify_options(arguments)
    if options.study or options.against:
        return verify_study(options.study or "demo", options)
    references = sorted(path.parent.name for path in (ROOT / REFERENCE).glob("*/config.yaml"))
    if not references:
        raise Problem(f"no results in {ROOT / REFERENCE}", 2)
    return max([verify_study(name, options) for name in references])


def verify_study(study: str, options: argparse.Namespace) -> int:
    """Check results of one study; return the exit code."""
    config = study_file(study)
    name = study_name(config)
    folder = Path(options.against).absolute() if options.against else ROOT / REFERENCE / name
    own = ROOT / "results" / name
    if not folder.is_dir():
        raise Problem(f"no results in {folder}", 2)
    if options.against and not options.retrain and not (own / "tables").is_dir():
        raise Problem(
            f"no results of your own to compare with: ./reproduce {study}, or --retrain", 2
        )
    ready()
    with project_lock("verify") as lock:
        shutil.rmtree(str(ROOT / SCRATCH), ignore_errors=True)
        say(f"Verifying {shown(folder)}")
        say("Making again what the models and scores in the results make")
        draw = ("--spot", str(options.spot), "--dice", options.dice)
        run_script(lock, "stage_models", config, folder, ROOT / SCRATCH, "--scenes", own, *draw)
        place, weights, scores, spot = (
            ROOT / SCRATCH / f"{over}.json" for over in ("place", "weights", "scores", "spot")
        )
        # These runs start from nothing, so what Snakemake notes to resume one is left out.
        more = ["--keep-going", "--drop-metadata", "--cores", options.cores]
        over, targets = [place, weights, spot], ["scores", "spot"]
        if scores.exists():  # else they cannot be read, as will be said of each
            over, targets = [*over, scores], [*targets, "derived", "pictures"]
        run_apart(config, SCRATCH / "run", lock, targets, over, arguments=more)
        compared: list[str | Path] = [ROOT / SCRATCH / "run/results" / name]
        if options.retrain:
            say("Training again")
            targets = ["tables", "figures"]
            run_apart(config, SCRATCH / "trained", lock, targets, [place], arguments=more)
            compared.append(ROOT / SCRATCH / "trained/results" / name)
        elif options.against:
            compared.append(own)
        return run(script("verify_results", config, folder, *compared, *draw), lock)


def verify_options(arguments: list[str]) -> argparse.Namespace:
    """Return the options of the command verify."""
    parser = argparse.ArgumentParser(
        "./reproduce verify",
        description="Check results: their scenes by checksums, their scores by making them again"
        " with their models, and all else by what follows from the scores.",
    )
    parser.add_argument(
        "--study",
        help="name or path of the study (all in results/reference; with --against, demo)",
    )
    parser.add_argument(
        "--against",
        metavar="FOLDER",
        help="the results of another person (default: results/reference/STUDY), to be held"
        " against results/STUDY too",
    )
    parser.add_argument(
        "--retrain", action="store_true", help="train again, and hold them against that"
    )
    parser.add_argument(
        "--spot",
        type=int,
        default=3,
        metavar="N",
        help="models to train among those without weights there (3)",
    )
    parser.add_argument(
        "--dice",
        default=str(secrets.randbelow(10**6)),
        metavar="TEXT",
        help="draws these models; the same text draws the same (by chance)",
    )
    parser.add_argument("--cores", default="all", help="cores to use (all)")
    options = parser.parse_args(arguments)
    if options.spot < 0:
        parser.error("--spot is a number of models, 0 for none")
    return options


# envelope and reference


def envelope_command(arguments: list[str]) -> int:
    """measure how results move with threads and processor"""
    if arguments:
        raise Problem("usage: ./reproduce envelope", 2)
    ready()
    with project_lock("envelope") as lock:
        measure_envelope(lock)
    print((ROOT / ENVELOPE / "envelope.md").read_text(encoding="utf-8"))
    return 0


def reference_command(arguments: list[str]) -> int:
    """make a study's reference results anew: reference [STUDY]

    Tolerances are the demo's for every study, so only the demo comes with an envelope.
    """
    if len(arguments) > 1 or any(argument.startswith("-") for argument in arguments):
        raise Problem("usage: ./reproduce reference [STUDY]", 2)
    config = study_file(arguments[0] if arguments else "demo")
    name = study_name(config)
    made = [REFERENCE / name]
    ready()
    with project_lock("reference") as lock:
        if name == "demo":
            measure_envelope(lock)
        else:
            run_study(config, name, lock)
        run_script(lock, "collect_reference", config, ROOT / "results" / name, ROOT / made[0])
        if name == "demo":
            keep_envelope()
            made.append(TOLERANCES)
        run_script(lock, "state_outcomes", ROOT / "README.md", ROOT / REFERENCE)
    print(f"reference  {', '.join(map(str, made))} and the README's outcomes  (commit all)")
    return 0


def run_study(config: Path, name: str, lock: Lock) -> None:
    """Run a study into results/NAME."""
    unlock_snakemake(config, lock)
    run_snakemake(snakemake(config), name, lock)


def keep_envelope() -> None:
    """Replace the tables of the envelope that `verify` takes its tolerances from."""
    (ROOT / TOLERANCES).mkdir(parents=True, exist_ok=True)
    for path in sorted((ROOT / ENVELOPE).glob("*.*")):
        part = ROOT / TOLERANCES / f".part-{path.name}"
        shutil.copy(str(path), str(part))
        part.replace(ROOT / TOLERANCES / path.name)


def measure_envelope(lock: Lock) -> None:
    """Run the demo and its variants, and tabulate how far the results of the variants differ.

    Each variant runs twice: with the weights of the demo, as in `verify`, and trained again.
    Training with bfloat16 products is measured too, where the processor has instructions for it
    (without, it is many times slower). A stopped measurement resumes.

    The demo uses the newest instruction set of this processor. It is compared with each set that
    the processor has. A movement has no direction, so either set may have made the reference.
    """
    config = study_file("demo")
    demo = ROOT / "results/demo"
    run_study(config, "demo", lock)
    shutil.rmtree(str(ROOT / ENVELOPE / "staged"), ignore_errors=True)
    run_script(lock, "stage_models", config, demo, ROOT / ENVELOPE / "staged", "--first-band")
    for name, variant in VARIANTS.items():
        lacking = why_left_out(name)
        if lacking:
            say(f"Variant {name} is left out: {lacking}")
            continue
        weights = {"weights": str(ROOT / ENVELOPE / "staged/weights")}
        run_variant(f"{name}/fused", weights, variant, lock)
        run_variant(f"{name}/trained", RETRAINED, variant, lock)
    if processor_flags() & BFLOAT16_FLAGS:
        run_variant("bfloat16/trained", RETRAINED, BFLOAT16, lock)
    else:
        say("Variant bfloat16 is left out: this processor has no instructions for it")
    run_script(lock, "tabulate_envelope", config, demo, ROOT / ENVELOPE)


def why_left_out(variant: str) -> str:
    """Return why a variant cannot run on this machine, "" if it can."""
    if variant == "gpu" and torch_build() != "cuda":
        return "this is not the CUDA build of PyTorch"
    if variant in INSTRUCTION_SETS and INSTRUCTION_SETS[variant].flag not in processor_flags():
        return "this processor lacks the instruction set"
    return ""


def processor_flags() -> set[str]:
    """Return the flags of this processor, an empty set on a system without them in CPUINFO."""
    try:
        lines = CPUINFO.read_text(encoding="utf-8").splitlines()
    except OSError:
        return set()
    flags = next((line for line in lines if line.startswith("flags")), "")
    return set(flags.partition(":")[2].split())


def run_variant(name: str, settings: Mapping[str, Any], variant: Variant, lock: Lock) -> None:
    """Run a variant of the demo in the folder ENVELOPE/name. settings: of its study, replaced."""
    say(f"Variant {name} again")
    folder = ENVELOPE / name
    (ROOT / folder).mkdir(parents=True, exist_ok=True)
    over = ROOT / folder / "change.json"
    over.write_text(json.dumps({**settings, **variant.settings}))
    code = run_apart(
        *(study_file("demo"), folder, lock, ["scores"], [over]),
        *(variant.environment, variant.arguments),
    )
    if code:
        raise Problem(failure(code), code)
