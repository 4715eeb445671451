"""A scene of any size: a simulated city, repeated; and how it is prepared."""

import numpy as np
import prepare_stack
from sarfusion.core.raster import Grid, create_raster, strips
from sarfusion.scenes import landsat, sar, simulate

TILE_PX = 608  # of the city that is repeated


def make_scene(folder, size, sar_m):
    """Write optical.tif and sar.tif of a scene of `size` pixels of 30 m a side."""
    city = simulate.simulate_city(TILE_PX, seed=1, looks=4)
    corner = city.optical_grid
    grid = Grid(corner.crs, corner.transform, size, size)
    own = Grid(city.sar_grid.crs, city.sar_grid.transform, 3 * size, 3 * size)
    power = city.sar
    if sar_m == 30:
        own = grid
        power = np.stack([sar.average_onto(band, city.sar_grid, corner) for band in power])
        power = np.where(np.isfinite(power), power, 0.1).astype(np.float32)
    files = {
        "optical": (city.optical, grid, landsat.raw_form()),
        "sar": (power, own, {"names": sar.BANDS, "nodata": np.nan}),
    }
    for name, (tile, place, form) in files.items():
        path = folder / f"{name}.tif"
        with create_raster(path, place, dtype=tile.dtype, **form, threads=2) as target:
            for window in strips(place.shape):
                rows, columns = (
                    np.arange(span.start, span.stop) % side
                    for span, side in zip(window.toslices(), tile.shape[1:], strict=True)
                )
                target.write(tile[:, rows[:, None], columns], window=window)


def prepare(folder, threads):
    """Make stack.tif, use.tif and stack.json of the scene in `folder`."""
    prepare_stack.main(
        optical=folder / "optical.tif",
        sar=folder / "sar.tif",
        stack=folder / "stack.tif",
        split=folder / "use.tif",
        description=folder / "stack.json",
        site="tiled",
        mask=["dilated_cloud", "cirrus", "cloud", "cloud_shadow", "snow"],
        sar_settings={"noise_floor_db": -30, "clip_percentiles": [1, 99], "correct_shift": True},
        split_settings={
            "block_px": 64, "test": 0.2, "validation": 0.1, "buffer_px": 8, "seed": 1
        },
        threads=threads,
    )  # fmt: skip
