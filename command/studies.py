"""Studies, and how Snakemake runs them, for `reproduce`.

Standard library only, and without newer syntax (see `reproduce`).
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
from collections.abc import Iterable, Sequence
from pathlib import Path

from cluster import await_left_jobs
from environment import (
    ROOT,
    Problem,
    check_folder,
    is_set_up,
    run_quietly,
    say,
    set_up,
    venv_python,
)
from running import Lock, project_lock, run

STOPPED = (128 + signal.SIGINT, 128 + signal.SIGTERM)
CORES = ("--cores", "--jobs", "--profile", "-c", "-j")

# Options with which Snakemake only inspects a study (LOOKS), and options with which it does
# something other than a whole run (ERRANDS).
LOOKS = """
    -n --dry-run --dryrun -h --help -v --version --lint -l --list --list-rules --lt
    --list-target-rules --dag --rulegraph --filegraph --d3dag -S --summary -D --detailed-summary
    --lc --list-changes --li --list-input-changes --lp --list-params-changes --lu --list-untracked
    --list-conda-envs --print-compilation --containerize
"""
ERRANDS = """
    --unlock -t --touch --report --archive --generate-unit-tests --export-cwl --cm
    --cleanup-metadata --cleanup-shadow --delete-all-output --delete-temp-output
    --conda-create-envs-only --conda-cleanup-envs --conda-cleanup-pkgs
    --container-cleanup-images -f --force -U --until -O --omit-from --batch -d --directory
"""
KEEP_GOING = "-k --keep-going"
PART = "SARFUSION_PART"  # the environment variable that names the part of a study that is planned
# Options that ask for Snakemake's own output.
WORDS = "--verbose --debug-dag -p --printshellcmds -q --quiet --logger"
WITH_LOGGER = "command/terminal/snakemake_with.py"  # checks the study's files and runs Snakemake


def has_any(arguments: Iterable[str], names: str) -> bool:
    """Return whether Snakemake's arguments have one of these options, also in joined form (-np).

    names: options, separated by white space.
    """
    options = {argument.split("=")[0] for argument in arguments if argument.startswith("-")}
    joined = [option for option in options if re.fullmatch("-[nFpkqft]{2,}", option)]
    options.update("-" + letter for option in joined for letter in option[1:])
    return not options.isdisjoint(names.split())


def names_target(arguments: Sequence[str]) -> bool:
    """Return whether Snakemake's arguments name a target.

    An argument after an option, or with a =, counts as a value and not as a target.
    """
    return any(
        not argument.startswith("-") and "=" not in argument and not before.startswith("-")
        for before, argument in zip(["", *arguments], arguments, strict=False)
    )


def shown(path: Path) -> str:
    """Return a path as messages show it: from the working folder, if it is in there."""
    return str(path.relative_to(Path.cwd()) if Path.cwd() in path.parents else path)


def read_text(path: Path) -> str:
    """Return the text of a study file; raise Problem if it is not in UTF-8."""
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Problem(f"{shown(path)}, line {line}: not UTF-8; save the file as UTF-8", 2) from None


def find_study_name(text: str) -> str | None:
    """Return the name after `study:` in a text in YAML or JSON, None if it has none.

    The standard library cannot read YAML.
    """
    match = re.search(r"^(['\"]?)study\1[ \t]*:[ \t]+['\"]?([^\s'\"#]+)", text, re.M)
    if match:
        return match.group(2)
    try:
        return str(json.loads(text)["study"])
    except (TypeError, LookupError):
        return None
    except (ValueError, RecursionError):  # errors in it are reported once it is read as YAML
        match = re.search(r"^\s*\{\s*(['\"]?)study\1\s*:\s*['\"]?([^\s'\",}]+)", text)
        return match and match.group(2)


def study_name(path: Path) -> str:
    """Return the name of the study in a study file; raise Problem if it is not a study file."""
    text = read_text(path)
    name = find_study_name(text)
    if name is None and "\0" in text:  # UTF-16 without a byte order mark, or not text at all
        raise Problem(f"{shown(path)}: not UTF-8; save the file as UTF-8", 2)
    if name is None:
        raise Problem(f"{shown(path)} is not a study: it has no line `study: NAME`", 2)
    if not re.fullmatch("[a-z0-9][a-z0-9_-]*", name):
        raise Problem(
            f"{shown(path)}: {name!r} is not a valid name of a study: write small letters, digits,"
            " - and _ after `study:`",
            2,
        )
    return name


def studies_in_config() -> list[str]:
    """Return the names of the files in config/ that are studies."""
    found = []
    for path in sorted(ROOT.glob("config/*.yaml")):
        with contextlib.suppress(Problem, OSError):
            study_name(path)
            found.append(path.stem)
    return found


def has_raw_radar(path: Path) -> bool:
    """Return whether a study file has a site of source grd; a site in a comment counts too."""
    return bool(re.search(r"\bsource['\"]?\s*:\s*['\"]?grd\b", read_text(path)))


def study_file(study: str) -> Path:
    """Return the path of a study's file, given as a name or as a path."""
    if study.endswith((".yaml", ".yml")):
        path = Path(study).absolute()
        if not path.is_file():
            what = "a folder, not a study file" if path.is_dir() else "no such study file"
            raise Problem(f"{what}: {study}", 2)
        study_name(path)
        return path
    path = ROOT / "config" / f"{study}.yaml"
    if not path.is_file() or find_study_name(read_text(path)) is None:
        raise Problem(
            f"no study or command {study!r}; studies in config/:"
            f" {', '.join(studies_in_config())}; commands: ./reproduce --help",
            2,
        )
    study_name(path)
    return path


