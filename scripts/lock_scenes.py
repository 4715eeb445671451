"""Gather the scenes found for every site into one lock, and say what changed."""

from sarfusion.core.job import run

import shutil
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from sarfusion.core.errors import StudyError
from sarfusion.core.files import read_json, write_json, write_text
from sarfusion.scenes.stac.lock import assets_of, carry_sums, read_lock, without_sums

COLUMNS = ["sensor", "date", "items", "coverage", "masked", "days_apart", "verdict", "reason"]


def main(
    *,
    found: Sequence[str | Path],
    tables: Sequence[str | Path],
    sites: Sequence[str],
    previous: str | Path,
    answers: str | Path,
    new_lock: str | Path,
    summary: str | Path,
) -> None:
    """Write the lock of all sites, and a summary for people.

    found, tables: one file for each of `sites`. previous: the lock so far, if there is one; the
    checksums of unchanged files are kept from it. answers: the folder of the catalogue's answers,
    which are deleted, since they are no longer needed.
    """
    if not sites:
        raise StudyError("the study takes no scenes from a catalogue: there is nothing to lock")
    old = read_lock(previous)["sites"] if Path(previous).exists() else {}
    new = {site: read_json(path) for site, path in zip(sites, found, strict=True)}
    lines = []
    for site, table in zip(sites, tables, strict=True):
        if site in old:
            carry_sums(old[site], new[site])
        lines += [f"{site}: {change(old.get(site), new[site])}", "", candidates(table), ""]
    write_json(new_lock, {"sites": new})
    write_text(summary, "\n".join(lines))
    shutil.rmtree(answers, ignore_errors=True)


def change(old, new):
    """Return in words how a site's new entry differs from the old one (None: there was none)."""
    if old is None:
        return "locked"
    before, now = (
        {(name, band): asset for name, _, _, band, asset in assets_of(without_sums(entry))}
        for entry in (old, new)
    )
    if before == now:
        return "unchanged"
    scenes = sorted(
        {
            name
            for name, band in before.keys() | now.keys()
            if before.get((name, band)) != now.get((name, band))
        }
    )
    return f"changed: {', '.join(scenes)}"


def candidates(path):
    """Return the table of candidates as text."""
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    return table[[name for name in COLUMNS if name in table]].to_string(index=False)


if __name__ == "__main__":
    run(main, snakemake)
