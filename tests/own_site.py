"""The files of one made site, as a person may have them, and their import."""

import copy

import import_scene
import numpy as np
import rasterio
from rasterio.crs import CRS
from rasterio.transform import from_origin
from sarfusion.core.grid import Grid
from sarfusion.core.raster import read_bands
from sarfusion.scenes import landsat, sar
from sarfusion.scenes.bands import BANDS
from sarfusion.scenes.sources import SOURCES

UTM = CRS.from_epsg(32648)
OPTICAL_GRID = Grid(UTM, from_origin(500_000, 1_000_000, 30, 30), 40, 50)
SAR_GRID = Grid(UTM, from_origin(499_900, 1_000_100, 10, 10), 140, 170)
SETTINGS = {
    "source": "files",
    "optical": {
        **{band: {"path": "o.tif", "band": n} for n, band in enumerate(BANDS, 1)},
        "scale": 2.75e-5,
        "offset": -0.2,
        "sensor": "made",
        "date": None,
    },
    "sar": {
        **{band: {"path": "s.tif", "band": n} for n, band in enumerate(sar.BANDS, 1)},
        "unit": "linear",
        "sensor": "made",
        "date": None,
    },
    "trust_values": False,
    "licence": "none",
}


def reflectance():
    """Red, green and blue between 0.05 and 0.3."""
    return np.random.default_rng(0).uniform(0.05, 0.3, (3, *OPTICAL_GRID.shape))


def numbers():
    """The same as Landsat's digital numbers."""
    return np.round((reflectance() + 0.2) / 2.75e-5).astype(np.uint16)


def power():
    """VV of about -10 dB and VH of about -17 dB, as linear power with speckle."""
    speckle = np.random.default_rng(1).gamma(4.4, 1 / 4.4, (2, *SAR_GRID.shape))
    return (speckle * np.array([0.1, 0.02])[:, None, None]).astype(np.float32)


def write(path, array, grid, nodata=None, mask=None, **tags):
    """Write a GeoTIFF. mask: the file's mask, inside it or, by GDAL's default, in a sidecar file.

    tags: attributes of the dataset, such as scales or colorinterp.
    """
    array = np.asarray(array).reshape(-1, *grid.shape)
    profile = {"driver": "GTiff", "count": len(array), "dtype": array.dtype, "nodata": nodata}
    profile |= {"crs": grid.crs, "transform": grid.transform}
    profile |= {"height": grid.height, "width": grid.width}
    with rasterio.open(path, "w", **profile) as dataset:
        for name, value in tags.items():
            setattr(dataset, name, value)
        dataset.write(array)
        if mask is not None:
            dataset.write_mask(mask)


def import_site(folder, settings, out, **more):
    """Import the rasters in `folder` that the settings of a site name, into the folder `out`."""
    paths = {name: str(folder / path) for name, path in SOURCES["files"].files(settings).items()}
    import_scene.main(
        site="here",
        site_settings=settings,
        rasters=paths,
        optical=out / "optical.tif",
        sar=out / "sar.tif",
        metadata=out / "scene.json",
        **more,
    )


class Site:
    """One site's own files in a folder. Tests change its settings `optical` and `sar`."""

    def __init__(self, folder):
        self.folder = folder
        self.settings = copy.deepcopy(SETTINGS)
        self.optical, self.sar = self.settings["optical"], self.settings["sar"]
        self.out = folder / "out"
        self.write_optical(numbers())
        self.write_sar(power())

    def write_optical(self, array, grid=OPTICAL_GRID, **how):
        write(self.folder / "o.tif", array, grid, **how)

    def write_sar(self, array, grid=SAR_GRID, **how):
        write(self.folder / "s.tif", array, grid, **how)

    def write_quality(self, name, array, grid=OPTICAL_GRID, **how):
        write(self.folder / f"{name}.tif", array, grid, **how)
        self.optical[name] = {"path": f"{name}.tif", "band": 1}
        if name == "qa_radsat":
            self.optical[name]["bits"] = "oli"

    def run(self):
        """Import the site; return itself."""
        import_site(self.folder, self.settings, self.out)
        return self

    def raw(self):
        """Red, green, blue, qa_pixel, qa_radsat as imported."""
        return read_bands(self.out / "optical.tif", landsat.RAW_BANDS)

    def fill(self):
        """Where the imported optical scene is fill."""
        return landsat.is_fill(self.raw()[3].astype(np.uint16))

    def power(self):
        """VV and VH as imported, on the ground of the optical scene and a margin of 4 pixels."""
        return read_bands(self.out / "sar.tif", sar.BANDS)


# The part of the SAR scene that import keeps; SAR starts 10 pixels before the optical scene.
KEPT = np.s_[:, 6:134, 6:164]
