"""Archives of scenes, and packs that make a study independent of them, for `reproduce`.

Standard library only, and without newer syntax (see `reproduce`).
"""

from __future__ import annotations

import argparse
from pathlib import Path

from environment import ROOT, Problem
from running import project_lock, run
from studies import ready, shown, study_file, study_name
from verifying import run_script, script


def check_archive_command(arguments: list[str]) -> int:
    """try the archives of a study's scenes: check-archive STUDY"""
    if len(arguments) != 1:
        raise Problem("usage: ./reproduce check-archive STUDY", 2)
    config = study_file(arguments[0])
    ready()
    return run(script("check_archive", config))


def pack_command(arguments: list[str]) -> int:
    """write the locked scenes of a study to one file: pack STUDY"""
    options = pack_options(arguments)
    config = study_file(options.study)
    name = study_name(config)
    locked = ROOT / "config" / f"{name}.lock.json"
    if not locked.exists():
        raise Problem(f"no {shown(locked)}: lock the scenes first: ./reproduce lock {name}", 2)
    ready()
    target = ROOT / "results" / name / f"{name}-scenes.tar"
    creators = [word for creator in options.creator for word in ("--creator", creator)]
    with project_lock(f"pack {name}") as lock:
        run_script(lock, "pack_scenes", config, locked, target, *creators)
    print(f"pack     {shown(target)}")
    return 0


def pack_options(arguments: list[str]) -> argparse.Namespace:
    """Return the options of the command pack."""
    parser = argparse.ArgumentParser(
        "./reproduce pack",
        description="Write the scenes of a study, its lock, licences, checksums and a description"
        " for data repositories (DataCite) as results/STUDY/STUDY-scenes.tar.",
        allow_abbrev=False,
    )
    parser.add_argument("study", metavar="STUDY")
    parser.add_argument(
        "--creator", metavar="NAME", action="append", default=[], help="for DataCite; repeatable"
    )
    return parser.parse_args(arguments)


def unpack_command(arguments: list[str]) -> int:
    """unpack a study and its scenes from such a file: unpack FILE"""
    if len(arguments) != 1:
        raise Problem("usage: ./reproduce unpack FILE", 2)
    path = Path(arguments[0]).absolute()
    if not path.is_file():
        raise Problem(f"no such file: {arguments[0]}", 2)
    ready()
    with project_lock("unpack") as lock:
        run_script(lock, "unpack_scenes", path, ROOT / "config", ROOT / "results" / ".packed")
    return 0
