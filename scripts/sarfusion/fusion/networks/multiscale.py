"""A convolutional network with several scales in parallel."""

from collections.abc import Sequence

import torch
from torch import nn

from ..blocks import Residual, branches, check_width, conv_relu

DILATIONS = (1, 2, 4)  # pixels between the taps of a 3x3 convolution


class Body(nn.Module):
    """Parallel dilated 3x3 convolutions: once for each sensor, and twice for the features of both.

    The scales of both sensors are merged by a 1x1 convolution. Two residual blocks use the scales
    of the merged features, and a 3x3 convolution comes last. The network is in the manner of
    networks for cloud removal with multi-scale features, and follows no single paper. Dilated
    convolutions: Yu & Koltun 2016, Multi-Scale Context Aggregation by Dilated Convolutions, ICLR.
    radar: places of the SAR channels. width: the features of each scale.
    """

    last_px, multiple = 1, 1
    radius = 3 * max(DILATIONS) + 1

    def __init__(self, channels: int, radar: Sequence[int], width: int = 32) -> None:
        super().__init__()
        check_width(width)
        self.width = 2 * width
        each = len(DILATIONS) * width
        self.optical, self.radar = (
            nn.Sequential(branch, Scales(branch.count, width))
            for branch in branches(channels, radar)
        )
        self.fused = nn.Sequential(
            conv_relu(2 * each, self.width, 1),
            *(
                Residual(Scales(self.width, width), nn.Conv2d(each, self.width, 1))
                for _ in range(2)
            ),
            conv_relu(self.width, self.width),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fused(torch.cat([self.optical(x), self.radar(x)], dim=1))


class Scales(nn.Module):
    """Parallel 3x3 convolutions, one for each of DILATIONS, with ReLU.

    Takes (batch, channels_in, rows, columns), returns `width` channels for each.
    """

    def __init__(self, channels_in: int, width: int) -> None:
        super().__init__()
        self.scales = nn.ModuleList(
            nn.Conv2d(channels_in, width, 3, padding="same", dilation=dilation)
            for dilation in DILATIONS
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(torch.cat([scale(x) for scale in self.scales], dim=1))
