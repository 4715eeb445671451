"""Fill the hidden pixels of a scene with trained networks, tile by tile."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from rasterio.windows import Window

from ..core.cog import create_cog
from ..core.files import read_json
from ..core.raster import band_numbers, open_bands, open_raster, reading, strips
from ..core.tiling import Tile, covering, pipeline, tiles
from ..fusion import channels, checkpoint
from ..fusion.ensemble import ensemble
from ..fusion.networks import FusionNetwork, predict
from ..scenes import landsat
from ..scenes.bands import BANDS
from .bands import CLASSES, NAMES, SOURCE, Source, compose, hidden
from .choice import Method, is_of

QUALITY = landsat.QUALITY[0]  # the band of a raw scene that says what hides the ground


class Model(NamedTuple):
    """A trained network on its device, with the record of its training."""

    network: FusionNetwork
    record: Mapping[str, Any]


def load_models(
    weights: Sequence[str | Path],
    records: Sequence[str | Path],
    method: Method,
    device: torch.device,
) -> dict[str, list[Model]]:
    """Return {band: networks} of a method, on a device.

    weights, records: files of networks in the same order; networks of other methods are left out.
    """
    models: dict[str, list[Model]] = {}
    for weights_path, path in zip(weights, records, strict=True):
        record = read_json(path)
        if is_of(method, record):
            network, _ = checkpoint.load(weights_path, path)
            network.to(device, memory_format=torch.channels_last)
            models.setdefault(record["band"], []).append(Model(network, record))
    return models


class Scene(NamedTuple):
    """The rasters of a scene, all on one grid.

    optical: digital numbers with quality bits, of which QUALITY is read. stack: reflectance, and
    SAR in dB. start: the surfaces from which filling starts, with the band `gap`
    (scripts/start_gaps.py).
    """

    optical: str | Path
    stack: str | Path
    start: str | Path


def fill_scene(
    scene: Scene,
    models: Mapping[str, Sequence[Model]],
    factors: Mapping[str, float],
    mask: Sequence[str],
    product: str | Path,
    *,
    tags: Mapping[str, str],
    tile_px: int,
    precision: str,
    device: torch.device,
    threads: int = 1,
    progress: Callable[[Sequence[Tile]], Iterable[Tile]] = iter,
) -> dict[str, int]:
    """Write the product of a scene; return the number of pixels of each Source, by lower-case name.

    models: {band: networks of all seeds}, of red, green and blue, which have one kind of input.
    factors: {band: factor on the standard deviation of their ensemble}, NaN where it is unknown.
    mask: QA_PIXEL flags of pixels to fill. tags: of the file. tile_px: side of a tile, which bounds
    the memory and does not change the result. precision: of the products in convolutions (see
    fusion/precision.py). progress: wraps the tiles.
    """
    networks = [model.network for of_band in models.values() for model in of_band]
    radius = max(network.radius for network in networks)
    multiple = math.lcm(*(network.multiple for network in networks))
    counts: Counter[str] = Counter()
    with ExitStack() as stack:
        raw = stack.enter_context(open_raster(scene.optical))
        (quality,) = band_numbers(raw, [QUALITY])
        measured = stack.enter_context(open_bands([(scene.stack, band) for band in BANDS]))
        inputs = {
            band: stack.enter_context(
                channels.open_channels(of_band[0].record["channels"], scene.start, scene.stack)
            )
            for band, of_band in models.items()
        }
        target = stack.enter_context(create_cog(product, measured.grid, NAMES, tags, threads))
        target.update_tags(NAMES.index(SOURCE) + 1, CLASSES=CLASSES)

        def read(tile: Tile) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
            window = Window.from_slices(*tile.written)
            with reading(raw):
                bits = raw.read(quality, window=window)
            is_hidden = hidden(bits.astype(np.uint16), mask)
            around = Window.from_slices(*tile.read)
            wanted = inputs if is_hidden.any() else {}
            given = {band: reader.read(around) for band, reader in wanted.items()}
            return measured.read(window), is_hidden, given

        def work(tile: Tile, contents: Any) -> np.ndarray:
            seen, is_hidden, given = contents
            mean, std = np.full((2, *seen.shape), np.nan)
            is_dated = np.full(seen.shape[1:], bool(given))
            for band, bands in given.items():
                at = BANDS.index(band)
                for part in covering(tile, is_hidden, multiple):
                    around, within = part.within(tile)
                    mean[at, *within], std[at, *within] = _ensemble(
                        models[band], bands[:, *around], part, factors[band], precision, device
                    )
                is_dated &= _on_other_date(models[band][0].record, bands)[tile.inner]
            return compose(seen, is_hidden, mean, std, is_dated)

        def write(tile: Tile, bands: np.ndarray) -> None:
            kinds = bands[NAMES.index(SOURCE)]
            counts.update({kind.name.lower(): int((kinds == kind).sum()) for kind in Source})
            target.write(bands, window=Window.from_slices(*tile.written))

        plan = list(tiles(measured.grid.shape, tile_px, radius, multiple))
        pipeline(plan, read, work, write, progress)
    return dict(counts)


def why_nothing_is_filled(optical: str | Path, mask: Sequence[str]) -> str:
    """Return in words why no pixel of a product is filled. optical, mask: see fill_scene."""
    has_flags, count = False, 0
    with open_raster(optical) as raw:
        (quality,) = band_numbers(raw, [QUALITY])
        for window in strips(raw.shape):
            with reading(raw):
                bits = raw.read(quality, window=window).astype(np.uint16)
            has_flags |= bool((bits & ~np.uint16(landsat.QA_FILL)).any())
            count += int(hidden(bits, mask).sum())
    if not has_flags:
        return (
            f"no {QUALITY} is given, or it flags nothing but fill, so no pixel is known to be"
            f" cloud, and none is filled, nor are pixels without a value; give a {QUALITY} in which"
            f" cloud is {1 << landsat.QA_PIXEL_BITS['cloud']}"
        )
    flags = ", ".join(mask)
    if not count:
        return f"no pixel is flagged as {flags}, so none is filled"
    return (
        f"{count} pixels are flagged as {flags}, but none is filled, since the bands that the"
        " method needs have no value there; check where SAR is valid"
    )


def _on_other_date(record: Mapping[str, Any], bands: np.ndarray) -> np.ndarray:
    """Return where a network is given its band as it was on another date: bool (rows, columns).

    bands: its channels (channels, rows, columns), in their own units.
    """
    names, wanted = record["channels"], record["band"] + channels.OF_OTHER_DATE
    if wanted not in names:
        return np.zeros(bands.shape[1:], bool)
    return np.isfinite(bands[names.index(wanted)])


def _ensemble(
    models: Sequence[Model],
    bands: np.ndarray,
    tile: Tile,
    factor: float,
    precision: str,
    device: torch.device,
) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation (reflectance) of one band in a tile, over its networks.

    bands: their channels (channels, rows, columns), with the tile's halo. The results are NaN where
    a channel that the networks need has no value.
    """
    means, variances = [], []
    for network, record in models:
        names, scaling = record["channels"], record["scaling"]
        given = torch.from_numpy(channels.normalised(bands, names, scaling)).to(device)
        output = predict(network, given, precision).cpu().numpy()[:, *tile.inner]
        mean, *std = channels.in_reflectance(output, scaling[record["band"]])
        means.append(mean)
        variances += [np.square(each) for each in std]
    mean, variance = ensemble(np.stack(means), np.stack(variances) if variances else None)
    known = ~channels.is_lacking(bands, models[0].record["channels"])[tile.inner]
    return np.where(known, mean, np.nan), np.where(known, factor * np.sqrt(variance), np.nan)
