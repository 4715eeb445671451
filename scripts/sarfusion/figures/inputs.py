"""Reading what the plot scripts draw."""

from ..errors import StudyError
from ..files import read_json
from ..raster import open_raster, read_bands, read_grid
from .maps import RGB, Scene


def read_scene(stack, split, metadata, names):
    """Return the Scene of a site with the bands `names` of its stack."""
    grid = read_grid(stack)
    facts = read_json(metadata)
    bands = dict(zip(names, read_bands(stack, list(names)), strict=True))
    return Scene(
        facts["site"], bool(facts["simulated"]), grid.pixel_m, bands, read_layer(split, grid.shape)
    )


def read_layer(path, shape):
    """Return the first band of a raster; StudyError when it has not `shape` (rows, columns)."""
    _check_shape(path, shape)
    with open_raster(path) as dataset:
        return dataset.read(1)


def read_rgb(path, shape):
    """Return red, green and blue of a raster, (3, rows, columns); see read_layer."""
    _check_shape(path, shape)
    return read_bands(path, list(RGB))


def _check_shape(path, shape):
    found = read_grid(path).shape
    if found != tuple(shape):
        raise StudyError(f"{path}: {found} pixels where the stack has {shape}; make it anew")


def read_layers(fused, shape):
    """Read {label: {band: path}} as {label: {band: array (rows, columns)}}."""
    return {
        label: {band: read_layer(path, shape) for band, path in paths.items()}
        for label, paths in fused.items()
    }
