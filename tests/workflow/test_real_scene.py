"""Real scenes through `files` to the last figure: geographic grid, other scaling, no QA bands."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rasterio
import yaml
from rasterio.crs import CRS
from rasterio.transform import from_origin
from sarfusion.core.files import read_json
from sarfusion.core.raster import Grid, read_band, write_raster
from sarfusion.scenes.simulate import simulate_city

SHARED = Path(__file__).parents[3] / "shared" / "real-data" / "porto-velho-s1-l8"
OPTICAL, SAR = "porto_velho_l8_oli_dn.tif", "porto_velho_s1_vv_vh_linear.tif"


@pytest.fixture
def scenes(tmp_path):
    """The folder of the real scenes, or of made ones in exactly the same form."""
    if SHARED.is_dir():
        return SHARED
    city = simulate_city(256, seed=5)
    bounds = from_origin(-63.944123, -8.673047, 0.00027266, 0.00027266)
    grid = Grid(CRS.from_epsg(4326), bounds, 250, 250)
    reflectance = city.optical[:3, :250, :250] * 2.75e-5 - 0.2
    numbers = np.where(city.optical[:3, :250, :250] == 0, 0, (reflectance + 0.1) / 2e-5)
    bands = np.zeros((6, 250, 250), np.uint16)
    bands[:3] = numbers[::-1].clip(0, 65535)  # blue, green, red
    power = city.sar[:, :750, :750].reshape(2, 250, 3, 250, 3).mean(axis=(2, 4))
    names = ["blue", "green", "red", "nir", "swir1", "swir2"]
    write_raster(tmp_path / OPTICAL, bands, grid, names, 0)
    write_raster(tmp_path / SAR, power.astype(np.float32), grid, ["VV", "VH"], np.nan)
    return tmp_path


@pytest.mark.second_tier
def test_real_scenes_run_to_the_last_figure(project, scenes):
    study = yaml.safe_load((project.folder / "tests/studies/porto_velho.yaml").read_text())
    study |= {
        "data": str(scenes),
        "seeds": [1],
        "inputs": ["ratio"],
        "protocols": {
            "reconstruction": {"models": ["cnn", "cae"]},
            "cloud_gap": {"models": ["unet"]},
        },
        "baselines": ["copy", "nearest", "regression"],
        "training": {"updates": 6, "validate_every": 6},
    }
    (project.folder / "porto_velho.yaml").write_text(yaml.safe_dump(study))
    project.run(study="porto_velho.yaml")
    results = project.results("porto_velho")
    stack = read_json(results / "stack/porto_velho.json")
    assert stack["grid"]["crs"] == "EPSG:4326"
    assert stack["grid"]["pixel_m"] == pytest.approx([30, 30.35], abs=0.05)
    red = read_band(results / "stack/porto_velho.tif", "red")
    with rasterio.open(scenes / OPTICAL) as raw:
        assert red[100, 100] == pytest.approx(raw.read(3)[100, 100] * 2e-5 - 0.1, abs=1e-6)
    assert 0.03 < np.nanmedian(red) < 0.2
    scores = pd.read_csv(results / "tables/metrics.csv")
    assert set(scores["method"]) == {*("copy", "cnn", "cae", "unet", "nearest", "regression")}
    figures = {path.stem for path in results.glob("figures/*.pdf")}
    assert len(figures) == 24
    assert all((results / f"figures/{name}.png").stat().st_size > 10_000 for name in figures)
