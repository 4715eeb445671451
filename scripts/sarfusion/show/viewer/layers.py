"""The layers that a viewer shows of one site: read, ranked by error, and packed to a size."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from ...core.errors import StudyError
from ...core.raster import read_grid
from .grids import Band, Blocks, LayerGrid, Values, by_file
from .packing import NODATA, encode, pack, unpack
from .planning import TARGET_FILL, TILE, fewer_tiles, plan_overviews, plan_tiles
from .sampling import SampledBlock, pixel_count
from .scanning import scan, scored_tiles
from .worst import Ranking, worst_first

# Smallest step between stored values, by unit.
RESOLUTION = {"reflectance": 1e-4, "dB": 1e-2, "standard deviation": 1e-4, "class": 1}
MAX_ATTEMPTS = 4  # the first is enough, unless estimates are far off
RESERVED_BYTES = 1000  # for data that are added after the layers are packed
MAX_PLACES = 6  # number of worst places listed for each method


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

    How far the rasters have to be thinned is estimated from small parts of them. One pass then
    takes the thinned pixels and finds the worst places. Full tiles around these fill the page. A
    page that is too large loses tiles; if it has none, everything is done again.
    """
    shape = read_grid(split).shape
    ratios = {layer.id: _grid_ratio(layer, shape) for layer in layers}
    grids = _grids(layers, ratios, shape, split, gaps)
    fill = partial(_pack, layers, ratios, split, gaps)
    nothing = {band: np.empty(0) for grid in grids for band, _ in grid.bands}
    room = limit - _size(fill({}, {grid.ratio: [] for grid in grids}, nothing))
    most_tiles = _most_tiles(layers, split, gaps)
    for _ in range(MAX_ATTEMPTS):
        if room <= 0:
            break
        overviews = plan_overviews(grids, most_tiles, room)
        values, rankings = _scan(layers, ratios, grids, split, gaps, overviews)
        blocks = plan_tiles(grids, overviews, values, worst_first(rankings.values()), room)
        _add_tiles(values, grids, blocks)
        packed = fill(rankings, blocks, values)
        while (size := _size(packed)) > limit and any(tiles for _, *tiles in blocks.values()):
            blocks = fewer_tiles(blocks, TARGET_FILL * limit / size)
            packed = fill(rankings, blocks, values)
        if size <= limit:
            return {**packed, "errors": _error_limits(layers, packed)}
        room *= TARGET_FILL * limit / size
    raise StudyError(f"viewer: the layers do not fit into {limit} bytes; raise viewer.limit_mb")


def _size(packed: Mapping[str, Any]) -> int:
    """Return the bytes of packed layers in the page."""
    return len(json.dumps(packed)) + RESERVED_BYTES


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


def _grids(
    layers: Sequence[ViewerLayer],
    ratios: Mapping[str, int],
    shape: tuple[int, int],
    split: str | Path,
    gaps: str | Path | None,
) -> list[LayerGrid]:
    """Return the grids of the layers, the finest first. The last is the stack's, of `shape`."""
    bands: dict[int, list[tuple[Band, float]]] = {ratio: [] for ratio in {*ratios.values(), 1}}
    bands[1] += [((split, "use"), 1), *([((gaps, "gap"), 1)] if gaps else [])]
    for layer in layers:
        bands[ratios[layer.id]] += [(band, RESOLUTION[layer.unit]) for band in layer.bands.values()]
    return [
        LayerGrid(ratio, _scaled(shape, ratio), bands[ratio])
        for ratio in sorted(bands, reverse=True)
    ]


def _scaled(shape: tuple[int, int], ratio: int) -> tuple[int, int]:
    """Return the shape of a grid with `ratio` pixels along each pixel of the stack."""
    return ratio * shape[0], ratio * shape[1]


def _most_tiles(layers: Sequence[ViewerLayer], split: str | Path, gaps: str | Path | None) -> int:
    """Return the number of tiles with ground on which a layer is scored."""
    regions = {layer.region for layer in layers if layer.reference is not None}
    return scored_tiles((split, gaps if regions == {"gap"} else None), TILE) if regions else 0


def _scan(
    layers: Sequence[ViewerLayer],
    ratios: Mapping[str, int],
    grids: Sequence[LayerGrid],
    split: str | Path,
    gaps: str | Path | None,
    overviews: Mapping[int, SampledBlock],
) -> tuple[Values, dict[str, Ranking]]:
    """Return the pixels of the overviews, and the rankings of the layers with a reference.

    Layers with one reference and one scored ground are read together with the reference; other
    bands are read file by file.
    """
    bands = {layer.id: layer.bands for layer in layers}
    groups: dict[tuple[str, str], list[str]] = {}
    for layer in layers:
        if layer.reference is not None:
            groups.setdefault((layer.reference, layer.region), []).append(layer.id)
    values: Values = {}
    rankings: dict[str, Ranking] = {}
    for (reference, region), group in groups.items():
        true = bands[reference]
        pairs = {
            method: [(band, true[name]) for name, band in bands[method].items() if name in true]
            for method in group
        }
        places = dict.fromkeys(band for one in (reference, *group) for band in bands[one].values())
        masks = split, gaps if region == "gap" else None
        found, ranked = scan([*places], pairs, masks, overviews[ratios[reference]])
        values |= found
        rankings |= ranked
    for grid in grids:
        for of_file in by_file(band for band, _ in grid.bands if band not in values):
            values |= scan(of_file, {}, (split, None), overviews[grid.ratio])[0]
    return values, rankings


def _add_tiles(values: Values, grids: Sequence[LayerGrid], blocks: Blocks) -> None:
    """Read the tiles of each grid, and append their pixels to `values`."""
    for grid in grids:
        _, *tiles = blocks[grid.ratio]
        if tiles:
            for band, pixels in grid.read(tiles).items():
                values[band] = np.concatenate([values[band], pixels])


def _pack(
    layers: Sequence[ViewerLayer],
    ratios: Mapping[str, int],
    split: str | Path,
    gaps: str | Path | None,
    rankings: Mapping[str, Ranking],
    blocks: Blocks,
    values: Values,
) -> dict[str, Any]:
    """Return the JSON values of the layers, with the pixels of `blocks` packed as text.

    values: they begin with the pixels of `blocks`; more may follow.
    """
    counts = {ratio: pixel_count(of_grid) for ratio, of_grid in blocks.items()}
    masks = {
        "split": encode(values[split, "use"][: counts[1]].astype(np.uint16)),
        "gaps": encode(values[gaps, "gap"][: counts[1]].astype(np.uint16)) if gaps else None,
    }
    entries = []
    for layer in layers:
        ratio, ranking = ratios[layer.id], rankings.get(layer.id, ((), (), ()))
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
                    name: pack(values[band][: counts[ratio]], RESOLUTION[layer.unit])
                    for name, band in layer.bands.items()
                },
                **layer.about,
            }
        )
    return {
        "nothing": NODATA,
        "grids": {
            str(ratio): [block.as_list() for block in of_grid] for ratio, of_grid in blocks.items()
        },
        **masks,
        "layers": entries,
    }


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
