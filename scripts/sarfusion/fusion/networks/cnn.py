"""The patch-wise shallow convolutional network."""

import torch
from torch import nn

from ..convolutions import SingleOutputConv2d, WinogradConv2d


class Network(nn.Module):
    """Three convolutions, 9x9x64, 5x5x32, 5x5x1, with ReLU between them.

    The architecture of PNN: Masi et al. 2016, Pansharpening by Convolutional Neural Networks,
    Remote Sensing 8(7):594. `skip` adds the optical band to the output, so that the network
    learns the residual. The receptive field is 17 x 17 px.
    """

    multiple = 1
    radius = 4 + 2 + 2

    def __init__(self, channels: int, skip: bool = False) -> None:
        super().__init__()
        self.skip = skip
        self.layers = nn.Sequential(
            nn.Conv2d(channels, 64, 9, padding="same"),
            nn.ReLU(),
            WinogradConv2d(64, 32, 5),
            nn.ReLU(),
            SingleOutputConv2d(32, 5),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.layers(x)
        return y + x[:, :1] if self.skip else y
