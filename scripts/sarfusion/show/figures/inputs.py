"""Input of map figures: layers of rasters, read in no more detail than a figure shows."""

from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from rasterio.enums import Resampling
from rasterio.windows import Window

from ...core.errors import StudyError
from ...core.files import read_json
from ...core.raster import band_names, band_numbers, open_raster, read_grid
from ...scenes.bands import optical_of
from ...study.methods import Run
from . import by_label
from .maps import RGB, MapLayer, MapScene

MAX_MAP_PX = 700  # along a side of a map; a panel 58 mm wide has 460 pixels at 200 dpi
# The figures of a job show the same maps and the same scene, so these are kept.
KEPT_MAPS, KEPT_SCENES = 64, 4  # a map has at most 2 MB
KEPT_RASTERS = 512  # their sizes and bands


class Version(NamedTuple):
    """A file and the time of its last change (ns): another version is read again."""

    path: Path
    changed_ns: int

    @classmethod
    def of(cls, path: str | Path) -> "Version":
        """Return the Version of a file as it is now."""
        return cls(Path(path), Path(path).stat().st_mtime_ns)


class Layer:
    """One band of a raster file (rows, columns), or several (bands, rows, columns); a MapLayer.

    bands: a name, a list of names, or None for the first band. shape: the (rows, columns) that the
    raster must have. Raises StudyError if it has another shape or lacks a band.
    """

    def __init__(
        self, path: str | Path, bands: str | list[str] | None, shape: tuple[int, int]
    ) -> None:
        self.path, self.shape = path, tuple(shape)
        names = [bands] if isinstance(bands, str) else bands
        found, numbers = _describe(Version.of(path), None if names is None else tuple(names))
        if found != self.shape:
            raise StudyError(
                f"{path}: {found} pixels, but the stack has {self.shape}; make it again"
            )
        self._numbers = numbers if isinstance(bands, list) else numbers[0]

    def at(self, window: Window) -> np.ndarray:
        """Return the pixels in a Window."""
        if max(self.shape) <= MAX_MAP_PX:  # `whole` is kept
            return self.whole[..., *window.toslices()]
        with open_raster(self.path) as dataset:
            return dataset.read(self._numbers, window=window)

    @property
    def whole(self) -> np.ndarray:
        """All pixels if no side has more than MAX_MAP_PX; otherwise means over squares.

        A mean is over the valid pixels of its square, NaN if there are none.
        """
        return self._reduced(Resampling.average)

    @property
    def thinned(self) -> np.ndarray:
        """Like `whole` and on the same grid, but with the nearest pixel instead of each mean."""
        return self._reduced(Resampling.nearest)

    def _reduced(self, resampling: Resampling) -> np.ndarray:
        share, file = min(1, MAX_MAP_PX / max(self.shape)), Version.of(self.path)
        rows, columns = (max(1, round(share * side)) for side in self.shape)
        if share == 1:  # nothing to resample, so that one map serves for `whole` and `thinned`
            resampling = Resampling.nearest

        def read(number: int) -> np.ndarray:
            return _read_map(file, number, (rows, columns), resampling)

        if isinstance(self._numbers, list):
            return np.stack([read(number) for number in self._numbers])
        return read(self._numbers)


@lru_cache(maxsize=KEPT_RASTERS)
def _describe(file: Version, names: tuple[str, ...] | None) -> tuple[tuple[int, int], list[int]]:
    """Return the (rows, columns) of a raster, and the numbers of the bands with these names."""
    with open_raster(file.path) as dataset:
        return dataset.shape, [1] if names is None else band_numbers(dataset, names)


@lru_cache(maxsize=KEPT_MAPS)
def _read_map(
    file: Version, number: int, shape: tuple[int, int], resampling: Resampling
) -> np.ndarray:
    """Return a band, reduced to `shape`."""
    with open_raster(file.path) as dataset:
        values = dataset.read(number, out_shape=shape, resampling=resampling)
    values.flags.writeable = False
    return values


class Derived:
    """A MapLayer that is computed from others, pixel by pixel.

    function: of the arrays of `layers`, in their order. If a large scene is shown whole, masks
    (`nearest`) are thinned and other layers averaged.
    """

    def __init__(
        self,
        function: Callable[..., np.ndarray],
        layers: Sequence[MapLayer],
        nearest: Sequence[MapLayer] = (),
    ) -> None:
        self._function, self._layers, self._nearest = function, list(layers), list(nearest)
        self.shape = (*[*layers, *nearest][0].shape,)

    def at(self, window: Window) -> np.ndarray:
        """Return the pixels in a Window."""
        return self._function(*(layer.at(window) for layer in [*self._nearest, *self._layers]))

    @cached_property
    def whole(self) -> np.ndarray:
        """The maps of the whole scene; means over squares if it is large."""
        masks = [layer.thinned for layer in self._nearest]
        return self._function(*masks, *(layer.whole for layer in self._layers))

    @cached_property
    def thinned(self) -> np.ndarray:
        """The same with the nearest pixel instead of each mean."""
        return self._function(*(layer.thinned for layer in [*self._nearest, *self._layers]))


def read_scene(
    stack: str | Path,
    split: str | Path,
    metadata: str | Path,
    names: Sequence[str] | None = None,
) -> MapScene:
    """Return the MapScene of a site from the paths of its stack, its split and its scene.json.

    names: bands of the stack to include, with red, green and blue; None: the optical bands. The
    same files give the same object.
    """
    files = (Version.of(path) for path in (stack, split, metadata))
    return _scene(*files, None if names is None else tuple(names))


@lru_cache(maxsize=KEPT_SCENES)
def _scene(
    stack: Version, split: Version, metadata: Version, names: tuple[str, ...] | None
) -> MapScene:
    grid, facts = read_grid(stack.path), read_json(metadata.path)
    return MapScene(
        facts["site"],
        bool(facts["simulated"]),
        grid.pixel_m,
        grid.shape,
        {
            name: Layer(stack.path, name, grid.shape)
            for name in names or optical_of(band_names(stack.path))
        },
        Layer(stack.path, list(RGB), grid.shape),
        Layer(split.path, None, grid.shape),
        grid.north_deg,
    )


def layers_of(
    fused: Sequence[str | Path], runs: Sequence[Run], shape: tuple[int, int]
) -> dict[str, dict[str, Layer]]:
    """Return {label: {band: Layer}} of fused rasters, which must have one shape.

    fused: paths; runs: (band, method, input, seed) of each, in the same order. Raises StudyError
    if a raster has another shape.
    """
    return {
        label: {band: Layer(path, band, shape) for band, path in paths.items()}
        for label, paths in by_label(fused, keys_of(runs)).items()
    }


def keys_of(runs: Sequence[Run]) -> list[tuple[str, str, str]]:
    """Return the keys of `by_label` of runs: (method, input, band)."""
    return [(method, sar_input, band) for band, method, sar_input, _ in runs]


def gap_layer(gaps: str | Path | None, scene: MapScene) -> Layer | None:
    """Return the Layer of a gap mask, None if there is none."""
    return None if gaps is None else Layer(gaps, "gap", scene.shape)
