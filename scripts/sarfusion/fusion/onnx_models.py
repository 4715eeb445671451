"""Trained networks as ONNX files with input and output in physical units, and their descriptions.

An ONNX file has one input `bands`, (batch, channels, rows, columns) in the units of the rasters,
and one output `fused`, (batch, outputs, rows, columns) in reflectance, both float32. The file
includes the scaling of the training and the padding that poolings need.
"""

import copy
import logging
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pystac
import torch
from pystac.extensions.mlm import (
    AssetGeneralMLMExtension,
    Hyperparameters,
    InputStructure,
    MLMExtension,
    ModelInput,
    ModelOutput,
    ResultStructure,
    TaskType,
)
from pystac.extensions.raster import DataType
from torch import nn
from torch.nn import functional

from ..study.inputs import DATE_AGE, DATE_CLEAR
from . import channels
from .convolutions import use_library_layers
from .networks import FusionNetwork, predict

INPUT, OUTPUT = "bands", "fused"
DIMENSIONS = ["batch", "channel", "height", "width"]
FREE = {0: "batch", 2: "rows", 3: "columns"}  # dimensions of any size
TRACED_SHAPE = (2, 24, 20)  # batch, rows, columns; no two alike
# A model is not bound to a time. The examples of the extension use this form.
ANY_TIME = {"start_datetime": "1900-01-01T00:00:00Z", "end_datetime": "9999-12-31T23:59:59Z"}


class InUnits(nn.Module):
    """A network with its scaling: physical units in and out.

    Takes (batch, channels, rows, columns), the channels of the record: reflectance, gap (0 clear,
    any other number a gap), dB. NaN counts as the training mean. Returns (batch, outputs, rows,
    columns): the band and, if the network estimates it, the standard deviation; in reflectance.
    """

    def __init__(self, network: FusionNetwork, record: Mapping[str, Any]) -> None:
        super().__init__()
        self._network = network
        scalings = [channels.scaling_of(name, record["scaling"]) for name in record["channels"]]
        unbounded = {"low": -torch.inf, "high": torch.inf}
        for key in ("low", "high", "mean", "std"):
            numbers = [unbounded[key] if s[key] is None else s[key] for s in scalings]
            self.register_buffer(key, torch.tensor(numbers, dtype=torch.float32)[:, None, None])
        band = record["scaling"][record["band"]]
        self._mean, self._std = band["mean"], band["std"]

    def forward(self, bands: torch.Tensor) -> torch.Tensor:
        rows, columns = bands.shape[2:]
        filled = torch.where(torch.isnan(bands), self.mean, bands)
        scaled = (filled.clamp(self.low, self.high) - self.mean) / self.std
        unit = self._network.multiple
        if unit > 1:
            # No negative number is divided, since ONNX rounds to zero.
            right, bottom = ((n + unit - 1) // unit * unit - n for n in (columns, rows))
            scaled = functional.pad(scaled, (0, right, 0, bottom))
        outputs = self._network(scaled)[:, :, :rows, :columns]
        fused = outputs[:, :1] * self._std + self._mean
        if not self._network.uncertain:
            return fused
        return torch.cat([fused, torch.exp(outputs[:, 1:] / 2) * self._std], dim=1)


def export(network: FusionNetwork, record: Mapping[str, Any], path: str | Path) -> None:
    """Write `network` with the scaling of its record to `path`; rows and columns stay free.

    Its layers are written as the PyTorch layers that they replace, which have counterparts in ONNX.
    """
    network = copy.deepcopy(network).cpu()
    use_library_layers(network)
    example = torch.zeros(TRACED_SHAPE[0], len(record["channels"]), *TRACED_SHAPE[1:])
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it asks for torchvision
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=FutureWarning)  # of PyTorch, about itself
        torch.onnx.export(
            InUnits(network, record).eval(),
            (example,),
            path,
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_shapes=(FREE,),
            dynamo=True,
            external_data=False,
            verbose=False,
        )


