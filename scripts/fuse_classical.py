"""Fuse a whole scene with the methods that need no training."""

from sarfusion.core.job import run

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from rasterio.windows import Window
from sarfusion.core.pixel_sizes import RATIO
from sarfusion.core.raster import (
    create_raster,
    open_bands,
    read_band,
    read_bands,
    read_grid,
    write_raster,
)
from sarfusion.core.tiling import tiles
from sarfusion.fusion.classical import gap_filling, pansharpening, reconstruction
from sarfusion.ground.split import TRAIN
from sarfusion.scenes import landsat
from sarfusion.study.protocols import PROTOCOLS

TILE_PX = 1024  # side of the part of a scene that is sharpened at once


def main(
    *,
    stack: str | Path,
    split: str | Path,
    fused: Sequence[str | Path],
    runs: Sequence[tuple[str, str, str]],
    reduced: str | Path | None = None,
    gaps: str | Path | None = None,
) -> None:
    """Write the fused bands (reflectance, NaN where not valid) of the whole scene.

    stack: raster with the optical and the SAR bands; split: the split map; reduced: raster with the
    optical bands to sharpen; gaps: the mask of what is withheld. The last two may be None where no
    run needs them. fused: a path for each of `runs`, which are (protocol, band, method).
    """
    paths: dict[str | None, dict[tuple[str, str], str | Path]] = {}
    for path, (protocol, band, method) in zip(fused, runs, strict=True):
        paths.setdefault(PROTOCOLS[protocol].classical, {})[method, band] = path
    if "reconstruction" in paths:
        reconstruct(stack, paths["reconstruction"])
    if "gap_filling" in paths:
        assert gaps is not None
        fill_gaps(stack, split, gaps, paths["gap_filling"])
    if "pansharpening" in paths:
        assert reduced is not None
        sharpen(reduced, stack, paths["pansharpening"])


def reconstruct(stack: str | Path, paths: Mapping[tuple[str, str], str | Path]) -> None:
    """Make each band with each method from itself. paths: {(method, band): path}."""
    for (name, band), path in paths.items():
        method = getattr(reconstruction, name)
        write_band(path, method(read_band(stack, band)), read_grid(stack), band)


def fill_gaps(
    stack: str | Path,
    split: str | Path,
    gaps: str | Path,
    paths: dict[tuple[str, str], str | Path],
) -> None:
    """Fill the gaps of each band with each method. paths: {(method, band): path}."""
    gap, train = read_band(gaps, "gap") == 1, read_band(split, "use") == TRAIN
    backscatter = read_bands(stack, ["vv_db", "vh_db"])
    for (name, band), path in paths.items():
        method = getattr(gap_filling, name)
        filled = method(read_band(stack, band), gap, backscatter, train)
        write_band(path, filled, read_grid(stack), band)


def sharpen(optical: str | Path, sar: str | Path, paths: dict[tuple[str, str], str | Path]) -> None:
    """Sharpen the bands, tile by tile. paths: {(method, band): path}."""
    places = [*((optical, band) for band in landsat.BANDS), (sar, "ratio_db")]
    with open_bands(places) as source, ExitStack() as files:

        def images(place):
            bands = source.read(Window.from_slices(*place))
            return bands[:-1], bands[-1]

        def cut(radius, multiple):
            return tiles(source.grid.shape, TILE_PX, radius, multiple)

        scene = pansharpening.SceneMoments(
            lambda: (images(tile.written) for tile in cut(radius=0, multiple=1))
        )
        methods = {name: getattr(pansharpening, name)(scene, RATIO) for name, _ in paths}
        targets = {
            (name, landsat.BANDS.index(band)): files.enter_context(
                create_raster(path, source.grid, [band], np.float32, np.nan)
            )
            for (name, band), path in paths.items()
        }
        for tile in cut(pansharpening.radius(RATIO), pansharpening.multiple(RATIO)):
            bands, pan = images(tile.read)
            sharpened = {name: method(bands, pan) for name, method in methods.items()}
            for (name, number), target in targets.items():
                values = sharpened[name][number][tile.inner]
                target.write(values, 1, window=Window.from_slices(*tile.written))


def write_band(path, values, grid, band):
    """Write one fused band."""
    write_raster(path, values[None].astype(np.float32), grid, [band], np.nan)


if __name__ == "__main__":
    run(main, snakemake)
