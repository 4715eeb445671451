# Sites that failed, the list of them with which the other sites can continue, and files that shards
# have not made. No rules.

import re

from sarfusion.core.errors import MAX_MESSAGE
from sarfusion.core.files import NOT_TEXT, is_file, read_json

# What Snakemake writes to its log when SIGTERM or Ctrl-C stops a run.
STOPPED = "Will exit after finishing currently running jobs|Terminating processes on user request"
MISSING_SITES = f"{RESULTS}/missing_sites.json"


def forget_missing_sites():
    """Delete the list of sites that failed in the last run, unless this run leaves them out.

    With several plans, the command deletes it before the first.
    """
    if workflow.is_main_process and not (MISSING or PART):
        Path(MISSING_SITES).unlink(missing_ok=True)


def failed_jobs(snakemake_logs):
    """Return {log: lines that say why} for the failed jobs, from the logs of Snakemake.

    If the run was stopped, which ends jobs too, none counts as failed.
    """
    text = "".join(Path(path).read_text() for path in snakemake_logs)
    if re.search(STOPPED, text):
        return {}
    failed = {}
    for path in dict.fromkeys(re.findall(r"^\s+log: ([^\s,]+).* \(check log", text, re.M)):
        lines = Path(path).read_text().splitlines() if Path(path).exists() else []
        failed[path] = [line for line in lines if line.startswith("error: ")] or lines[-1:]
    return failed


def note_missing_sites(snakemake_logs):
    """Write the list of failed sites, and print how to make the tables of the others."""
    failed = failed_jobs(snakemake_logs)
    missing = MISSING | failed_before() | failed_sites(failed)
    if workflow.is_main_process and missing and len(missing) < len(STUDY["sites"]):
        write_json(MISSING_SITES, {"missing_sites": missing})
        again = "fill SCENE.yaml --with MODELS" if GIVEN_MODELS else "STUDY"
        print(
            f"Everything of the other sites: ./reproduce {again} --keep-going"
            f" (with Snakemake alone: add {MISSING_SITES} to --configfile)",
            file=sys.stderr,
        )


def failed_before():
    """Return the sites that failed in plans before this one, if it is one of several."""
    return read_json(MISSING_SITES)["missing_sites"] if PART and is_file(MISSING_SITES) else {}


def has_error(lines):
    """Return whether one of the lines of a log reports an error."""
    return any(line.startswith("error: ") for line in lines)


def failed_sites(failed):
    """Return {site: rule, log and reason} of the sites whose results fail, from failed_jobs."""
    sites = {}
    # If a Slurm job fails, Snakemake lists all jobs of its group. Those whose log has an error come
    # first.
    for path, lines in sorted(failed.items(), key=lambda job: not has_error(job[1])):
        step, _, job = path.removeprefix(f"{RESULTS}/logs/").partition("/")
        site = re.split("[/.]", job)[0]
        # Tables do not need figures, and a transfer does not fail because of a single site.
        if (
            site in SITES
            and not step.startswith("plot_")
            and job.split("/")[0] not in LAYOUT.transfers
        ):
            reason = lines[0].removeprefix("error: ") if lines else "no reason in its log"
            reason = NOT_TEXT.sub("", reason)[:MAX_MESSAGE]  # so that it is valid as a setting
            sites.setdefault(site, {"rule": step, "log": path, "reason": reason})
    return sites


def lacking():
    """Return the line on files that the last plan lacks, since no shard made them; "" if none."""
    if sites_from("stac") and not Path(LOCK).exists():
        return f"--shards: find and lock the scenes first: ./reproduce lock {STUDY['study']}"
    for path in GIVEN_FILES:
        if not Path(path).exists():
            parts = Path(path).relative_to(RESULTS).with_suffix("").parts
            site = next(part for part in parts if part in GIVEN_SITES)
            return (
                f"site {site}: {path} is missing, which a shard makes; run"
                f" ./reproduce STUDY --shards {PART.shards}, which continues from what is there"
            )
    for path in map(real, STEPS_OF_SHARDS):
        if not Path(path).exists():
            return f"{path} is missing: its shard has not finished"
    return ""
