"""The layers that a viewer shows of one site: read, ranked by error, and packed to a size."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import chain, islice, zip_longest
from pathlib import Path
from typing import Any

import numpy as np
from rasterio.windows import Window

from ...core.errors import StudyError
from ...core.raster import finer, open_bands, read_grid, strips
from ...ground.split import TEST
from .packing import NODATA, encode, pack, unpack
from .sampling import SampledBlock, plan_blocks, read_blocks
from .worst import BLOCK, BlockErrors

# Smallest step between stored values, by unit.
RESOLUTION = {"reflectance": 1e-4, "dB": 1e-2, "standard deviation": 1e-4, "class": 1}
BYTES_PER_VALUE = 1.6  # in the page; a first estimate
FINE_SHARE = 0.5  # largest share of the page for layers with smaller pixels than the stack
# Shares of the page's limit. A thinned page that fills less than MIN_FILL is packed again with
# less thinning; each new attempt aims at TARGET_FILL, and reads all layers again.
MIN_FILL, TARGET_FILL = 0.7, 0.95
MAX_ATTEMPTS = 4
RESERVED_BYTES = 1000  # for data that are added after the layers are packed
MAX_PLACES = 6  # number of worst places listed for each method

Band = tuple[str | Path, str]  # path of a raster and name of a band in it
Ranking = tuple[np.ndarray, np.ndarray, np.ndarray]  # rows, columns, RMSE; the worst first
Blocks = dict[int, list[SampledBlock]]  # by the ratio of a grid, see _grid_ratio


@dataclass
class ViewerLayer:
    """A layer of the viewer: its bands, and the layer that it is compared with.

    bands: {name: (path, band in the file)}; unit: a key of RESOLUTION; reference: id of the layer
    that is the truth for this one, or None; region: where it is scored, "test" or "gap" (gaps on
    test ground); about: further values for the page.
    """

    id: str
    group: str
    label: str
    bands: dict[str, Band]
    unit: str
    reference: str | None = None
    region: str = "test"
    about: dict[str, Any] = field(default_factory=dict)


def pack_layers(
    layers: Sequence[ViewerLayer], split: str | Path, gaps: str | Path | None, limit: float
) -> dict[str, Any]:
    """Return the layers as JSON values for the page, of at most `limit` bytes.

    layers: the first one is on the stack's grid. split, gaps: paths of the split and of the mask
    of gaps, or None. Raises StudyError if grids do not nest, or if the layers do not fit.
    """
    grid = read_grid(split)
    ratios = {layer.id: _grid_ratio(layer, grid.shape) for layer in layers}
    rankings = {layer.id: _rank_blocks(layer, layers, ratios, split, gaps) for layer in layers}
    bytes_per_value, fitting = BYTES_PER_VALUE, None
    for _ in range(MAX_ATTEMPTS):
        blocks = _plan(grid.shape, layers, ratios, rankings, limit / bytes_per_value)
        packed = _pack(layers, ratios, blocks, rankings, split, gaps)
        size = len(json.dumps(packed)) + RESERVED_BYTES
        if size <= limit:
            fitting = packed
        if size <= limit and (size > MIN_FILL * limit or not _is_thinned(blocks)):
            break
        bytes_per_value *= size / limit / TARGET_FILL
    if fitting is None:
        raise StudyError(f"viewer: the layers do not fit into {limit} bytes; raise viewer.limit_mb")
    return {**fitting, "errors": _error_limits(layers, fitting)}


def _is_thinned(blocks: Blocks) -> bool:
    return any(of_grid[0].step > 1 for of_grid in blocks.values())


def _grid_ratio(layer: ViewerLayer, shape: tuple[int, int]) -> int:
    """Return the number of a layer's pixels along one pixel of the stack, of `shape`."""
    path, _ = next(iter(layer.bands.values()))
    grid = read_grid(path)
    ratio = grid.width // shape[1]
    if grid.shape != _scaled(shape, ratio):
        raise StudyError(
            f"{path}: {grid.shape} pixels do not nest in the stack's {shape}; make it again"
        )
    return ratio


def _rank_blocks(
    layer: ViewerLayer,
    layers: Sequence[ViewerLayer],
    ratios: Mapping[str, int],
    split: str | Path,
    gaps: str | Path | None,
) -> Ranking:
    """Return the ranking of a layer's blocks of scored ground; empty without a reference.

    Rows and columns are pixels of the stack, and a block is BLOCK of these wide on every grid.
    """
    if layer.reference is None:
        return np.empty(0), np.empty(0), np.empty(0)
    reference = next(other for other in layers if other.id == layer.reference)
    ratio, shape = ratios[layer.id], read_grid(split).shape
    block_errors = BlockErrors(_scaled(shape, ratio), ratio * BLOCK)
    names = [name for name in layer.bands if name in reference.bands]
    pairs = [of_layer.bands[name] for of_layer in (layer, reference) for name in names]
    masks: list[Band] = [(split, "use")]
    if layer.region == "gap" and gaps is not None:
        masks.append((gaps, "gap"))
    with ExitStack() as stack:
        bands = stack.enter_context(open_bands(pairs))
        is_scored = stack.enter_context(_open_masks(masks))
        for window in strips(shape):
            mask = np.kron(is_scored(window), np.ones((ratio, ratio), bool))
            values = bands.read(finer(window, ratio))
            for fused, true in zip(values[: len(names)], values[len(names) :], strict=True):
                errors = np.where(mask, fused - true, np.nan)
                block_errors.add(ratio * int(window.row_off), errors)
    rows, columns, rmse = block_errors.ranked(len(names))
    return rows // ratio, columns // ratio, rmse


