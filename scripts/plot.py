"""Draw figures: what each is drawn from, and by which function, is in study/figures.py."""

from sarfusion.core.job import run

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from sarfusion.show.figures import function_of, save


def main(*, drawings: Sequence[Mapping[str, Any]]) -> None:
    """Draw each figure as PNG and as PDF; see `draw`."""
    for drawing in drawings:
        draw(**drawing)


def draw(function: str, values: Mapping[str, Any], png: str, pdf: str | None = None) -> None:
    """Draw one figure by a `function` (MODULE.FUNCTION of show/figures) to `png`, and to `pdf`.

    values: what the function may take by name. Some functions return a list, with a figure for each
    of their bands; the one here is that of the only band in `values`.
    """
    call = function_of(function)
    taken = {name: values[name] for name in inspect.signature(call).parameters if name in values}
    found = call(**taken)
    (figure,) = found if isinstance(found, list) else [found]
    save(figure, png, pdf)


if __name__ == "__main__":
    run(main, snakemake)
