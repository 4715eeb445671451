"""Placing panels on the page in millimetres, so that nothing overlaps at print size."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.textpath import TextPath
from matplotlib.ticker import MaxNLocator

from . import MM

PAGE = (180, 225)  # mm: two columns wide, and a page high with room for the caption
LEAST_WIDTH = 100  # mm: room for the legend and the notes below a single panel
LINE = 3.4  # mm: a line of 7 pt text


def panel_grid(
    aspects, columns, *, left=2, right=2, top=6, bottom=4, gap=(2, 2), widest=58, tall=False
):
    """Return a figure and its axes (rows, columns), all of one width, centred.

    `aspects` is height / width of the panels of each row; margins, `gap` (across, down: one for
    all rows, or one for each but the last) and `widest` (a panel's greatest width) are in mm. The
    page is at most 180 mm x 225 mm; a `tall` one grows down as its rows need.
    """
    rows = len(aspects)
    gaps_down = np.broadcast_to(gap[1], rows - 1)
    across = left + right + gap[0] * (columns - 1)
    down = top + bottom + gaps_down.sum()
    width = min((PAGE[0] - across) / columns, widest)
    if not tall:
        width = min(width, (PAGE[1] - down) / sum(aspects))
    page = max(LEAST_WIDTH, across + columns * width), down + width * sum(aspects)
    figure = Figure(figsize=(page[0] * MM, page[1] * MM))
    x0 = left + (page[0] - across - columns * width) / 2
    y = page[1] - top
    axes = np.empty((rows, columns), dtype=object)
    for row, aspect in enumerate(aspects):
        y -= width * aspect
        for column in range(columns):
            x = x0 + column * (width + gap[0])
            axes[row, column] = figure.add_axes(
                (x / page[0], y / page[1], width / page[0], width * aspect / page[1])
            )
        y -= gaps_down[row] if row < rows - 1 else 0
    return figure, axes


def balanced(count, most):
    """Return (rows, columns) of a table for `count` cells, of at most `most` columns.

    As few rows as that takes, then as few columns.
    """
    rows = -(-count // most)
    return rows, -(-count // rows)


def blocks(count, rows, within, between):
    """Return the gaps down of `count` blocks of `rows` rows, for `panel_grid`."""
    return [*([within] * (rows - 1) + [between]) * count][:-1]


def _add_axes_mm(figure, x, y, width, height):
    """Add axes at a place given in mm from the lower left corner of the page."""
    page_x, page_y = figure.get_size_inches() / MM
    return figure.add_axes((x / page_x, y / page_y, width / page_x, height / page_y))


def box_mm(axes):
    """Return (left, bottom, right, top) of axes on the page in mm."""
    scale = axes.figure.get_size_inches() / MM
    return tuple(axes.get_position().get_points().ravel() * np.tile(scale, 2))


def colour_bar(image, label, beside, below=False, **kwargs):
    """Add a colour bar for `image` on the right of the axes `beside`, or below them
    and their scale bar.

    `beside` are (first, last) of a row or column of axes; the bar has their length.
    """
    first, last = (box_mm(axes) for axes in beside)
    figure = beside[0].figure
    left, bottom = min(first[0], last[0]), min(first[1], last[1])
    right, top = max(first[2], last[2]), max(first[3], last[3])
    if below:
        axes = _add_axes_mm(figure, left, bottom - 7, right - left, 2.2)
    else:
        axes = _add_axes_mm(figure, right + 2, bottom, 2.2, top - bottom)
    bar = figure.colorbar(
        image,
        cax=axes,
        orientation="horizontal" if below else "vertical",
        extendfrac=0.03,
        **kwargs,
    )
    bar.set_label(label)
    if below:  # long labels such as -17.5 meet each other on a narrow bar
        bar.ax.xaxis.set_major_locator(MaxNLocator(5))
    bar.outline.set_linewidth(0.6)
    return bar


def notes(figure, lines, handles=(), left=2):
    """Write `lines` at the foot of the page, and above them a legend of `handles` in a row."""
    page_x, page_y = figure.get_size_inches() / MM
    figure.text(left / page_x, 1.2 / page_y, "\n".join(lines), va="bottom", linespacing=1.25)
    if handles:
        figure.legend(
            handles=list(handles),
            loc="lower left",
            bbox_to_anchor=(left / page_x, (1.8 + LINE * len(lines)) / page_y),
            ncols=len(handles),
            handlelength=1.4,
            columnspacing=1.5,
        )


def notes_height(lines, handles=True):
    """Return the room in mm that `notes` needs."""
    return 3 + LINE * len(lines) + (4 if handles else 0)


def text_mm(texts, size=7):
    """Return the width in mm of the longest of `texts`, each a line of `size` pt."""
    widths = [TextPath((0, 0), text, size=size).get_extents().width for text in texts]
    return max(widths) * 25.4 / 72


def stacked(label):
    """Break a method's label after its comma: narrow columns have no room for one line."""
    return label.replace(", ", ",\n")
