"""A small U-Net, the common choice for gap filling."""

import torch
from torch import nn

from ..convolutions import ConvTranspose2x2


class Network(nn.Module):
    """Encoder and decoder of 32, 64, 128 channels with skip connections.

    Ronneberger et al. 2015, U-Net, MICCAI, but with one 3x3 convolution per step instead of two,
    so that the receptive field stays within the split's buffer on a scene of a city.
    """

    multiple = 4
    # An output pixel reaches 1 px (last 3x3 convolution), one cell of 2 px (the one before), one
    # of 4 px (the middle), 2 px and 1 px (encoder). The steps between may start up to 3 px into
    # their cells: 1 + 2 + 4 + 2 + 1 + 3.
    radius = 13

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = _convolution(channels, 32)
        self.second = _convolution(32, 64)
        self.middle = _convolution(64, 128)
        self.up_second = ConvTranspose2x2(128, 64)
        self.back_second = _convolution(128, 64)
        self.up_first = ConvTranspose2x2(64, 32)
        self.back_first = _convolution(64, 32)
        self.last = nn.Conv2d(32, 1, 1)
        self.pool = nn.MaxPool2d(2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        first = self.first(x)
        second = self.second(self.pool(first))
        middle = self.middle(self.pool(second))
        second = self.back_second(torch.cat([self.up_second(middle), second], dim=1))
        first = self.back_first(torch.cat([self.up_first(second), first], dim=1))
        return self.last(first)


def _convolution(channels_in: int, channels_out: int) -> nn.Sequential:
    """Return a 3x3 convolution which keeps rows and columns, with ReLU."""
    return nn.Sequential(nn.Conv2d(channels_in, channels_out, 3, padding="same"), nn.ReLU())
