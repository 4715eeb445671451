"""A convolutional network that weights its features by attention over channels and places."""

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional

from ..blocks import branches, check_width, conv_relu, residual_convolutions
from ..convolutions import SingleOutputConv2d

WINDOW_PX = 7  # side of the window whose mean determines the weights of channels
PLACE_PX = 5  # size of the convolution that determines the weights of places
SQUEEZED = 4  # times fewer features between the two layers of the channel weights


class Body(nn.Module):
    """A branch for each sensor, then weights of channels and of places, and two convolutions.

    SAR goes through 3x3 and 5x5 convolutions in parallel, since speckle needs larger ones. The
    network is in the manner of networks with dual attention, and follows no single paper. The two
    kinds of weights are those of Woo et al. 2018, CBAM: Convolutional Block Attention Module, ECCV,
    without its maximum over places. The mean over places is that of a window here, not of the whole
    image, so that a scene may be fused in tiles. radar: places of the SAR channels. width: the
    features of each branch; there are twice as many after both are joined.
    """

    last_px, multiple = 3, 1
    # The optical branch reaches 5 px, as does the 5x5 one with the convolutions after it. The
    # weights of channels and of places and two convolutions follow.
    radius = 5 + WINDOW_PX // 2 + PLACE_PX // 2 + 2

    def __init__(self, channels: int, radar: Sequence[int], width: int = 32) -> None:
        super().__init__()
        check_width(width)
        self.width = 2 * width
        optical, sar = branches(channels, radar)
        self.optical = nn.Sequential(
            optical,
            conv_relu(optical.count, width),
            residual_convolutions(width),
            residual_convolutions(width),
        )
        self.radar = nn.ModuleList(
            nn.Sequential(sar, conv_relu(sar.count, width, size), residual_convolutions(width))
            for size in (3, 5)
        )
        self.radar_merged = conv_relu(2 * width, width, 1)
        self.attention = nn.Sequential(ChannelAttention(self.width), PlaceAttention())
        self.fused = nn.Sequential(*(conv_relu(self.width, self.width) for _ in range(2)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        radar = self.radar_merged(torch.cat([branch(x) for branch in self.radar], dim=1))
        return self.fused(self.attention(torch.cat([self.optical(x), radar], dim=1)))


class ChannelAttention(nn.Module):
    """Multiplies each channel by a weight, 0 to 1, from the means of all in a window around."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        squeezed = max(1, channels // SQUEEZED)
        self.weights = nn.Sequential(
            conv_relu(channels, squeezed, 1), nn.Conv2d(squeezed, channels, 1), nn.Sigmoid()
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        means = functional.avg_pool2d(
            x, WINDOW_PX, stride=1, padding=WINDOW_PX // 2, count_include_pad=False
        )
        return x * self.weights(means)


class PlaceAttention(nn.Module):
    """Multiplies each pixel by a weight, 0 to 1, from mean and maximum of nearby channels."""

    def __init__(self) -> None:
        super().__init__()
        self.weights = nn.Sequential(SingleOutputConv2d(2, PLACE_PX), nn.Sigmoid())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        both = torch.cat([x.mean(dim=1, keepdim=True), x.amax(dim=1, keepdim=True)], dim=1)
        return x * self.weights(both)
