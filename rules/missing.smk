# Sites that failed, and what is made of the others. No rules.

import re

MISSING_SITES = f"{RESULTS}/missing_sites.json"


def forget_missing_sites():
    """Delete the list of sites that the last run lacked, where this one asks for all."""
    if workflow.is_main_process and not MISSING:
        Path(MISSING_SITES).unlink(missing_ok=True)


def failed_jobs(snakemake_logs):
    """{log: why it failed, in lines} of the failed jobs, from the logs of Snakemake."""
    said = "".join(Path(path).read_text() for path in snakemake_logs)
    failed = {}
    for path in dict.fromkeys(re.findall(r"^\s+log: ([^\s,]+).* \(check log", said, re.M)):
        lines = Path(path).read_text().splitlines() if Path(path).exists() else []
        failed[path] = [line for line in lines if line.startswith("error: ")] or lines[-1:]
    return failed


def note_missing_sites(snakemake_logs):
    """Write which sites cannot be had, from the failed jobs, and say how the others can."""
    failed = failed_jobs(snakemake_logs)
    missing = MISSING | failed_sites(failed)
    if workflow.is_main_process and missing and len(missing) < len(STUDY["sites"]):
        write_json(MISSING_SITES, {"missing_sites": missing})
        print(
            f"The tables and figures of the other sites: add {MISSING_SITES} to --configfile",
            file=sys.stderr,
        )


def has_error(lines):
    """Tell whether one of the lines of a log is an error's."""
    return any(line.startswith("error: ") for line in lines)


def failed_sites(failed):
    """{site: rule, log and reason} of the sites whose results cannot be had, from failed_jobs."""
    sites = {}
    # Where a Slurm job failed, Snakemake names all that were to run in it: first, who says why.
    for path, said in sorted(failed.items(), key=lambda job: not has_error(job[1])):
        step, _, job = path.removeprefix(f"{RESULTS}/logs/").partition("/")
        site = re.split("[/.]", job)[0]
        # A figure that failed takes nothing from the tables; a transfer is not one site's fault.
        if (
            site in SITES
            and not step.startswith("plot_")
            and job.split("/")[0] not in LAYOUT.transfers
        ):
            reason = said[0].removeprefix("error: ") if said else "no reason in its log"
            sites.setdefault(site, {"rule": step, "log": path, "reason": reason})
    return sites
