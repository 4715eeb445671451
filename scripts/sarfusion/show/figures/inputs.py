"""What map figures draw: rasters, read from their files only as far as they are drawn."""

from functools import cached_property

from rasterio.enums import Resampling

from ...core.errors import StudyError
from ...core.files import read_json
from ...core.raster import band_numbers, open_raster, read_grid
from .maps import RGB, Scene

MOST_PIXELS = 700  # along a side of a map: a panel 58 mm wide prints 460 at 200 dpi


class Layer:
    """A band of a raster, or several: (rows, columns), or (bands, rows, columns).

    path: of the raster; bands: a name, a list of names, or None for its first band; shape: (rows,
    columns) that it must have. Raises StudyError where it has not.
    """

    def __init__(self, path, bands, shape):
        self.path, self.shape = path, tuple(shape)
        with open_raster(path) as dataset:
            if dataset.shape != self.shape:
                raise StudyError(
                    f"{path}: {dataset.shape} pixels where the stack has {self.shape}; make it anew"
                )
            names = [bands] if isinstance(bands, str) else bands
            numbers = [1] if bands is None else band_numbers(dataset, names)
        self._numbers = numbers if isinstance(bands, list) else numbers[0]

    def at(self, window):
        """Return the pixels in a rasterio Window."""
        with open_raster(self.path) as dataset:
            return dataset.read(self._numbers, window=window)

    @cached_property
    def whole(self):
        """All pixels, where they are at most MOST_PIXELS along a side; else means over squares.

        A mean is that of the valid pixels, NaN where there are none.
        """
        return self._reduced(Resampling.average)

    @cached_property
    def thinned(self):
        """All pixels, or single ones in place of the means of `whole`, on the same grid."""
        return self._reduced(Resampling.nearest)

    def _reduced(self, resampling):
        share = min(1, MOST_PIXELS / max(self.shape))
        shape = tuple(max(1, round(share * side)) for side in self.shape)
        if isinstance(self._numbers, list):
            shape = (len(self._numbers), *shape)
        with open_raster(self.path) as dataset:
            return dataset.read(self._numbers, out_shape=shape, resampling=resampling)


def read_scene(stack, split, metadata, names=RGB):
    """Return the Scene of a site with the bands `names` of its stack, red, green, blue at least."""
    grid, facts = read_grid(stack), read_json(metadata)
    return Scene(
        facts["site"],
        bool(facts["simulated"]),
        grid.pixel_m,
        grid.shape,
        {name: Layer(stack, name, grid.shape) for name in names},
        Layer(stack, list(RGB), grid.shape),
        Layer(split, None, grid.shape),
    )


def layers_of(fused, shape):
    """Return {label: {band: path}} as {label: {band: Layer}}, all of one shape."""
    return {
        label: {band: Layer(path, band, shape) for band, path in paths.items()}
        for label, paths in fused.items()
    }
