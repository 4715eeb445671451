"""Keep the scenes that a run without a lock found as the study's lock."""

import logging

from sarfusion.core.files import read_json, write_json


def main(*, found, lock):
    """Write the lock file and say so."""
    write_json(lock, read_json(found))
    logging.warning(
        "%s did not exist and was made; commit it, so that others get these scenes", lock
    )


if __name__ == "__main__":
    from sarfusion.core.job import job

    with job(snakemake.log[0]):
        main(found=snakemake.input.lock, lock=snakemake.output.lock)
