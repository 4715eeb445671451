"""Figures: their style, what labels stand for, and saving.

Figure functions take arrays or data frames and return a `matplotlib.figure.Figure`. They go
without pyplot, so there is no global state and nothing to close.
"""

import functools

import matplotlib.style

from ...core.files import atomic
from ...study.labels import method_label

MM = 1 / 25.4  # inches
DPI = 200  # in the PDF, of the images only; its text and lines are vectors

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
}

STYLE = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same glyphs on every machine
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
    "hatch.linewidth": 0.4,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2,
    "ytick.major.size": 2,
    "xtick.major.pad": 1.5,
    "ytick.major.pad": 1.5,
    "axes.labelpad": 2,
    "lines.linewidth": 1,
    "pdf.fonttype": 42,  # text stays text: journals refuse Type 3 fonts
}


def styled(function):
    """Make a figure function draw in STYLE on matplotlib's defaults, whatever the user's rc."""

    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        with matplotlib.style.context(["default", STYLE]):
            return function(*args, **kwargs)

    return wrapper


@styled
def save(figure, png, pdf):
    """Write `figure` as `png` (200 dpi) and as `pdf`, atomically and without any date.

    The same figure gives the same bytes each time.
    """
    with atomic(png) as temporary:
        figure.savefig(temporary, dpi=DPI, metadata={"Software": None})
    with atomic(pdf) as temporary:
        figure.savefig(temporary, dpi=DPI, metadata={"CreationDate": None})


def of_sites(table, sites=None):
    """Return the rows of `sites` of a table; all where they are None."""
    return table if sites is None else table[table["site"].isin(sites)]


def by_label(paths, keys):
    """Return parallel lists as a dict, since a workflow can't name inputs by such labels.

    Keys are (method, input), giving {label: path}, or (method, input, band), giving
    {label: {band: path}}. The order is kept.
    """
    result = {}
    for path, (method, input_name, *band) in zip(paths, keys, strict=True):
        label = method_label(method, input_name)
        if band:
            result.setdefault(label, {})[band[0]] = path
        else:
            result[label] = path
    return result
