"""Check pictures that the available models make: maps, and the table on the cloud-free scenes."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from ..show.products import as_markdown
from ..study.figures import FIGURES
from ..study.layout import Layout
from ..study.missing import missing_note
from . import scores, tolerances
from .checks import Check, check
from .derived import compare_derived, compare_lines
from .pictures import compare_figures


def made_pictures(study: Mapping[str, Any], folder: str | Path) -> tuple[list[str], list[str]]:
    """Return the paths of tables and figures (PNG) that models, not scores, make again.

    folder: results of another person, whose models decide which. A study without a product has no
    such tables.
    """
    layout = Layout({**study, "weights": str(Path(folder, "models"))})
    maps = [one for one in layout.drawn_again() if not FIGURES[one.kind].from_tables]
    return layout.product_tables(), [f"figures/{one.name}.png" for one in maps]


def check_pictures(
    study: Mapping[str, Any],
    again: Path,
    folder: Path,
    limits: pd.DataFrame,
    drawn_alike: bool,
) -> list[Check]:
    """Return the checks of the pictures in `folder`, and of the table on the cloud-free scenes.

    again: folder in which the models in `folder` made them again. limits: table of tolerances.
    drawn_alike: see pictures.compare_figures.
    """
    tables, figures = made_pictures(study, folder)
    compare = partial(compare_figures, drawn_alike=drawn_alike)
    checks = [
        check(name, compare_derived, compare, again / name, folder / name) for name in figures
    ]
    if tables:
        table, text = (Path(folder, name) for name in tables)
        checks += [
            check(tables[0], _compare_products, again / tables[0], table, limits),
            check(tables[1], _check_text, study, table, text),
        ]
    return checks


def _compare_products(here: Path, there: Path, limits: pd.DataFrame) -> str:
    """Return the note on a table on the cloud-free scenes that was made again `here`."""
    ours, theirs = (scores.read(path, scores.PRODUCTS) for path in (here, there))
    of_place = ours.assign(protocol="").set_index("protocol", append=True)
    allowed = tolerances.allowed(of_place, scores.PRODUCTS, limits, ["recompute"] * len(ours))
    return scores.compare(ours, theirs, scores.PRODUCTS, allowed)


def _check_text(study: Mapping[str, Any], table: Path, text: Path) -> str:
    """Return the note on a text that follows from the table on the cloud-free scenes."""
    scores.read(table, scores.PRODUCTS)  # raises StudyError unless it is such a table
    notes = list(filter(None, [missing_note(study["missing_sites"])]))
    return compare_lines(as_markdown(pd.read_csv(table), notes).splitlines(), text)
