"""A small U-Net, the common choice for gap filling."""

import torch
from torch import nn

from ..blocks import conv_relu
from ..convolutions import ConvTranspose2x2


class Body(nn.Module):
    """Encoder and decoder of `width`, 2 `width`, 4 `width`, ... channels with skip connections.

    Ronneberger et al. 2015, U-Net, MICCAI, but with one 3x3 convolution per step instead of two,
    so that the receptive field stays within the split's buffer on a scene of a city. depth: the
    number of poolings. middle: the number of convolutions at the lowest resolution. width: the
    number of channels at the full resolution.
    """

    last_px = 1

    def __init__(self, channels: int, depth: int = 2, middle: int = 1, width: int = 32) -> None:
        super().__init__()
        if not (0 <= depth <= 6 and 1 <= middle <= 16 and 1 <= width <= 256):
            raise ValueError("depth is 0 to 6, middle 1 to 16, width 1 to 256")
        self.width = width
        self.multiple = 2**depth
        # A feature reaches 1, 2, 4, ... px by the convolutions of the decoder, 2^depth px by each
        # in the middle, and ..., 4, 2, 1 px by those of the encoder. The steps between may start up
        # to 2^depth - 1 px into their cells.
        self.radius = 3 * (2**depth - 1) + middle * 2**depth
        widths = [width * 2**level for level in range(depth + 1)]
        self.encoder = nn.ModuleList(
            conv_relu(before, after)
            for before, after in zip([channels, *widths], widths[:-1], strict=False)
        )
        sizes = [widths[-2] if depth else channels, *[widths[-1]] * middle]
        self.middle = nn.Sequential(*map(conv_relu, sizes[:-1], sizes[1:]))
        self.up = nn.ModuleList(map(ConvTranspose2x2, widths[:0:-1], widths[-2::-1]))
        self.decoder = nn.ModuleList(map(conv_relu, widths[:0:-1], widths[-2::-1]))
        self.pool = nn.MaxPool2d(2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        skips = []
        for step in self.encoder:
            x = step(x)
            skips.append(x)
            x = self.pool(x)
        x = self.middle(x)
        for up, step in zip(self.up, self.decoder, strict=True):
            x = step(torch.cat([up(x), skips.pop()], dim=1))
        return x
