"""Checks of results: the command verify of `reproduce`.

Standard library only, and without newer syntax (see `reproduce`).
"""

from __future__ import annotations

import argparse
import secrets
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from environment import ROOT, Problem, say, venv_python
from running import Lock, project_lock, run
from studies import (
    STOPPED,
    failure,
    ready,
    shown,
    snakemake,
    study_file,
    study_name,
)

REFERENCE = Path("results/reference")
SCRATCH = Path("results/.verify")  # a study's name has no dot, so the folder belongs to no study


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


def verify_command(arguments: list[str]) -> int:
    """check the references or somebody else's results: verify --help"""
    options = verify_options(arguments)
    if options.study or options.against:
        return verify_study(options.study or "demo", options)
    references = sorted(path.parent.name for path in (ROOT / REFERENCE).glob("*/config.yaml"))
    if not references:
        raise Problem(f"no results in {ROOT / REFERENCE}", 2)
    return max([verify_study(name, options) for name in references])


def verify_study(study: str, options: argparse.Namespace) -> int:
    """Check the results of one study; return the exit code."""
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
        say("Recomputing what follows from the models and scores in the results")
        count = [] if options.spot is None else [str(options.spot)]
        draw = ("--spot", *count, "--dice", options.dice)
        run_script(lock, "stage_models", config, folder, ROOT / SCRATCH, "--scenes", own, *draw)
        place, weights, scores, spot = (
            ROOT / SCRATCH / f"{over}.json" for over in ("place", "weights", "scores", "spot")
        )
        # These runs start from nothing, so they need no records with which Snakemake resumes a run.
        more = ["--keep-going", "--drop-metadata", "--cores", options.cores]
        over, targets = [place, weights, spot], ["scores", "spot"]
        if scores.exists():  # otherwise they cannot be read, as each check will say
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
        description="Check results: scenes by their checksums, scores by computing them again with"
        " the models, and everything else by deriving it from the scores.",
    )
    parser.add_argument(
        "--study",
        help="name or path of the study (default: all in results/reference; with --against, demo)",
    )
    parser.add_argument(
        "--against",
        metavar="FOLDER",
        help="results of another person (default: results/reference/STUDY); they are also"
        " compared with results/STUDY",
    )
    parser.add_argument(
        "--retrain", action="store_true", help="train the models again, and compare"
    )
    parser.add_argument(
        "--spot",
        type=int,
        metavar="N",
        help="number of models without weights to train here (default: 3, or 1 if it takes long)",
    )
    parser.add_argument(
        "--dice",
        default=str(secrets.randbelow(10**6)),
        metavar="TEXT",
        help="text that determines which models are drawn (default: a random one)",
    )
    parser.add_argument("--cores", default="all", help="number of cores to use (default: all)")
    options = parser.parse_args(arguments)
    if options.spot is not None and options.spot < 0:
        parser.error("--spot is a number of models, 0 for none")
    return options
