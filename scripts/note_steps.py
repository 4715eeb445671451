"""Record how the files of a shard were made, for the run that joins the shards."""

from sarfusion.core.job import run

from collections.abc import Sequence

from sarfusion.core.files import write_json
from sarfusion.provenance.facts import Step


def main(*, steps_made: Sequence[Step], steps: str) -> None:
    """Write the steps of a shard as JSON to the file `steps`."""
    write_json(steps, steps_made)


if __name__ == "__main__":
    run(main, snakemake)
