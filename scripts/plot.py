"""Draw figures: what each is drawn from, and by which function, is in study/figures.py."""

from sarfusion.core.job import run

from collections.abc import Mapping, Sequence
from typing import Any

from sarfusion.show.figures import draw


def main(*, drawings: Sequence[Mapping[str, Any]]) -> None:
    """Draw each figure as PNG and as PDF. drawings: what show.figures.draw takes of each."""
    for drawing in drawings:
        draw(**drawing)


if __name__ == "__main__":
    run(main, snakemake)
