"""The patch-wise shallow convolutional network."""

import torch
from torch import nn

from ..convolutions import WinogradConv2d


class Body(nn.Module):
    """Three convolutions, 9x9x64, 5x5x32, 5x5x1, with ReLU between them.

    The architecture of PNN: Masi et al. 2016, Pansharpening by Convolutional Neural Networks,
    Remote Sensing 8(7):594. The receptive field is 17 x 17 px.
    """

    width, last_px, multiple = 32, 5, 1
    radius = 4 + 2

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels, 64, 9, padding="same"),
            nn.ReLU(),
            WinogradConv2d(64, 32, 5),
            nn.ReLU(),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layers(x)
