"""Draw figures; study/figures.py lists the inputs and the function of each."""

from sarfusion.core.job import run

from collections.abc import Mapping, Sequence
from typing import Any

from sarfusion.show.figures import draw


def main(*, drawings: Sequence[Mapping[str, Any]]) -> None:
    """Draw each figure as PNG and as PDF. drawings: the arguments of show.figures.draw for each."""
    for drawing in drawings:
        draw(**drawing)


if __name__ == "__main__":
    run(main, snakemake)
