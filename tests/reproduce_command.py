"""./reproduce and its helpers as modules; the name of its file has no .py."""

import importlib.util
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def load():
    loader = SourceFileLoader("reproduce", str(ROOT / "reproduce"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("reproduce", loader))
    loader.exec_module(module)
    return module


reproduce = load()
MODULES = (
    *(
        "archives",
        "benchmarks",
        "cluster",
        "container",
        "environment",
        "exporting",
        "filling",
        "problems",
    ),
    *("references", "releasing", "running", "sharding", "status", "studies", "verifying"),
)
COMMANDS = tuple(sys.modules[name] for name in MODULES)
(
    archives,
    benchmarks,
    cluster,
    container,
    environment,
    exporting,
    filling,
    problems,
    references,
    releasing,
    running,
    sharding,
    status,
    studies,
    verifying,
) = COMMANDS
privacy = sys.modules["privacy"]  # which does not depend on the project's folder


def refer(project, study):
    """Create reference results of a study."""
    (project / "results/reference" / study).mkdir(parents=True)
    (project / "results/reference" / study / "config.yaml").touch()


def kinds(calls):
    """What each call runs: the name of a script, or the targets of Snakemake."""
    return [
        next((word.split("/")[-1] for word in call if word.startswith("scripts/")), call[-1])
        for call in calls
    ]
