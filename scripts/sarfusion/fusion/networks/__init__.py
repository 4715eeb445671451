"""The fusion networks, one file each, selected by file name.

A file NAME.py here defines a class `Body(torch.nn.Module)`:

- `Body(channels, **options)` takes (batch, channels, rows, columns) and returns features
  (batch, width, rows, columns). Channel 0 is the optical band, normalised as the target is.
- `width`: the number of features.
- `last_px`: the size of the last convolution, which makes the output from the features.
- `multiple`: rows and columns must be multiples of this number of pixels (2 for each pooling).
- `radius`: no feature depends on an input pixel further away than this (rows or columns).

A Body that treats SAR separately also takes `radar`, the places of the SAR channels, including
those that a network without SAR gets as zeros. A Body that is not trained by the mean squared error
has `new_loss(device)`, which returns its loss (see ../losses.py).

A study selects a network by `network: NAME`; it is registered nowhere else. The last convolution is
the same for all networks: see FusionNetwork.
"""

from collections.abc import Sequence
from importlib import import_module
from inspect import signature
from typing import Any

import torch
from torch import nn
from torch.nn.functional import pad

from ...core.errors import StudyError
from ..convolutions import SingleOutputConv2d
from ..losses import Loss, SquaredError
from ..precision import FLOAT32, products_in

LOG_VARIANCES = (-12.0, 6.0)  # least and largest, of the normalised band
# A log variance is this many times the output of its convolution. The optimiser moves every weight
# by about the learning rate, and a log variance has further to go than a band.
LOG_VARIANCE_GAIN = 10


class FusionNetwork(nn.Module):
    """The features of a network and its last convolutions, one for each output.

    Takes (batch, channels, rows, columns), returns (batch, outputs, rows, columns), normalised:
    the band and, if `uncertain`, the logarithm of the variance of its error.

    starts: channels whose sum is added to the band: the network learns the difference to it.
    from_zero: let this difference be 0 before training. variance_body: a body like the first, for
    the logarithm of the variance. It has its own features, since those of the band say little about
    its error, and nothing that it learns changes the band. radius: no output pixel depends on an
    input pixel further away than this. multiple: that of the body.
    """

    def __init__(
        self,
        body: nn.Module,
        starts: Sequence[int],
        from_zero: bool,
        variance_body: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.starts, self.uncertain = tuple(starts), variance_body is not None
        self.multiple: int = body.multiple
        self.radius: int = body.radius + body.last_px // 2
        self.body = body
        self.band = SingleOutputConv2d(body.width, body.last_px)
        if from_zero:
            _set_to_zero(self.band)
        if variance_body is not None:
            self.variance_body = variance_body
            self.log_variance = SingleOutputConv2d(body.width, body.last_px)
            _set_to_zero(self.log_variance)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        band = self.band(self.body(x))
        for channel in self.starts:
            band = band + x[:, channel : channel + 1]
        if not self.uncertain:
            return band
        log_variance = LOG_VARIANCE_GAIN * self.log_variance(self.variance_body(x))
        return torch.cat([band, log_variance.clamp(*LOG_VARIANCES)], dim=1)

    def new_loss(self, device: torch.device) -> Loss:
        """Return a loss for training this network on `device`: usually the mean squared error."""
        return self.body.new_loss(device) if hasattr(self.body, "new_loss") else SquaredError()


def _set_to_zero(layer: nn.Conv2d) -> None:
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)


def build(
    network: str,
    channels: int,
    options: dict[str, Any],
    *,
    starts: Sequence[int] = (),
    radar: Sequence[int] | None = None,
    uncertain: bool = False,
) -> FusionNetwork:
    """Return a new network from the file `network`.

    options: of its Body; with `skip`, channel 0 is added to the output. starts: add the sum of
    these channels instead, and start from a difference of 0. radar: the places of the SAR channels;
    by default, all but the first. uncertain: also return the log variance. The weights are drawn
    from torch's global generator. Raises StudyError for invalid options.
    """
    module = import_module(f"{__name__}.{network}")
    known = dict(options)
    skip = known.pop("skip", False)
    apart: dict[str, Any] = {}
    if "radar" in signature(module.Body).parameters:
        apart["radar"] = range(1, channels) if radar is None else radar
    try:
        bodies = [module.Body(channels, **apart, **known) for _ in range(1 + uncertain)]
    except (TypeError, ValueError) as error:
        raise StudyError(f"config: network {network!r}: {error}; correct its options") from error
    return FusionNetwork(bodies[0], starts or [0] * skip, bool(starts), *bodies[1:])


@torch.no_grad()
def predict(network: FusionNetwork, inputs: torch.Tensor, precision: str = FLOAT32) -> torch.Tensor:
    """Return the network's outputs (outputs, rows, columns) for `inputs` (channels, rows, columns).

    Inputs are padded with zeros (the training mean) at the bottom and right to a multiple of the
    poolings; the padding is cut off the output. precision: of the products in convolutions, see
    ../precision.py. Outputs have the type of the inputs in any case.
    """
    height, width = inputs.shape[1:]
    missing = (0, -width % network.multiple, 0, -height % network.multiple)
    padded = pad(inputs, missing)[None].contiguous(memory_format=torch.channels_last)
    with products_in(precision, inputs.device):
        outputs = network(padded)
    return outputs[0, :, :height, :width].to(inputs.dtype)