@contextmanager
def _open_masks(masks: Sequence[Band]) -> Iterator[Callable[[Window], np.ndarray]]:
    """Yield a function of a Window that returns where ground is scored (boolean).

    masks: the split, and the gaps if only ground inside gaps is scored.
    """
    with open_bands(masks) as bands:

        def is_scored(window: Window) -> np.ndarray:
            use, *gap = bands.read(window)
            return (use == TEST) & (gap[0] == 1 if gap else True)

        yield is_scored


def _plan(
    shape: tuple[int, int],
    layers: Sequence[ViewerLayer],
    ratios: Mapping[str, int],
    rankings: Mapping[str, Ranking],
    values: float,
) -> Blocks:
    """Return the blocks to keep of the layers on each grid, with about `values` values in all."""
    orders = [zip(rows, columns, strict=True) for rows, columns, _ in rankings.values()]
    # The worst place of each method, then the second worst of each, ...
    places = [place for place in chain.from_iterable(zip_longest(*orders)) if place is not None]
    band_counts = dict.fromkeys(sorted(set(ratios.values()), reverse=True), 0)
    for layer in layers:
        band_counts[ratios[layer.id]] += len(layer.bands)
    band_counts[1] = band_counts.get(1, 0) + 2  # split, gaps
    blocks, left = {}, values
    for ratio, count in band_counts.items():
        share = left * FINE_SHARE if ratio > 1 else left
        scaled = [(ratio * row, ratio * column) for row, column in places]
        blocks[ratio] = plan_blocks(_scaled(shape, ratio), ratio, scaled, share / count)
        left -= count * sum(block.size for block in blocks[ratio])
    return blocks


def _scaled(shape: tuple[int, int], ratio: int) -> tuple[int, int]:
    """Return the shape of a grid with `ratio` pixels along each pixel of the stack."""
    return ratio * shape[0], ratio * shape[1]


def _pack(
    layers: Sequence[ViewerLayer],
    ratios: Mapping[str, int],
    blocks: Blocks,
    rankings: Mapping[str, Ranking],
    split: str | Path,
    gaps: str | Path | None,
) -> dict[str, Any]:
    """Return the JSON values of the layers, with the pixels of `blocks` packed as text."""
    own: list[tuple[Band, int]] = [((split, "use"), 1), *([((gaps, "gap"), 1)] if gaps else [])]
    of_layers = [(place, ratios[layer.id]) for layer in layers for place in layer.bands.values()]
    values = _read([*own, *of_layers], read_grid(split).shape, blocks)
    entries = []
    for layer in layers:
        ratio, ranking = ratios[layer.id], rankings[layer.id]
        entries.append(
            {
                "id": layer.id,
                "group": layer.group,
                "label": layer.label,
                "unit": layer.unit,
                "reference": layer.reference,
                "region": layer.region,
                "grid": str(ratio),
                "worst": [
                    {"row": int(row), "column": int(column), "rmse": float(f"{rmse:.4g}")}
                    for row, column, rmse in islice(zip(*ranking, strict=True), MAX_PLACES)
                ],
                "bands": {
                    name: pack(values[place], RESOLUTION[layer.unit])
                    for name, place in layer.bands.items()
                },
                **layer.about,
            }
        )
    return {
        "nothing": NODATA,
        "grids": {
            str(ratio): [block.as_list() for block in of_grid] for ratio, of_grid in blocks.items()
        },
        "split": encode(values[split, "use"].astype(np.uint16)),
        "gaps": encode(values[gaps, "gap"].astype(np.uint16)) if gaps else None,
        "layers": entries,
    }


def _read(
    places: Iterable[tuple[Band, int]], shape: tuple[int, int], blocks: Blocks
) -> dict[Band, np.ndarray]:
    """Return {band: the pixels (pixels,) of the blocks of its grid}.

    places: bands with the ratios of their grids. shape: of the stack. Bands of one file are read
    together, so that each block of it is unpacked once.
    """
    files: dict[tuple[str | Path, int], dict[Band, None]] = {}
    for band, ratio in places:
        files.setdefault((band[0], ratio), {})[band] = None
    found: dict[Band, np.ndarray] = {}
    for (_, ratio), of_file in files.items():
        with open_bands([*of_file]) as bands:
            pixels = read_blocks(bands.read, _scaled(shape, ratio), blocks[ratio])
        found.update(zip(of_file, pixels, strict=True))
    return found


def _error_limits(layers: Sequence[ViewerLayer], packed: Mapping[str, Any]) -> dict[str, float]:
    """Return {group: limit} of the colour scale of errors, common to the methods of a group.

    It is the median over methods and bands of the 99th percentile of the absolute error of the
    packed pixels. The median keeps one method that fails from making all others look blank.
    """
    entries = {entry["id"]: entry for entry in packed["layers"]}
    percentiles: dict[str, list[float]] = {}
    for layer in layers:
        if layer.reference is None:
            continue
        own, reference = entries[layer.id]["bands"], entries[layer.reference]["bands"]
        for name in own.keys() & reference.keys():
            errors = np.abs(unpack(own[name]) - unpack(reference[name]))
            nonzero = errors[np.isfinite(errors) & (errors > 0)]
            if nonzero.size:
                percentiles.setdefault(layer.group, []).append(np.percentile(nonzero, 99))
    return {group: float(f"{np.median(values):.2g}") for group, values in percentiles.items()}
