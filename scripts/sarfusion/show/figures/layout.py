"""Placing panels on the page in millimetres, so that nothing overlaps at print size."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import numpy as np
from matplotlib import rcParams
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colorbar import Colorbar
from matplotlib.figure import Figure
from matplotlib.markers import TICKLEFT
from matplotlib.textpath import TextPath
from matplotlib.ticker import MaxNLocator, NullLocator

from . import MM

PAGE = (180, 225)  # mm: width of two columns, and height of a page without room for the caption
MIN_WIDTH = 100  # mm: room for the legend and the notes below a single panel
LINE = 3.4  # mm: height of a line of 7 pt text


def panel_grid(
    aspects: Sequence[float],
    columns: int,
    *,
    left: float = 2,
    right: float = 2,
    top: float = 6,
    bottom: float = 4,
    gap: tuple[float, float | Sequence[float]] = (2, 2),
    widest: float = 58,
    tall: bool = False,
) -> tuple[Figure, np.ndarray]:
    """Return a figure and its axes, an array (rows, columns); all have one width and are centred.

    aspects: height / width of the panels of each row. Lengths are in mm: margins, `gap` (across,
    down), where down is one number for all rows or one for each row but the last, and `widest`,
    the largest width of a panel. The page is at most PAGE; a `tall` page is as high as its rows
    need.
    """
    rows = len(aspects)
    gaps_down = np.broadcast_to(gap[1], rows - 1)
    across = left + right + gap[0] * (columns - 1)
    down = top + bottom + gaps_down.sum()
    width = min((PAGE[0] - across) / columns, widest)
    if not tall:
        width = min(width, (PAGE[1] - down) / sum(aspects))
    page = max(MIN_WIDTH, across + columns * width), down + width * sum(aspects)
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


def balanced(count: int, max_columns: int) -> tuple[int, int]:
    """Return (rows, columns) for `count` panels: the fewest rows, then the fewest columns."""
    rows = -(-count // max_columns)
    return rows, -(-count // rows)


def block_gaps(count: int, rows: int, within: float, between: float) -> list[float]:
    """Return the gaps down, for `panel_grid`, of `count` blocks of `rows` rows each.

    within, between: gaps between the rows of a block and between blocks, in mm.
    """
    return [*([within] * (rows - 1) + [between]) * count][:-1]


def block_panels(axes: np.ndarray, count: int, rows: int) -> list[tuple[int, np.ndarray]]:
    """Return (column, axes from top to bottom) for each of `count` items that take `rows` panels.

    Items fill the columns of the first block of rows, then those of the next. The panels that no
    item takes are hidden.
    """
    columns = axes.shape[1]
    for unused in axes[-rows:, (count - 1) % columns + 1 :].flat:
        unused.set_axis_off()
    places = (divmod(number, columns) for number in range(count))
    return [(column, axes[block * rows : (block + 1) * rows, column]) for block, column in places]


def add_axes_mm(figure: Figure, x: float, y: float, width: float, height: float) -> Axes:
    """Add axes at a position in mm from the lower left corner of the page."""
    page_x, page_y = figure.get_size_inches() / MM
    return figure.add_axes((x / page_x, y / page_y, width / page_x, height / page_y))


def box_mm(axes: Axes) -> tuple[float, float, float, float]:
    """Return (left, bottom, right, top) of axes on the page in mm."""
    scale = axes.figure.get_size_inches() / MM
    left, bottom, right, top = axes.get_position().get_points().ravel() * np.tile(scale, 2)
    return left, bottom, right, top


def colour_bar(
    image: ScalarMappable,
    label: str,
    beside: tuple[Axes, Axes],
    below: bool = False,
    **kwargs: Any,
) -> Colorbar:
    """Add a colour bar for `image` on the right of the axes `beside`, or below their scale bar.

    beside: first and last of a row or column of axes; the bar is as long as they are.
    """
    first, last = (box_mm(axes) for axes in beside)
    figure = beside[0].figure
    left, bottom = min(first[0], last[0]), min(first[1], last[1])
    right, top = max(first[2], last[2]), max(first[3], last[3])
    if below:
        axes = add_axes_mm(figure, left, bottom - 7, right - left, 2.2)
    else:
        axes = add_axes_mm(figure, right + 2, bottom, 2.2, top - bottom)
    bar = figure.colorbar(
        image,
        cax=axes,
        orientation="horizontal" if below else "vertical",
        extendfrac=0.03,
        **kwargs,
    )
    bar.set_label(label)
    if below:  # on a narrow bar, more labels such as -17.5 would touch each other
        bar.ax.xaxis.set_major_locator(MaxNLocator(5))
    bar.outline.set_linewidth(0.6)
    return bar


def notes(
    figure: Figure, lines: Sequence[str], handles: Collection[Artist] = (), left: float = 2
) -> None:
    """Write `lines` at the foot of the page, and above them a legend of `handles` in one row.

    left: margin in mm.
    """
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


def legend_above_notes(
    figure: Figure,
    lines: Sequence[str],
    handles: Collection[Artist],
    row: int = 1,
    handle_length: float = 3.5,
) -> None:
    """Draw a second legend of `handles`, `row` rows above that of `notes` with the same `lines`.

    handle_length: in units of the size of the text.
    """
    page_x, page_y = figure.get_size_inches() / MM
    figure.legend(
        handles=list(handles),
        loc="lower left",
        bbox_to_anchor=(2 / page_x, (1.8 + LINE * (len(lines) + row) + row) / page_y),
        ncols=len(handles),
        handlelength=handle_length,
        columnspacing=1.5,
    )


def notes_height(lines: Sequence[str], handles: bool = True) -> float:
    """Return the height in mm of what `notes` writes, with or without a legend of handles."""
    return 3 + LINE * len(lines) + (4 if handles else 0)


def write_above(axes: Axes, text: str, offset_pt: tuple[float, float], **style: Any) -> None:
    """Write `text` at an offset in points (right, up) from the upper left corner of axes."""
    axes.annotate(
        text, (0, 1), offset_pt, xycoords="axes fraction", textcoords="offset points", **style
    )


def draw_minor_ticks(axes: Axes) -> None:
    """Draw the minor ticks of the y axis, without numbers, at its present limits.

    They are one artist. As ticks of matplotlib, each of them would be three lines and two texts.
    """
    low, high = axes.get_ylim()
    places = axes.yaxis.get_minorticklocs()
    places = places[(places >= low) & (places <= high)]
    axes.yaxis.set_minor_locator(NullLocator())
    axes.plot(
        np.zeros(places.size),
        places,
        color=rcParams["ytick.color"],
        linestyle="none",
        marker=TICKLEFT,
        markersize=rcParams["ytick.minor.size"],
        markeredgewidth=rcParams["ytick.minor.width"],
        transform=axes.get_yaxis_transform(),
        clip_on=False,
        zorder=axes.yaxis.get_zorder(),
    )


def text_mm(texts: Iterable[str], size: float = 7) -> float:
    """Return the width in mm of the longest of `texts`, each one line of `size` pt."""
    widths = [TextPath((0, 0), text, size=size).get_extents().width for text in set(texts)]
    return max(widths) * 25.4 / 72


def stacked(label: str) -> str:
    """Return a method's label with a line break after its comma, to fit a narrow column."""
    return label.replace(", ", ",\n")


def title_mm(labels: Iterable[str]) -> float:
    """Return the room in mm for the titles of a row of panels, `stacked` labels of methods."""
    return 2 + LINE * max(label.count(", ") + 1 for label in labels)
