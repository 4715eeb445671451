"""One pass over rasters: a regular sample of their pixels, and where methods err most."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from rasterio.windows import Window

from ...core.raster import BLOCK as FILE_BLOCK
from ...core.raster import finer, open_bands, repeated, strips
from ...core.tiling import tiles
from ...ground.split import TEST
from .grids import Band, Values
from .sampling import SampledBlock, copy_sample
from .worst import BLOCK, BlockErrors, Ranking

Pairs = Sequence[tuple[Band, Band]]  # bands of a method, and those that they are compared with
Masks = tuple[str | Path, str | Path | None]  # the split, and gaps if nothing else is scored


def scan(
    places: Sequence[Band], methods: Mapping[str, Pairs], masks: Masks, kept: SampledBlock
) -> tuple[Values, dict[str, Ranking]]:
    """Read bands once; return their pixels (pixels,) of `kept`, and each method's ranking.

    places: bands on one grid that nests in that of the masks, among them all of `methods`. kept:
    every n-th pixel of the whole raster, see `thinned`. In a ranking, rows and columns are pixels
    of the masks, and a block is worst.BLOCK of these wide. Windows consist of whole blocks of the
    files, so that each of these is unpacked once, and few pixels are in memory at a time.
    """
    with _open_masks(*masks) as (shape, is_scored), open_bands(places) as bands:
        ratio = bands.grid.width // shape[1]
        sample = np.empty((len(places), kept.rows, kept.columns), np.float32)
        errors = {method: BlockErrors(bands.grid.shape, ratio * BLOCK) for method in methods}
        for tile in tiles(shape, FILE_BLOCK):
            ground = Window.from_slices(*tile.written)
            window = finer(ground, ratio)
            values = bands.read(window)
            copy_sample(values, window, sample, kept.step)
            if methods:
                scored = np.flatnonzero(repeated(is_scored(ground), window, ratio))
                pixels = dict(zip(places, values.reshape(len(places), -1), strict=True))
                _add_errors(errors, methods, pixels, scored, window)
    rankings = {}
    for method, pairs in methods.items():
        rows, columns, rmse = errors[method].ranked(len(pairs))
        rankings[method] = rows // ratio, columns // ratio, rmse
    return dict(zip(places, sample.reshape(len(places), -1), strict=True)), rankings


def _add_errors(
    errors: Mapping[str, BlockErrors],
    methods: Mapping[str, Pairs],
    pixels: Mapping[Band, np.ndarray],
    scored: np.ndarray,
    window: Window,
) -> None:
    """Add the errors of methods at the `scored` ones among the `pixels` (pixels,) of a window."""
    rows, columns = np.divmod(scored, window.width)
    for method, pairs in methods.items():
        numbers = errors[method].numbers(window.row_off + rows, window.col_off + columns)
        for fused, true in pairs:
            errors[method].add(numbers, pixels[fused][scored] - pixels[true][scored])


def scored_tiles(masks: Masks, size: int) -> int:
    """Return the number of tiles with scored ground, `size` pixels a side."""
    count = 0
    with _open_masks(*masks) as (shape, is_scored):
        for window in strips(shape):
            rows, columns = np.nonzero(is_scored(window))
            count += len(np.unique(rows // size * window.width + columns // size))
    return count


@contextmanager
def _open_masks(
    split: str | Path, gaps: str | Path | None
) -> Iterator[tuple[tuple[int, int], Callable[[Window], np.ndarray]]]:
    """Yield the shape of the masks, and a function of a Window: where ground is scored (bool)."""
    with open_bands([(split, "use"), *([(gaps, "gap")] if gaps else [])]) as bands:

        def is_scored(window: Window) -> np.ndarray:
            use, *gap = bands.read(window)
            return (use == TEST) & (gap[0] == 1 if gap else True)

        yield bands.grid.shape, is_scored