def largest_difference(
    path: str | Path, network: FusionNetwork, record: Mapping[str, Any], bands: np.ndarray
) -> float:
    """Return how far the file at `path`, run by ONNX Runtime, is from `network`, in reflectance.

    bands: (channels, rows, columns), float32, as `channels.open_channels` reads them.
    """
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (made,) = session.run([OUTPUT], {INPUT: bands[None]})
    inputs = channels.normalised(bands, record["channels"], record["scaling"])
    outputs = predict(network, torch.from_numpy(inputs)).numpy()
    expected = channels.in_reflectance(outputs, record["scaling"][record["band"]])
    return float(np.abs(made[0] - expected).max())


def describe(
    network: FusionNetwork,
    record: Mapping[str, Any],
    path: Path,
    bounds: Sequence[float],
    difference: float,
) -> dict[str, Any]:
    """Return a STAC item of the ONNX file at `path`, with the machine learning extension (MLM).

    Tiles of a scene overlap by radius_px and start at multiples of multiple_px, see core/tiling.py.
    bounds: west, south, east, north of the training ground, degrees. difference: the result of
    `largest_difference`.
    """
    west, south, east, north = bounds
    corners = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    name = "-".join(str(record[key]) for key in ("site", "protocol", "band", "model", "input"))
    item = pystac.Item(
        f"{name}-seed{record['seed']}",
        {"type": "Polygon", "coordinates": [corners]},
        list(bounds),
        None,
        {**ANY_TIME, "bands": [_band(channel) for channel in record["channels"]]},
    )
    asset = pystac.Asset(
        path.name,
        "the network with its scaling",
        media_type="application/onnx",
        roles=["mlm:model"],
    )
    item.add_asset("model", asset)
    uncertain = network.uncertain
    outputs = ["reflectance", *["standard deviation (of this network only)"] * uncertain]
    MLMExtension.ext(item, add_if_missing=True).apply(
        name=item.id,
        architecture=record["network"],
        tasks=[TaskType.REGRESSION],
        input=[
            ModelInput.create(
                INPUT,
                list(record["channels"]),
                InputStructure.create(
                    [-1, len(record["channels"]), -1, -1], DIMENSIONS, DataType.FLOAT32
                ),
                "in the units of `bands`; the model scales and pads them; NaN where unknown",
            )
        ],
        output=[
            ModelOutput.create(
                OUTPUT,
                [TaskType.REGRESSION],
                ResultStructure.create([-1, len(outputs), -1, -1], DIMENSIONS, DataType.FLOAT32),
                f"{record['band']}: {', '.join(outputs)}",
            )
        ],
        framework="ONNX",
        total_parameters=record["parameters"],
        pretrained=True,
        pretrained_source=f"the ground of {record['site']}",
        hyperparameters=Hyperparameters.create(
            radius_px=network.radius,
            multiple_px=network.multiple,
            scaling=record["scaling"],
            domain=record["domain"],
            seed=record["seed"],
            training=record["training"],
            largest_difference_from_pytorch=difference,
        ),
    )
    AssetGeneralMLMExtension.ext(asset).artifact_type = "onnx"
    return item.to_dict(include_self_link=False)


def _unit(channel: str) -> str:
    """Return the unit of a band or its anomaly."""
    return "dB" if channels.is_radar(channel) else "1"


def _band(channel: str) -> dict[str, str]:
    """Return a channel as a band object of STAC."""
    if channel == channels.GAP:
        return {"name": channel, "description": "1 where the optical band is hidden, else 0"}
    if channel.startswith(channels.WITHOUT):
        return {"name": channel, "description": "anything: the model takes it as 0"}
    if channel == DATE_AGE:
        what = "days from the scene to the other date, before or after it"
        return {"name": channel, "description": what, "unit": "d"}
    if channel == DATE_CLEAR:
        return {"name": channel, "description": "1 where another date is clear, else 0"}
    if channel.endswith(channels.ANOMALY):
        band = channel.removesuffix(channels.ANOMALY)
        what = f"where hidden, {band} minus a surface made from its surroundings; else 0"
        return {"name": channel, "description": what, "unit": _unit(channel)}
    if channel.endswith(channels.OF_OTHER_DATE):
        what = "surface reflectance on the nearest clear date, matched to the scene"
        return {"name": channel, "description": what, "unit": "1"}
    if channel.endswith("_db"):
        what = "SAR backscatter, VV over VH" if channel == "ratio_db" else "SAR backscatter"
        return {"name": channel, "description": what, "unit": "dB"}
    return {"name": channel, "description": "surface reflectance", "unit": "1"}
