"""The fusion networks, one file each, selected by file name.

A file NAME.py here defines a class `Network(torch.nn.Module)`:

- `Network(channels, **options)` takes (batch, channels, rows, columns) and returns
  (batch, 1, rows, columns). Channel 0 is the optical band, normalised as the target is.
- `multiple`: rows and columns must be multiples of this number of pixels (2 for each pooling).
- `radius`: no output pixel depends on an input pixel further away than this (rows or columns).

A study selects it by `network: NAME`; it is registered nowhere else.
"""

from importlib import import_module
from typing import Any

import torch
from torch.nn.functional import pad

from ...core.errors import StudyError


class FusionNetwork(torch.nn.Module):
    """The interface of every Network, for type annotations."""

    multiple: int
    radius: int


def build(network: str, channels: int, options: dict[str, Any]) -> FusionNetwork:
    """Return a new network from the file `network`.

    Its weights are drawn from torch's global generator. Raises StudyError for unknown options.
    """
    module = import_module(f"{__name__}.{network}")
    try:
        return module.Network(channels, **options)
    except TypeError as error:
        raise StudyError(f"config: network {network!r}: {error}; mend its options") from error


@torch.no_grad()
def predict(network: FusionNetwork, inputs: torch.Tensor) -> torch.Tensor:
    """Return the network's output (rows, columns) for `inputs` (channels, rows, columns).

    Inputs are padded with zeros (the training mean) at the bottom and right to a multiple of the
    poolings; the padding is cut off the output.
    """
    height, width = inputs.shape[1:]
    missing = (0, -width % network.multiple, 0, -height % network.multiple)
    padded = pad(inputs, missing)[None].contiguous(memory_format=torch.channels_last)
    return network(padded)[0, 0, :height, :width]
