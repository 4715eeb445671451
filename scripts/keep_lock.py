"""Keep the scenes that a run without a lock found as the study's lock."""

from sarfusion.core.job import run

import logging
from pathlib import Path

from sarfusion.core.files import read_json, write_json


def main(
    *,
    new_lock: str | Path,
    lock: str | Path,
) -> None:
    """Write the lock file and log that it was made."""
    write_json(lock, read_json(new_lock))
    logging.warning(
        "%s did not exist and was made; commit it, so that others get these scenes", lock
    )


if __name__ == "__main__":
    run(main, snakemake)
