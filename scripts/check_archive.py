"""Check that the archives of a study work today, for `./reproduce check-archive`.

    python scripts/check_archive.py STUDY.yaml

Tries one search, one header and one window for each sensor of each site, prints a table of the
results, and changes nothing. The exit code is 1 if anything failed.
"""

import argparse
import sys
from datetime import date

from sarfusion.core.errors import StudyError
from sarfusion.scenes.stac.canary import probe
from sarfusion.scenes.stac.catalogue import open_catalogue
from sarfusion.scenes.stac.remote import Remote
from sarfusion.scenes.stac.servers import server_of
from sarfusion.study.config import read_study
from sarfusion.study.resolved import catalogue_site


def main(config):
    """Print the table; return the exit code."""
    study = read_study(config)
    sites = [name for name, site in study["sites"].items() if site["source"] == "stac"]
    if not sites:
        raise StudyError("the study takes no scenes from a catalogue: there is nothing to check")
    broken = False
    print(f"{'site':16} {'sensor':8} {'step':7} {'':6} {'s':>6}  result")
    for name in sites:
        site = catalogue_site(study, name)
        first, last = map(date.fromisoformat, site["period"])
        for sensor in ("optical", "sar"):
            settings = server_of(site["catalogue"], sensor)
            remote = Remote(settings, attempts=3)
            catalogue = open_catalogue(settings, remote)
            steps = probe(sensor, settings, catalogue, remote, site["area"], (first, last))
            for step in steps:
                word = "works" if step.works else "FAILS"
                line = f"{name:16} {sensor:8} {step.step:7} {word:6} {step.seconds:6.1f}"
                print(f"{line}  {step.result}")
                broken |= not step.works
    return int(broken)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("config")
    try:
        sys.exit(main(**vars(parser.parse_args())))
    except (StudyError, OSError) as error:
        sys.exit(f"error: {error}")
