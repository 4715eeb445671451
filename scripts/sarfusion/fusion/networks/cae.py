"""The convolutional autoencoder."""

import torch
from torch import nn

from ..convolutions import ConvTranspose2x2


class Body(nn.Module):
    """3x3 convolutions to 32, 64, 128 channels with two poolings, mirrored, without skips.

    Encoder and decoder meet at a quarter of the resolution. What the code cannot represent is
    lost, which distinguishes an autoencoder from a network at full resolution. `pooling: false`
    keeps the resolution (an ablation).
    """

    width, last_px = 32, 3

    def __init__(self, channels: int, pooling: bool = True) -> None:
        super().__init__()
        self.multiple = 4 if pooling else 1
        # With poolings, a feature reaches one cell of 4 px (third convolution), one of 2 px
        # (second) and 1 px (first). The first step may start up to 3 px into its cell:
        # 3 + 4 + 2 + 1.
        self.radius = 10 if pooling else 5
        self.layers = nn.Sequential(
            # ReLU after pooling gives the same values as before it, on a quarter of the pixels.
            nn.Conv2d(channels, 32, 3, padding="same"),
            nn.MaxPool2d(2) if pooling else nn.Identity(),
            nn.ReLU(),
            nn.Conv2d(32, 64, 3, padding="same"),
            nn.MaxPool2d(2) if pooling else nn.Identity(),
            nn.ReLU(),
            nn.Conv2d(64, 128, 3, padding="same"),
            nn.ReLU(),
            _up(128, 64, pooling),
            nn.ReLU(),
            _up(64, 32, pooling),
            nn.ReLU(),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layers(x)


def _up(channels_in: int, channels_out: int, pooling: bool) -> nn.Module:
    """Return the layer that undoes one pooling; without pooling, a 3x3 convolution."""
    if pooling:
        return ConvTranspose2x2(channels_in, channels_out)
    return nn.Conv2d(channels_in, channels_out, 3, padding="same")
