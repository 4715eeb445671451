"""Studies, and how Snakemake runs them, for `reproduce`.

Standard library only, and free of newer syntax (see `reproduce`).
"""

import json
import re
import signal
from pathlib import Path

from cluster import await_left_jobs
from environment import ROOT, Problem, is_set_up, run_quietly, say, set_up, venv_python
from running import project_lock, run

STOPPED = (128 + signal.SIGINT, 128 + signal.SIGTERM)
CORES = ("--cores", "--jobs", "--profile", "-c", "-j")

# Snakemake options that only look at a study, and those that do something else than a whole run.
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
# Those with which a person asks Snakemake for its own words.
WORDS = "--verbose --debug-dag -p --printshellcmds -q --quiet --logger"
WITH_LOGGER = "command/terminal/snakemake_with.py"  # Snakemake, with a logger of ours


def has_any(arguments, names):
    """Tell whether Snakemake's arguments have one of these options, also in joined form (-np)."""
    found = {argument.split("=")[0] for argument in arguments if argument.startswith("-")}
    joined = [argument for argument in found if re.fullmatch("-[nFpkqft]{2,}", argument)]
    found.update("-" + letter for argument in joined for letter in argument[1:])
    return not found.isdisjoint(names.split())


def study_name(path):
    """Return the name after `study:` in a study file, or None (read without a YAML library)."""
    found = re.search(r"^study:[ \t]*['\"]?([^\s'\"#]+)", path.read_text(encoding="utf-8"), re.M)
    return found and found.group(1)


def study_file(study):
    """Return the path of a study's file, given as a name or as a path."""
    if study.endswith((".yaml", ".yml")):
        path = Path(study).absolute()
        if not path.is_file():
            raise Problem(f"no such study file: {study}", 2)
        if not study_name(path):
            raise Problem(f"{study} is not a study: it has no line `study: NAME`", 2)
        return path
    known = sorted(path.stem for path in ROOT.glob("config/*.yaml") if study_name(path))
    if study not in known:
        raise Problem(
            f"no study or command {study!r}; studies in config/: {', '.join(known)};"
            " commands: ./reproduce --help",
            2,
        )
    return ROOT / "config" / f"{study}.yaml"


def ready(dev=False):
    """Set up unless that is done."""
    if not is_set_up(dev):
        with project_lock("setting up"):
            set_up(dev)


def snakemake(config, *arguments, over=(), logger="steps"):
    """Return the command line that runs a study file with Snakemake.

    over: settings (paths of YAML or JSON) that are laid over the study. logger: what prints, one of
    those in command/terminal; where a person asks for Snakemake's own words, `steps` does not.
    """
    config = config.relative_to(ROOT) if ROOT in config.parents else config
    plain = logger == "steps" and has_any(arguments, f"{LOOKS} {WORDS}")
    start = ["-m", "snakemake"] if plain else [str(ROOT / WITH_LOGGER), logger]
    # --configfile takes many values, so it must not stand just before a target.
    command = [str(venv_python()), *start, "--configfile", str(config)]
    command += [*map(str, over), "--snakefile", str(ROOT / "Snakefile")]
    if not any(argument.startswith(CORES) for argument in arguments):
        command += ["--cores", "all"]
    return [*command, *arguments]


def unlock_snakemake(config, lock):
    """Remove the lock that Snakemake left when our last run was killed, and await its Slurm jobs.

    Snakemake cannot know whether the holder of its lock still lives. We can: we hold the flock, so
    no Snakemake of ours does; and our record names the study that did not come to its end. The
    lock is left alone when it covers files of anything else, since a Snakemake that was started
    without this command may then hold it.
    """
    study = lock.unfinished
    paths = ROOT.glob(".snakemake/locks/*.output.lock")
    files = [file for path in paths for file in path.read_text().splitlines()]
    if study and files and all(file.startswith(f"results/{study}/") for file in files):
        say(f"The last run of study {study} was killed; removing the lock it left.")
        run_quietly(*snakemake(config, "--unlock"))
        await_left_jobs()


def run_snakemake(command, name, lock):
    """Run Snakemake on a study while `lock` is held; raise Problem when it fails."""
    lock.unfinished = name
    code = run(command, lock)
    if code < 128 or code in STOPPED:  # not killed: Snakemake has taken its own lock away
        lock.unfinished = None
    if code:
        raise Problem(failure(code), code)


def run_without_failed_sites(config, arguments, name, lock, problem):
    """Run a study whose sites did not all work on those that did; return what is said of it.

    The Snakefile has written which sites failed. Laid over the study, this makes the tables and
    figures of the others, which name them. When more sites fail, they are left out as well.
    Raises `problem`, of the last run, when no site failed or when the study does not allow this.
    Returns (command, problem): what was run at last, and the Problem to end with.
    """
    missing, known = ROOT / "results" / name / "missing_sites.json", None
    while missing.exists() and missing.read_text(encoding="utf-8") != known:
        known = missing.read_text(encoding="utf-8")
        sites = json.loads(known)["missing_sites"]
        named = ", ".join(f"{site} ({about['rule']})" for site, about in sites.items())
        say(f"Going on without {named}")
        command = snakemake(config, *arguments, over=[missing.relative_to(ROOT)])
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
        said = f"the study is done without {named}, as its tables say:\n" + "\n".join(lines)
        return command, Problem(f"{said}\nonce that is mended, the same command completes it", 1)
    raise problem


def failure(code):
    """Return the last line of a run that ended with this exit code."""
    if code in STOPPED:
        return "stopped; the same command goes on from here"
    if code == 128 + signal.SIGKILL:
        return "Snakemake was killed, maybe for want of memory; the same command goes on from here"
    return "the run failed; the reason stands above"
