"""Everything that a viewer shows of one site, read and packed to a size."""

import json
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import chain, islice, zip_longest

import numpy as np

from ...core.errors import StudyError
from ...core.raster import finer, open_bands, read_grid, strips
from ...ground.split import TEST
from .packing import NOTHING, encode, pack, unpack
from .parts import cut, plan
from .worst import BLOCK, BlockErrors

FINEST = {"reflectance": 1e-4, "dB": 1e-2}  # steps of the values held, by unit
VALUE_BYTES = 1.6  # of a value in the page, as a first guess
FINE_SHARE = 0.5  # of the page, at most, for layers with pixels smaller than the stack's
WELL_USED, AIM = 0.8, 0.95  # of the page: when it is not thinned less, and what is aimed at
ATTEMPTS = 4
SPARE = 1000  # bytes, for what is told besides
PLACES = 6  # of each method that are listed


@dataclass
class Layer:
    """A layer to show: where its bands lie, and what it is held against.

    bands: {name: (path, band in the file)}; unit: of the values; reference: id of the layer that
    is the truth for this one, or None; region: scored ground, "test" or "gap" (on test ground).
    """

    id: str
    group: str
    label: str
    bands: dict
    unit: str
    reference: str | None = None
    region: str = "test"
    about: dict = field(default_factory=dict)


def pack_layers(layers, use, gaps, limit):
    """Return what the page has to know of `layers`, as JSON values of at most `limit` bytes.

    layers: of Layer, the first on the stack's grid; use: path of the split; gaps: path of the gap
    mask, or None. Raises StudyError when the grids do not nest.
    """
    grid = read_grid(use)
    ratios = {layer.id: _ratio(layer, grid) for layer in layers}
    ranks = {layer.id: _ranked(layer, layers, ratios, use, gaps) for layer in layers}
    guess, fits = VALUE_BYTES, None
    for _ in range(ATTEMPTS):
        parts = _plan(grid, layers, ratios, ranks, limit / guess)
        packed = _pack(layers, ratios, parts, ranks, use, gaps)
        size = len(json.dumps(packed)) + SPARE
        if size <= limit:
            fits = packed
        if size <= limit and (size > WELL_USED * limit or not _is_thinned(parts)):
            break
        guess *= size / limit / AIM
    if fits is None:
        raise StudyError(f"viewer: the layers do not fit into {limit} bytes; raise viewer.limit_mb")
    return {**fits, "errors": _error_limits(layers, fits)}


def _is_thinned(parts):
    return any(held[0].step > 1 for held in parts.values())


def _ratio(layer, grid):
    """Return how many of a layer's pixels lie along one of the stack's."""
    path, _ = next(iter(layer.bands.values()))
    found = read_grid(path)
    ratio = found.width // grid.width
    if found.shape != (ratio * grid.height, ratio * grid.width):
        raise StudyError(
            f"{path}: {found.shape} pixels do not nest in the stack's {grid.shape}; make it anew"
        )
    return ratio


def _ranked(layer, layers, ratios, use, gaps):
    """Return (rows, columns, rmse) of the layer's blocks, the worst first; of scored ground only.

    Rows and columns are the stack's; a block is BLOCK of its pixels wide whatever the layer's grid.
    """
    if layer.reference is None:
        return [], [], []
    reference = next(other for other in layers if other.id == layer.reference)
    ratio, grid = ratios[layer.id], read_grid(use)
    found = BlockErrors(tuple(ratio * side for side in grid.shape), ratio * BLOCK)
    shared = {name: layer.bands[name] for name in layer.bands if name in reference.bands}
    pair = [*shared.values(), *(reference.bands[name] for name in shared)]
    masks = [(use, "use"), *([(gaps, "gap")] if layer.region == "gap" else [])]
    with ExitStack() as stack:
        bands = stack.enter_context(open_bands(pair))
        scored = stack.enter_context(_open_masks(masks))
        for window in strips(grid.shape):
            mask = np.kron(scored(window), np.ones((ratio, ratio), bool))
            values = bands.read(finer(window, ratio))
            for fused, true in zip(values[: len(shared)], values[len(shared) :], strict=True):
                found.add(ratio * int(window.row_off), np.where(mask, fused - true, np.nan))
    rows, columns, rmse = found.ranked(len(shared))
    return rows // ratio, columns // ratio, rmse


