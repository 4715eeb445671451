"""Fuse a whole scene with the methods that need no training."""

from sarfusion.core.job import run

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import cache, lru_cache, partial
from pathlib import Path
from types import ModuleType

import numpy as np
from rasterio.windows import Window
from sarfusion.core.pixel_sizes import RATIO
from sarfusion.core.raster import (
    band_names,
    create_raster,
    open_bands,
    read_band,
    read_bands,
    read_grid,
    write_raster,
)
from sarfusion.core.tiling import tiles
from sarfusion.fusion.classical import (
    denoising,
    gap_filling,
    pansharpening,
    reconstruction,
    temporal,
)
from sarfusion.fusion.classical.dates import Dates
from sarfusion.fusion.classical.matching import SceneMoments
from sarfusion.ground.split import TRAIN
from sarfusion.scenes.bands import optical_of
from sarfusion.scenes.other_dates import read_dates
from sarfusion.study.methods import METHODS
from sarfusion.study.protocols import PROTOCOLS

TILE_PX = 1024  # side of the tiles that a scene is sharpened in

Surfaces = Callable[[str], np.ndarray]  # band -> (rows, columns), its gaps filled by `biharmonic`


def main(
    *,
    stack: str | Path,
    split: str | Path,
    fused: Sequence[str | Path],
    runs: Sequence[tuple[str, str, str]],
    reduced: str | Path | None = None,
    noisy: str | Path | None = None,
    gaps: str | Path | None = None,
    dates: Sequence[str | Path] = (),
    calendar: Sequence[str | Path] = (),
    from_dates: str | Path | None = None,
    mask: Sequence[str] = (),
) -> None:
    """Write the fused bands (reflectance, NaN where not valid) of the whole scene.

    stack: raster with the optical and the SAR bands; split: the split map; reduced: raster with the
    optical bands to sharpen; noisy: raster with noise and blur added to them; gaps: the mask of
    what is withheld. The last three may be None if no run needs them. fused: a path for each of
    `runs`, which are (protocol, band, method).
    dates, calendar: rasters and descriptions of other dates; mask: QA_PIXEL flags that make their
    pixels invalid. from_dates: raster to write, with a band for each method over time: 1 where it
    fills a gap from a date, 0 elsewhere.
    """
    paths: dict[str | None, dict[tuple[str, str], str | Path]] = {}
    for path, (protocol, band, method) in zip(fused, runs, strict=True):
        paths.setdefault(PROTOCOLS[protocol].classical, {})[method, band] = path
    if "reconstruction" in paths:
        return_bands(reconstruction, stack, paths["reconstruction"])
    if "denoising" in paths:
        assert noisy is not None
        return_bands(denoising, noisy, paths["denoising"])
    if "gap_filling" in paths:
        assert gaps is not None
        of_kind: dict[bool, dict[tuple[str, str], str | Path]] = {False: {}, True: {}}
        for chosen, path in paths["gap_filling"].items():
            of_kind[METHODS[chosen[0]].over_time][chosen] = path
        gap, train = read_band(gaps, "gap") == 1, read_band(split, "use") == TRAIN
        names = optical_of(band_names(stack))
        surfaces = cache(lambda: gap_filling.biharmonic_bands(read_bands(stack, names), gap))

        def surface(band):
            return surfaces()[names.index(band)]

        fill_gaps(stack, gap, train, surface, of_kind[False])
        if from_dates is not None:
            others = Dates(*read_dates(dates, calendar, read_grid(stack), mask, names))
            fill_from_dates(stack, gap, train, surface, others, of_kind[True], from_dates)
    if "pansharpening" in paths:
        assert reduced is not None
        sharpen(reduced, stack, paths["pansharpening"])


def return_bands(
    methods: ModuleType, given: str | Path, paths: Mapping[tuple[str, str], str | Path]
) -> None:
    """Make each band with each method of the module `methods` from the given band.

    given: raster with the optical bands. paths: {(method, band): path}.
    """
    for (name, band), path in paths.items():
        method = getattr(methods, name)
        write_band(path, method(read_band(given, band)), read_grid(given), band)


