"""A deep residual network at full resolution."""

import torch
from torch import nn

from ..blocks import check_width, residual_convolutions

SCALE = 0.1  # of what a block adds


class Body(nn.Module):
    """A 3x3 convolution, then `blocks` residual blocks of two 3x3 convolutions.

    In the manner of DSen2-CR: Meraner et al. 2020, Cloud removal in Sentinel-2 imagery using a deep
    residual neural network and SAR-optical data fusion, ISPRS J. Photogramm. Remote Sens.
    166:333-346. There are fewer and narrower blocks here, so that size and reach are those of the
    U-Net. The long skip of DSen2-CR is the start surface in gaps, and `skip: true` elsewhere.
    width: that of a U-Net with about as many parameters; each layer has 1.5 times as many channels.
    """

    last_px, multiple = 3, 1

    def __init__(self, channels: int, width: int = 32, blocks: int = 5) -> None:
        super().__init__()
        check_width(width)
        if not 1 <= blocks <= 64:
            raise ValueError("blocks is 1 to 64")
        self.width = 3 * width // 2
        self.radius = 1 + 2 * blocks
        self.layers = nn.Sequential(
            nn.Conv2d(channels, self.width, 3, padding="same"),
            *(residual_convolutions(self.width, SCALE) for _ in range(blocks)),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layers(x)
