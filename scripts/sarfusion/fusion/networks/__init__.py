"""The fusion networks: one file each, found by its name.

A file NAME.py here defines a class `Network(torch.nn.Module)`:

- `Network(channels, **options)` takes (batch, channels, rows, columns) and returns
  (batch, 1, rows, columns). Channel 0 is the optical band, normalised as the target is.
- `multiple`: rows and columns must be multiples of this number of pixels (the poolings).
- `radius`: no output pixel depends on an input pixel further away than this (rows or columns).

A study names it as `network: NAME`; nothing else needs to be told.
"""

from importlib import import_module

import torch
from torch.nn.functional import pad

from ...core.errors import StudyError


def build(network, channels, options):
    """Return a new network by its file's name. Its weights come from torch's global generator."""
    module = import_module(f"{__name__}.{network}")
    try:
        return module.Network(channels, **options)
    except TypeError as error:
        raise StudyError(f"config: network {network!r}: {error}; mend its options") from error


@torch.no_grad()
def predict(network, inputs):
    """Return the network's output (rows, columns) for `inputs` (channels, rows, columns).

    Where the size is no multiple of the poolings, zeros (the training mean) are added below and
    right, and cut off again.
    """
    height, width = inputs.shape[1:]
    missing = (0, -width % network.multiple, 0, -height % network.multiple)
    whole = pad(inputs, missing)[None].contiguous(memory_format=torch.channels_last)
    return network(whole)[0, 0, :height, :width]