def ready(dev: bool = False) -> None:
    """Check the project's folder; set up the virtual environment, with the test tools if `dev`."""
    check_folder()
    if not is_set_up(dev):
        with project_lock("setting up"):
            set_up(dev)


def snakemake(
    config: Path, *arguments: str, over: Iterable[str | Path] = (), logger: str = "steps"
) -> list[str]:
    """Return the command line that runs a study file with Snakemake.

    over: YAML or JSON files whose settings replace those of the study. logger: a logger in
    command/terminal, or `plain` for Snakemake's own, which is used if an argument needs it.
    """
    config = config.relative_to(ROOT) if ROOT in config.parents else config
    if logger == "steps" and has_any(arguments, f"{LOOKS} {WORDS}"):
        logger = "plain"
    # --configfile takes many values, so a target must not follow it directly.
    command = [str(venv_python()), str(ROOT / WITH_LOGGER), logger, "--configfile", str(config)]
    command += [*map(str, over), "--snakefile", str(ROOT / "Snakefile")]
    check_cores(arguments)
    if not any(argument.startswith(CORES) for argument in arguments):
        command += ["--cores", "all"]
    return [*command, *arguments]


def check_cores(arguments: Sequence[str]) -> None:
    """Raise Problem if a number of cores or jobs is below 1. Snakemake would wait for ever."""
    for option, value in re.findall(
        r"(?<!\S)(--cores|--jobs|-c|-j)[ =]?(-?\d+)(?!\S)", " ".join(arguments)
    ):
        if int(value) < 1:
            raise Problem(f"{option} {value}: at least 1 is needed, or `all`", 2)


def unlock_snakemake(config: Path, lock: Lock, shards: int = 0) -> None:
    """Remove the lock that Snakemake left when our last run was killed, and await its Slurm jobs.

    Snakemake cannot know whether the owner of its lock is still alive. We can: we hold the flock,
    so no Snakemake of ours is running, and our record names the study whose run was killed. A lock
    on any other files is kept, since it may belong to a Snakemake that was started without this
    command. Snakemake makes a plan to unlock; with shards, it plans only the first one.
    """
    study = lock.unfinished
    paths = ROOT.glob(".snakemake/locks/*.output.lock")
    files = [file for path in paths for file in path.read_text().splitlines()]
    if study and files and all(file.startswith(f"results/{study}/") for file in files):
        say(f"The last run of study {study} was killed; removing the lock it left.")
        if shards:
            os.environ[PART] = f"1/{shards}"
        run_quietly(*snakemake(config, "--unlock", *(["shard"] if shards else [])))
        await_left_jobs()


def run_snakemake(command: Sequence[str], name: str, lock: Lock) -> None:
    """Run Snakemake on the study `name`, with the project's lock; raise Problem when it fails."""
    lock.unfinished = name
    code = run(command, lock)
    if code < 128 or code in STOPPED:  # not killed, so Snakemake has removed its own lock
        lock.unfinished = None
    if code:
        raise Problem(failure(code), code)


def run_without_failed_sites(
    config: Path,
    arguments: Sequence[str],
    name: str,
    lock: Lock,
    problem: Problem,
    over: Sequence[Path] = (),
) -> tuple[list[str], Problem]:
    """Run a study again without the sites that failed. over: see `snakemake`.

    The Snakefile writes the failed sites to a file of settings. With these, a run makes the tables
    and figures of the other sites, which name the failed ones. If more sites fail, they are left
    out as well. Returns (command, problem): the last command, and the Problem to end with.
    Raises `problem`, from the last run, if no site failed or if the study does not allow this.
    """
    missing, known = ROOT / "results" / name / "missing_sites.json", None
    while missing.exists() and missing.read_text(encoding="utf-8") != known:
        known = missing.read_text(encoding="utf-8")
        sites = json.loads(known)["missing_sites"]
        named = ", ".join(f"{site} ({about['rule']})" for site, about in sites.items())
        say(f"Continuing without {named}")
        command = snakemake(config, *arguments, over=[*over, missing.relative_to(ROOT)])
        try:
            run_snakemake(command, name, lock)
        except Problem as another:
            if another.code in STOPPED:
                raise
            problem = another
            continue
        lines = [
            f"  {site}: {about['reason']} (log: {about['log']})" for site, about in sites.items()
        ]
        summary = f"the study is done without {named}, as its tables say:\n" + "\n".join(lines)
        return command, Problem(f"{summary}\nonce this is fixed, the same command completes it", 1)
    raise problem


def failure(code: int) -> str:
    """Return the message for a run that ended with this exit code."""
    if code in STOPPED:
        return "stopped; the same command continues from here"
    if code == 128 + signal.SIGKILL:
        return (
            "Snakemake was killed, perhaps for lack of memory; the same command continues from here"
        )
    return "the run failed; the reason is above"
