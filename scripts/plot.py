"""Draw one kind of figure: what it is drawn from, and by which function, is in study/figures.py."""

from sarfusion.core.job import arguments, job

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sarfusion.show.figures import function_of, save


def write(figures: Any, png: Sequence[str | Path], pdf: Sequence[str | Path]) -> None:
    """Write a figure, or a list of them, each as PNG and as PDF."""
    figures = figures if isinstance(figures, list) else [figures]
    for figure, *paths in zip(figures, png, pdf, strict=True):
        save(figure, *paths)


if __name__ == "__main__":
    draw = function_of(snakemake.params.function)
    with job(snakemake.log[0]):
        write(draw(**arguments(draw, snakemake)), snakemake.output.png, snakemake.output.pdf)
