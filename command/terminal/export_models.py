"""Write the trained models of a study as ONNX files and check each, for `reproduce`.

    python command/terminal/export_models.py [--check] STUDY.yaml [PROTOCOL ...]

Works in the folder that contains results/. Models that are not trained yet are left out. --check:
only check whether there is a model to export; this needs no ONNX packages.
"""

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from rasterio.warp import transform_bounds
from rasterio.windows import Window
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from sarfusion.core.errors import StudyError
from sarfusion.core.files import atomic, write_json
from sarfusion.core.grid import LONGITUDES
from sarfusion.fusion import channels, checkpoint, onnx_models
from sarfusion.study.config import read_study
from sarfusion.study.layout import Layout
from sarfusion.study.model_files import record_path, weights_path

MAX_DIFFERENCE = 1e-5  # reflectance
MAX_CHECKED_PX = 1023  # side of the part of a scene that is compared; not a multiple of any pooling


def main(config: str, *protocols: str) -> None:
    """Export the models of the study file `config`, for all protocols or for those named.

    Raises StudyError if there is no model, or if a file differs from its model.
    """
    layout, models = find_models(config, *protocols)
    results = layout.results.rstrip("/")
    progress = partial(tqdm, desc="exporting", disable=None, leave=False)
    differences = [export(layout, name, models[name], results) for name in progress(models)]
    print(
        f"onnx     {results}/onnx  ({len(models)} models; ONNX Runtime gives the same reflectance"
    )
    print(f"         as PyTorch to within {max(differences):.0e})")


def find_models(config: str, *protocols: str) -> tuple[Layout, dict[str, dict[str, Any]]]:
    """Return the layout of a study, and its trained models of these protocols, or of all.

    Raises StudyError if there is no such protocol, or no trained model.
    """
    study = read_study(config)
    layout = Layout(study, f"results/{study['study']}", study.get("weights"))
    unknown = sorted(set(protocols) - set(layout.protocols))
    if unknown:
        raise StudyError(f"no protocol {unknown[0]} in {config}; {', '.join(layout.protocols)}")
    models = {
        name: about
        for name, about in layout.every_model().items()
        if about["protocol"] in (protocols or layout.protocols)
        and weights_path(layout.models, name).exists()
    }
    if not models:
        raise StudyError(f"no trained model in {layout.models}; run the study first")
    return layout, models


def export(layout: Layout, name: str, about: dict[str, Any], results: str) -> float:
    """Write one model and its description; return the largest difference, in reflectance."""
    weights, description = weights_path(layout.models, name), record_path(layout.models, name)
    network, record = checkpoint.load(weights, description)
    site = record.get("trained_on", [about["site"]])[0]
    bands, bounds = read_scene(layout, record, site)
    path = Path(results, "onnx", f"{name}.onnx")
    with atomic(path) as temporary:
        onnx_models.export(network, record, temporary)
        difference = onnx_models.largest_difference(temporary, network, record, bands)
        if not difference <= MAX_DIFFERENCE:
            raise StudyError(
                f"{path} was not written: on {site}, its reflectance would differ from that of the"
                f" model by {difference:.0e}, more than {MAX_DIFFERENCE:.0e}"
            )
    item = onnx_models.describe(network, record, path, bounds, difference)
    write_json(path.with_suffix(".json"), item)
    return difference


def read_scene(
    layout: Layout, record: dict[str, Any], site: str
) -> tuple[np.ndarray, Sequence[float]]:
    """Return the network's input in the middle of a site, and the site's bounds in degrees.

    The input has shape (channels, rows, columns), with at most MAX_CHECKED_PX a side.
    """
    optical = layout.given(record["protocol"], record["input"]).format(site=site)
    sar = layout.sar(record["input"]).format(site=site)
    for path in (optical, sar):
        if not Path(path).exists():
            raise StudyError(f"{path} is missing; models are checked on it; run the study first")
    with channels.open_channels(record["channels"], optical, sar) as reader:
        grid = reader.grid
        rows, columns = (min(size, MAX_CHECKED_PX) for size in grid.shape)
        top, left = (grid.shape[0] - rows) // 2, (grid.shape[1] - columns) // 2
        bands = reader.read(Window(left, top, columns, rows))
    return bands, transform_bounds(grid.crs, LONGITUDES, *grid.bounds)


if __name__ == "__main__":
    try:
        if sys.argv[1] == "--check":
            find_models(*sys.argv[2:])
        else:
            main(*sys.argv[1:])
    except StudyError as error:
        sys.exit(f"error: {error}")
