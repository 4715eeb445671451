"""The convolutional autoencoder."""

import torch
from torch import nn

from ..convolutions import ConvTranspose2x2, SingleOutputConv2d


class Network(nn.Module):
    """3x3 convolutions to 32, 64, 128 channels with two poolings, mirrored, without skips.

    Encoder and decoder meet at a quarter of the resolution. What the code cannot represent is
    lost, which distinguishes an autoencoder from a network at full resolution. `pooling: false`
    keeps the resolution (an ablation); `skip` adds the optical band to the output, so that the
    network learns the residual.
    """

    def __init__(self, channels: int, skip: bool = False, pooling: bool = True) -> None:
        super().__init__()
        self.skip = skip
        self.multiple = 4 if pooling else 1
        # With poolings, an output pixel reaches 1 px (last convolution), then one cell of 4 px
        # (third), one of 2 px (second) and 1 px (first). The first step may start up to 3 px
        # into its cell: 1 + 3 + 4 + 2 + 1.
        self.radius = 11 if pooling else 6
        self.encoder = nn.Sequential(
            # ReLU after pooling gives the same values as before it, on a quarter of the pixels.
            nn.Conv2d(channels, 32, 3, padding="same"),
            nn.MaxPool2d(2) if pooling else nn.Identity(),
            nn.ReLU(),
            nn.Conv2d(32, 64, 3, padding="same"),
            nn.MaxPool2d(2) if pooling else nn.Identity(),
            nn.ReLU(),
            nn.Conv2d(64, 128, 3, padding="same"),
            nn.ReLU(),
        )
        self.decoder = nn.Sequential(
            _up(128, 64, pooling),
            nn.ReLU(),
            _up(64, 32, pooling),
            nn.ReLU(),
            SingleOutputConv2d(32, 3),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.decoder(self.encoder(x))
        return y + x[:, :1] if self.skip else y


def _up(channels_in: int, channels_out: int, pooling: bool) -> nn.Module:
    """Return the layer that undoes one pooling; without pooling, a 3x3 convolution."""
    if pooling:
        return ConvTranspose2x2(channels_in, channels_out)
    return nn.Conv2d(channels_in, channels_out, 3, padding="same")