@contextmanager
def _open_masks(masks):
    """Yield the function of a Window that says where test ground is, inside gaps if given."""
    with open_bands(masks) as bands:

        def scored(window):
            use, *gap = bands.read(window)
            return (use == TEST) & (gap[0] == 1 if gap else True)

        yield scored


def _plan(grid, layers, ratios, ranks, values):
    """Return {ratio: Parts}: what is held of the layers of each grid, of `values` values in all."""
    orders = [zip(rows, columns, strict=True) for rows, columns, _ in ranks.values()]
    # The worst place of each method, then the second worst of each, ...
    places = [place for place in chain.from_iterable(zip_longest(*orders)) if place is not None]
    counts = dict.fromkeys(sorted(set(ratios.values()), reverse=True), 0)
    for layer in layers:
        counts[ratios[layer.id]] += len(layer.bands)
    counts[1] = counts.get(1, 0) + 2  # split, gaps
    parts, left = {}, values
    for ratio, count in counts.items():
        shape = tuple(ratio * side for side in grid.shape)
        share = left * FINE_SHARE if ratio > 1 else left
        scaled = [(ratio * row, ratio * column) for row, column in places]
        parts[ratio] = plan(shape, ratio, scaled, share / count)
        left -= count * sum(part.size for part in parts[ratio])
    return parts


def _pack(layers, ratios, parts, ranks, use, gaps):
    """Return the JSON values of the layers, cut to `parts` and packed."""
    shapes = {ratio: tuple(ratio * side for side in read_grid(use).shape) for ratio in parts}
    packed = {
        "nothing": NOTHING,
        "grids": {str(ratio): [part.as_list() for part in parts[ratio]] for ratio in parts},
        "split": encode(_cut((use, "use"), shapes[1], parts[1]).astype(np.uint16)),
        "gaps": encode(_cut((gaps, "gap"), shapes[1], parts[1]).astype(np.uint16))
        if gaps
        else None,
        "layers": [],
    }
    for layer in layers:
        ratio = ratios[layer.id]
        told = {
            "id": layer.id,
            "group": layer.group,
            "label": layer.label,
            "unit": layer.unit,
            "reference": layer.reference,
            "region": layer.region,
            "grid": str(ratio),
            "worst": [
                {"row": int(row), "column": int(column), "rmse": float(f"{rmse:.4g}")}
                for row, column, rmse in islice(zip(*ranks[layer.id], strict=True), PLACES)
            ],
            "bands": {},
            **layer.about,
        }
        for name, place in layer.bands.items():
            values = _cut(place, shapes[ratio], parts[ratio])
            told["bands"][name] = pack(values, FINEST[layer.unit])
        packed["layers"].append(told)
    return packed


def _cut(place, shape, parts):
    """Return the pixels of `parts` of one band (path, name), flat."""
    with open_bands([place]) as bands:
        return cut(lambda window: bands.read(window)[0], shape, parts)


def _error_limits(layers, packed):
    """Return {group: limit} of the scale of errors, common to the methods of a group.

    The median over methods and bands of the 99th percentile of the absolute error, so that one
    method that fails does not leave all others blank. Of the pixels that the page holds.
    """
    told = {layer["id"]: layer for layer in packed["layers"]}
    limits = {}
    for layer in layers:
        if layer.reference is None:
            continue
        own, reference = told[layer.id]["bands"], told[layer.reference]["bands"]
        for name in own.keys() & reference.keys():
            errors = np.abs(unpack(own[name]) - unpack(reference[name]))
            known = errors[np.isfinite(errors) & (errors > 0)]
            if known.size:
                limits.setdefault(layer.group, []).append(np.percentile(known, 99))
    return {group: float(f"{np.median(found):.2g}") for group, found in limits.items()}
