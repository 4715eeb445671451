"""Filling the clouds of a new scene with existing models: the command fill of `reproduce`.

Standard library only, and without newer syntax (see `reproduce`).
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from pathlib import Path

from environment import ROOT, Problem
from running import project_lock, run
from studies import (
    KEEP_GOING,
    LOOKS,
    STOPPED,
    has_any,
    ready,
    run_snakemake,
    run_without_failed_sites,
    snakemake,
    study_file,
    study_name,
    unlock_snakemake,
)
from verifying import run_script


def fill_command(arguments: list[str]) -> int:
    """fill a new scene's clouds with existing models: fill --help"""
    options, others = fill_options(arguments)
    config = study_file(options.scene)
    name = study_name(config)
    results = ROOT / "results" / name
    folder = folder_of_models(options.models)
    if folder == results:
        raise Problem(f"these models belong to {name} itself: ./reproduce {name} products", 2)
    if (results / "models").exists():  # filling would make the stack of these models again
        raise Problem(
            f"results/{name} has models of its own; give the scene a study name of its own", 2
        )
    ready()
    if options.offline:
        os.environ["SARFUSION_OFFLINE"] = "1"
    chosen = chosen_models(name)
    more = ["--site", options.site] if options.site else []
    more += ["--anyway"] if options.anyway else []
    words = ["fill", *others]
    incomplete = None
    with project_lock(f"fill {name}") as lock:
        if has_any(others, LOOKS):
            with tempfile.TemporaryDirectory() as place:
                chosen = Path(place) / chosen.name
                run_script(lock, "stage_filling", folder, chosen, *more)
                return run(snakemake(config, *words, over=[chosen]), lock)
        run_script(lock, "stage_filling", folder, chosen, *more)
        unlock_snakemake(config, lock)
        try:
            run_snakemake(snakemake(config, *words, over=[chosen]), name, lock)
        except Problem as problem:
            if problem.code in STOPPED or not has_any(others, KEEP_GOING):
                raise
            _, incomplete = run_without_failed_sites(config, words, name, lock, problem, [chosen])
    print_products(results)
    if incomplete:
        raise incomplete
    return 0


def print_products(results: Path) -> None:
    """Print the path of each site's product, and how much of it is filled."""
    for path in sorted((results / "products").glob("*/cloud_free.json")):
        pixels = json.loads(path.read_text(encoding="utf-8"))["pixels"]
        shown = sum(pixels.values()) - pixels["no_data"]
        share = 1 - pixels["measured"] / shown if shown else 0
        print(f"{os.path.relpath(str(path.with_suffix('.tif')))}  ({share:.1%} filled)")


def chosen_models(name: str) -> Path:
    """Return the path of the settings that name the models that fill the scenes of a study."""
    return ROOT / "results" / name / "fill_with.json"


def is_filled(name: str) -> bool:
    """Return whether `fill` made the results of a study, and not a run with its own models."""
    return chosen_models(name).exists() and not (ROOT / "results" / name / "models").exists()


def folder_of_models(given: str) -> Path:
    """Return the folder of a study's results, given by the study's name or as a path."""
    for path in (ROOT / "results" / given, Path(given).absolute()):
        if (path / "models").is_dir():
            return path
    raise Problem(
        f"no trained models in {given}: name a study that has been run, or a folder with the"
        " layout of results/STUDY, with models/ in it",
        2,
    )


def fill_options(arguments: list[str]) -> tuple[argparse.Namespace, list[str]]:
    """Return the options of the command fill, and those for Snakemake."""
    parser = argparse.ArgumentParser(
        "./reproduce fill",
        description="Fill the clouds of the sites of a study with the models of another study."
        " Nothing is trained. Other options go to Snakemake.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "scene", metavar="SCENE.yaml", help="a study file with a name of its own and its sites"
    )
    parser.add_argument(
        "--with",
        dest="models",
        metavar="STUDY",
        required=True,
        help="the study with the models, in results/, or a folder with the layout of one",
    )
    parser.add_argument("--site", help="the site with the models, if their study has several sites")
    parser.add_argument(
        "--anyway", action="store_true", help="also fill scenes unlike those of the training"
    )
    parser.add_argument("--offline", action="store_true", help="use only scenes that are here")
    return parser.parse_known_args(arguments)
