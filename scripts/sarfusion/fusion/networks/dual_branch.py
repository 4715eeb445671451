"""A convolutional network with a branch for each sensor."""

from collections.abc import Sequence

import torch
from torch import nn

from ..blocks import branches, check_width, conv_relu


class Body(nn.Module):
    """Two 3x3 convolutions for each sensor, and four for the features of both.

    Optical and SAR images have little in common, so each gets its own features before they are
    joined. Two streams are common in this field (e.g. Xu et al. 2022, GLF-CR: SAR-enhanced cloud
    removal with global-local fusion, ISPRS J. Photogramm. Remote Sens. 192:268-278); the numbers of
    layers are a choice of this project. radar: places of the SAR channels. width: the features of
    each branch; there are twice as many after both are joined.
    """

    last_px, multiple = 3, 1
    radius = 2 + 4

    def __init__(self, channels: int, radar: Sequence[int], width: int = 32) -> None:
        super().__init__()
        check_width(width)
        self.width = 2 * width
        self.optical, self.radar = (
            nn.Sequential(branch, conv_relu(branch.count, width), conv_relu(width, width))
            for branch in branches(channels, radar)
        )
        self.fused = nn.Sequential(*(conv_relu(self.width, self.width) for _ in range(4)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fused(torch.cat([self.optical(x), self.radar(x)], dim=1))
