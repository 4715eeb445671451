"""Style and saving of figures, and how input files are matched to labels.

Figure functions take layers or data frames and return a `matplotlib.figure.Figure`. They do not
use pyplot, so there is no global state and no figure to close.
"""

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import matplotlib.style
import pandas as pd
from matplotlib.figure import Figure

from ...core.files import atomic
from ...study.methods import method_label

MM = 1 / 25.4  # a millimetre in inches
DPI = 200  # of the PNG, and of images in the PDF; its text and lines are vectors

# seaborn's "colorblind" palette, by name, so that a colour means the same thing in every figure.
PALETTE = {
    "blue": "#0173B2",
    "orange": "#DE8F05",
    "green": "#029E73",
    "vermilion": "#D55E00",
    "pink": "#CC78BC",
    "sky": "#56B4E9",
}
NO_DATA = "#9E9E9E"
BAND_COLOURS = {
    "red": PALETTE["vermilion"],
    "green": PALETTE["green"],
    "blue": PALETTE["blue"],
    "nir": PALETTE["pink"],
    "swir16": PALETTE["orange"],
}

STYLE = {
    "font.family": "DejaVu Sans",  # part of matplotlib, so the same glyphs on every machine
    "font.size": 7,
    "axes.titlesize": 7.5,
    "axes.labelsize": 7,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "legend.borderpad": 0,
    "legend.borderaxespad": 0,
    "axes.linewidth": 0.6,
    "axes.titlepad": 3,
    "axes.titley": 1.0,  # fixed: otherwise every drawing measures all ticks first
    "hatch.linewidth": 0.4,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2,
    "ytick.major.size": 2,
    "xtick.major.pad": 1.5,
    "ytick.major.pad": 1.5,
    "axes.labelpad": 2,
    "lines.linewidth": 1,
    "pdf.fonttype": 42,  # TrueType: many journals reject Type 3 fonts
}

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def styled(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Decorate a figure function so that it draws in STYLE on top of matplotlib's defaults.

    The user's own matplotlibrc has no effect.
    """

    @functools.wraps(function)
    def wrapper(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        with matplotlib.style.context(["default", STYLE]):
            return function(*args, **kwargs)

    return wrapper


def function_of(draws: str) -> Callable[..., Any]:
    """Return the function MODULE.FUNCTION of this package: it returns a figure."""
    module, _, function = draws.partition(".")
    return getattr(import_module(f"{__name__}.{module}"), function)


@styled
def save(figure: Figure, png: str | Path, pdf: str | Path | None = None) -> None:
    """Write `figure` to the paths `png` (DPI) and `pdf`, if there is one, atomically.

    A PNG alone is for comparison, so it is compressed quickly.

    The files contain no date, so that the same figure always gives the same bytes.
    """
    with atomic(png) as temporary:
        quick = {"compress_level": 1} if pdf is None else {}
        figure.savefig(temporary, dpi=DPI, metadata={"Software": None}, pil_kwargs=quick)
    if pdf is not None:
        with atomic(pdf) as temporary:
            figure.savefig(temporary, dpi=DPI, metadata={"CreationDate": None})


def draw(
    function: str, values: Mapping[str, Any], png: str | Path, pdf: str | Path | None = None
) -> None:
    """Draw one figure by a `function` (MODULE.FUNCTION of this package) to `png`, and to `pdf`.

    values: keyword arguments that the function may take.
    """
    call = function_of(function)
    taken = {name: values[name] for name in inspect.signature(call).parameters if name in values}
    save(call(**taken), png, pdf)


def of_sites(table: pd.DataFrame, sites: Iterable[str] | None = None) -> pd.DataFrame:
    """Return the rows of a table whose column `site` is one of `sites`; all rows if None."""
    return table if sites is None else table[table["site"].isin(sites)]


def by_label(paths: Iterable[Any], keys: Iterable[Sequence[str]]) -> dict[str, Any]:
    """Return `paths` by the label of their method, in the given order.

    The workflow passes two parallel lists, because labels are not valid names of inputs. Keys are
    (method, input), which gives {label: path}, or (method, input, band), which gives
    {label: {band: path}}.
    """
    result: dict[str, Any] = {}
    for path, (method, input_name, *band) in zip(paths, keys, strict=True):
        label = method_label(method, input_name)
        if band:
            result.setdefault(label, {})[band[0]] = path
        else:
            result[label] = path
    return result
