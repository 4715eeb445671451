"""Draw several figures as PNG, to compare another person's figures with them."""

from sarfusion.core.job import run

import logging
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sarfusion.core.files import write_text
from sarfusion.show.figures import draw


def main(*, drawings: Sequence[Mapping[str, Any]], drawn: str | Path) -> None:
    """Draw each figure, and write the list of those that were drawn.

    drawings: the arguments of show.figures.draw for each figure. A figure that cannot be drawn is
    left out and its error logged, since another person's files may contain anything.
    """
    names = []
    for drawing in drawings:
        Path(drawing["png"]).unlink(missing_ok=True)
        try:
            draw(**drawing)
        except Exception as error:
            logging.error("%s: %s", drawing["png"], "".join(traceback.format_exception(error)))
            continue
        names.append(f"{Path(drawing['png']).name}\n")
    write_text(drawn, "".join(names))


if __name__ == "__main__":
    run(main, snakemake)
