"""References and tolerances of `verify`: the commands envelope and reference of `reproduce`.

Standard library only, and without newer syntax (see `reproduce`).
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from environment import ROOT, Problem, say, torch_build
from running import Lock, project_lock
from studies import (
    failure,
    ready,
    run_snakemake,
    snakemake,
    study_file,
    study_name,
    unlock_snakemake,
)
from verifying import REFERENCE, run_apart, run_script

TOLERANCES = Path("results/envelope")
ENVELOPE = Path("results/.envelope")  # belongs to no study, like verifying.SCRATCH
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
    """An instruction set of x86 processors, and environment variables that limit libraries to it.

    flag: the name in /proc/cpuinfo of the flag of processors that have it.
    """

    flag: str
    environment: Mapping[str, str]


# The environment variables limit the instructions of the processor that PyTorch, oneDNN, MKL,
# OpenBLAS and NumPy use. NumPy has used these names of features since version 2.4, and ignores the
# names of earlier versions (AVX512F, AVX512_SKX).
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
# Not among the variants, since these change the computation. The envelope shows whether the results
# differ by less than those of another seed.
FUSED_BFLOAT16 = Variant(settings={"fusing": {"precision": "bfloat16"}})
TRAINED_BFLOAT16 = Variant(settings={"training": {"precision": "bfloat16"}})
BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16"}
BFLOAT16 = "bfloat16"
# All that can be measured: for fusing with the weights of the demo, and for training again.
RUNS = {
    **{name: (variant, variant) for name, variant in VARIANTS.items()},
    BFLOAT16: (FUSED_BFLOAT16, TRAINED_BFLOAT16),
}


def envelope_command(arguments: list[str]) -> int:
    """measure how far machines move results: envelope [VARIANT ...]

    With names, only these variants are measured, and replaced in results/envelope. So a machine can
    add what the others lack, such as instructions for bfloat16.
    """
    for name in arguments:
        if name not in RUNS:
            raise Problem(f"no variant {name!r}; there are {', '.join(RUNS)}", 2)
        lacking = why_left_out(name)
        if lacking:
            raise Problem(f"variant {name}: {lacking}")
    ready()
    with project_lock("envelope") as lock:
        measure_envelope(lock, arguments)
        if arguments:
            keep_envelope()
    print((ROOT / ENVELOPE / "envelope.md").read_text(encoding="utf-8"))
    return 0


def reference_command(arguments: list[str]) -> int:
    """make a study's reference results again: reference [STUDY]

    Every study uses the tolerances of the demo, so only the demo comes with an envelope.
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


def measure_envelope(lock: Lock, names: Sequence[str] = ()) -> None:
    """Run the demo and its variants, and tabulate how far the results of the variants differ.

    names: of variants; the others then come from TOLERANCES. Without names, all are measured.

    Each variant runs twice: with the weights of the demo, as in `verify`, and trained again.
    bfloat16 products, in fusing and in training, are measured too, where the processor has
    instructions for them (without, they are many times slower). A stopped measurement resumes.

    The demo uses the newest instruction set of this processor. It is compared with each set that
    the processor has. A movement has no direction, so either set may have made the reference.
    """
    config = study_file("demo")
    demo = ROOT / "results/demo"
    run_study(config, "demo", lock)
    shutil.rmtree(str(ROOT / ENVELOPE / "staged"), ignore_errors=True)
    run_script(lock, "stage_models", config, demo, ROOT / ENVELOPE / "staged", "--first-band")
    weights = {"weights": str(ROOT / ENVELOPE / "staged/weights")}
    for name in names or RUNS:
        lacking = why_left_out(name)
        if lacking:
            say(f"Variant {name} is left out: {lacking}")
            continue
        fused, trained = RUNS[name]
        run_variant(f"{name}/fused", weights, fused, lock)
        run_variant(f"{name}/trained", RETRAINED, trained, lock)
    others = [str(ROOT / TOLERANCES), *names] if names else []
    run_script(lock, "tabulate_envelope", config, demo, ROOT / ENVELOPE, *others)


def why_left_out(variant: str) -> str:
    """Return why a variant cannot run on this machine, "" if it can."""
    if variant == "gpu" and torch_build() != "cuda":
        return "this is not the CUDA build of PyTorch"
    if variant in INSTRUCTION_SETS and INSTRUCTION_SETS[variant].flag not in processor_flags():
        return "this processor lacks the instruction set"
    if variant == BFLOAT16 and not processor_flags() & BFLOAT16_FLAGS:
        return "this processor has no instructions for it"
    return ""


def processor_flags() -> set[str]:
    """Return the flags of this processor, an empty set if the system has no CPUINFO."""
    try:
        lines = CPUINFO.read_text(encoding="utf-8").splitlines()
    except OSError:
        return set()
    flags = next((line for line in lines if line.startswith("flags")), "")
    return set(flags.partition(":")[2].split())


def run_variant(name: str, settings: Mapping[str, Any], variant: Variant, lock: Lock) -> None:
    """Run a variant of the demo in the folder ENVELOPE/name. settings: what it changes."""
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
