"""Layers that several networks use. All keep rows and columns."""

from collections.abc import Sequence

import torch
from torch import nn


def conv_relu(channels_in: int, channels_out: int, size: int = 3) -> nn.Sequential:
    """Return a convolution of size x size with ReLU; size is odd."""
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, size, padding="same"), nn.ReLU(inplace=True)
    )


class Residual(nn.Module):
    """Adds `scale` times the output of `layers` for the features to the features.

    A small scale keeps a deep network stable without normalisation: Lim et al. 2017, Enhanced Deep
    Residual Networks for Single Image Super-Resolution, CVPR Workshops.
    """

    def __init__(self, *layers: nn.Module, scale: float = 1.0) -> None:
        super().__init__()
        self.layers, self.scale = nn.Sequential(*layers), scale

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.add(x, self.layers(x), alpha=self.scale)


def residual_convolutions(channels: int, scale: float = 1.0) -> Residual:
    """Return two 3x3 convolutions with a ReLU between them, as a Residual."""
    first = conv_relu(channels, channels)
    return Residual(*first, nn.Conv2d(channels, channels, 3, padding="same"), scale=scale)


class Branch(nn.Module):
    """The channels of one branch of a network: (batch, `count`, rows, columns).

    places: the places of its channels among all. A branch without any gets one channel of zeros, so
    that networks of all inputs have the same layers.
    """

    def __init__(self, places: Sequence[int]) -> None:
        super().__init__()
        self.places, self.count = tuple(places), max(1, len(places))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not self.places:
            return torch.zeros_like(x[:, :1])
        return torch.cat([x[:, place : place + 1] for place in self.places], dim=1)


def branches(channels: int, radar: Sequence[int]) -> tuple[Branch, Branch]:
    """Return the branches of the optical and of the SAR channels.

    channels: their number. radar: the places of the SAR channels; all others are optical.
    """
    return Branch([place for place in range(channels) if place not in radar]), Branch(radar)


def check_width(width: int, multiple: int = 2) -> None:
    """Raise ValueError for a `width` that is not allowed."""
    if not (1 <= width <= 256 and width % multiple == 0):
        raise ValueError(f"width is a multiple of {multiple}, at most 256")