def fill_gaps(
    stack: str | Path,
    gap: np.ndarray,
    train: np.ndarray,
    surface: Surfaces,
    paths: dict[tuple[str, str], str | Path],
) -> None:
    """Fill the gaps of each band with each method. paths: {(method, band): path}.

    gap, train: bool (rows, columns), the pixels to fill and the training ground.
    """
    grid = read_grid(stack)
    surfaces = {band: path for (name, band), path in paths.items() if name == "biharmonic"}
    others = {chosen: path for chosen, path in paths.items() if chosen[0] != "biharmonic"}
    backscatter = read_bands(stack, ["vv_db", "vh_db"])
    read = lru_cache(maxsize=1)(partial(read_band, stack))
    for (name, band), path in sorted(others.items(), key=lambda chosen: chosen[0][1]):
        method = getattr(gap_filling, name)
        write_band(path, method(read(band), gap, backscatter, train), grid, band)
    del backscatter, read  # so that these and the surfaces are never in memory together
    for band, path in surfaces.items():
        write_band(path, surface(band), grid, band)


def fill_from_dates(
    stack: str | Path,
    gap: np.ndarray,
    train: np.ndarray,
    surface: Surfaces,
    dates: Dates,
    paths: dict[tuple[str, str], str | Path],
    from_dates: str | Path,
) -> None:
    """Fill the gaps of each band with each method over time, and write where dates were used.

    gap, train, paths: as for fill_gaps. A pixel that no date can fill gets the value of `surface`.
    """
    optical_bands, grid = optical_of(band_names(stack)), read_grid(stack)
    optical = read_bands(stack, optical_bands)
    bands = dict(zip(optical_bands, optical, strict=True))
    wanted = list(dict.fromkeys(band for _, band in paths))
    names = list(dict.fromkeys(name for name, _ in paths))
    seen = np.zeros((len(names), *grid.shape), np.uint8)
    for number, name in enumerate(names):
        values = getattr(temporal, name)(optical, gap, dates, train)
        seen[number][gap] = np.isfinite(values).all(axis=0)
        logging.info(
            "%s: %.1f %% of the gaps from other dates", name, 100 * seen[number][gap].mean()
        )
        for band in wanted:
            of_band = values[optical_bands.index(band)]
            filled = temporal.fill(bands[band], gap, of_band, surface(band))
            write_band(paths[name, band], filled, grid, band)
    write_raster(from_dates, seen, grid, names, None)


def sharpen(optical: str | Path, sar: str | Path, paths: dict[tuple[str, str], str | Path]) -> None:
    """Sharpen the bands, tile by tile. paths: {(method, band): path}."""
    optical_bands = optical_of(band_names(optical))
    places = [*((optical, band) for band in optical_bands), (sar, "ratio_db")]
    with open_bands(places) as source, ExitStack() as files:

        def images(place):
            bands = source.read(Window.from_slices(*place))
            return bands[:-1], bands[-1]

        def cut(radius, multiple):
            return tiles(source.grid.shape, TILE_PX, radius, multiple)

        def parts(radius):
            return ((*images(tile.read), tile.inner) for tile in cut(radius, multiple=1))

        scene = SceneMoments(parts)
        names = dict.fromkeys(name for name, _ in paths)
        methods = {name: getattr(pansharpening, name)(scene, RATIO) for name in names}
        targets: dict[str, dict] = {name: {} for name in names}
        for (name, band), path in paths.items():
            raster = create_raster(path, source.grid, [band], np.float32, np.nan, quick=True)
            targets[name][optical_bands.index(band)] = files.enter_context(raster)
        for tile in cut(pansharpening.radius(RATIO, methods), pansharpening.multiple(RATIO)):
            bands, pan = images(tile.read)
            for name, method in methods.items():
                sharpened = method(bands, pan)
                for number, target in targets[name].items():
                    values = sharpened[number][tile.inner]
                    target.write(values, 1, window=Window.from_slices(*tile.written))


def write_band(path, values, grid, band):
    """Write one fused band."""
    write_raster(path, values[None].astype(np.float32), grid, [band], np.nan, quick=True)


if __name__ == "__main__":
    run(main, snakemake)
