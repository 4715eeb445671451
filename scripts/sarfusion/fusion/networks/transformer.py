"""A transformer in which optical pixels attend to the SAR pixels around them."""

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional

from ..blocks import branches, check_width, conv_relu

HEAD = 16  # features that attend together
WINDOW_PX = 8  # side of the squares within which pixels attend to each other
BLOCKS = 3


class Body(nn.Module):
    """Two 3x3 convolutions for each sensor, three blocks of cross attention, a 3x3 convolution.

    In the manner of the Multimodal Fusion Transformer (Roy et al. 2023, IEEE Trans. Geosci. Remote
    Sens. 61, arXiv:2203.16952), which classifies a pixel by a token of the other sensor. Here each
    pixel is a token: queries are optical, keys and values are SAR. Attention stays within fixed
    windows and depends on the offset between two pixels, as in the Swin Transformer (Liu et al.
    2021, ICCV), but without its shifts. radar: places of the SAR channels. width: half of the
    features, a multiple of 8.
    """

    last_px, multiple = 1, WINDOW_PX
    # The last convolution takes features from the next pixel, which may be in the next window. The
    # far side of that is WINDOW_PX away, and its features reach 2 px.
    radius = WINDOW_PX + 2

    def __init__(self, channels: int, radar: Sequence[int], width: int = 32) -> None:
        super().__init__()
        check_width(width, HEAD // 2)
        self.width = 2 * width
        self.optical, self.radar = (
            nn.Sequential(
                branch, conv_relu(branch.count, self.width), conv_relu(self.width, self.width)
            )
            for branch in branches(channels, radar)
        )
        self.blocks = nn.ModuleList(CrossAttention(self.width) for _ in range(BLOCKS))
        self.last = conv_relu(self.width, self.width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        optical, radar = into_windows(self.optical(x)), into_windows(self.radar(x))
        for block in self.blocks:
            optical = block(optical, radar)
        return self.last(out_of_windows(optical, *x.shape[2:]))


class CrossAttention(nn.Module):
    """Adds to tokens the values to which they attend in others, then the output of two layers.

    Takes two tensors (windows, pixels, features), returns one. Both are normalised first.
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(features) for _ in range(3))
        self.query, self.key, self.value, self.merge = (
            nn.Linear(features, features) for _ in range(4)
        )
        self.nearness = nn.Parameter(initial_nearness(features // HEAD))
        self.register_buffer("offsets", offsets(), persistent=False)
        self.perceptron = nn.Sequential(
            nn.Linear(features, 2 * features), nn.ReLU(), nn.Linear(2 * features, features)
        )

    def forward(self, x: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
        queries, keys = self.norms[0](x), self.norms[1](others)
        query, key, value = (
            layer(tokens).unflatten(-1, (-1, HEAD)).transpose(1, 2)
            for layer, tokens in ((self.query, queries), (self.key, keys), (self.value, keys))
        )
        nearness = self.nearness[:, self.offsets]
        if self.training:
            scores = HEAD**-0.5 * query @ key.transpose(-1, -2)
            attended = torch.softmax(scores + nearness, dim=-1) @ value
        else:
            # The same without keeping the scores, in a quarter of the time and memory. Its gradient
            # is not deterministic on a GPU.
            attended = functional.scaled_dot_product_attention(query, key, value, nearness[None])
        x = x + self.merge(torch.cat(attended.unbind(1), dim=-1))
        return x + self.perceptron(self.norms[2](x))


def offsets() -> torch.Tensor:
    """Return the number of the offset between each pair of pixels of a window (pixels, pixels)."""
    rows, columns = torch.meshgrid(*[torch.arange(WINDOW_PX)] * 2, indexing="ij")
    down, right = (
        place.flatten()[:, None] - place.flatten() + WINDOW_PX - 1 for place in (rows, columns)
    )
    return down * (2 * WINDOW_PX - 1) + right


def initial_nearness(heads: int) -> torch.Tensor:
    """Return the initial bias on the score of each offset (heads, offsets).

    It falls with the distance in pixels, by 2, 1, 1/2, ... for the heads in turn: without it, a
    pixel would first have to learn which SAR pixels are near.
    """
    steps = torch.arange(1 - WINDOW_PX, WINDOW_PX)
    distances = torch.hypot(*torch.meshgrid(steps.float(), steps.float(), indexing="ij")).flatten()
    return -distances * 2.0 ** torch.arange(1, 1 - heads, -1)[:, None]


def into_windows(x: torch.Tensor) -> torch.Tensor:
    """Return features (batch, features, rows, columns) as (windows, pixels, features)."""
    side = WINDOW_PX
    # Channels last, so that contiguous pieces are moved, also of the gradient: features of a pixel.
    pixels = x.permute(0, 2, 3, 1).unflatten(2, (-1, side)).unflatten(1, (-1, side))
    return pixels.transpose(2, 3).reshape(-1, side * side, x.shape[1])


def out_of_windows(tokens: torch.Tensor, rows: int, columns: int) -> torch.Tensor:
    """Return tokens of windows as features (batch, features, rows, columns), channels last."""
    features, side = tokens.shape[2], WINDOW_PX
    squares = tokens.reshape(-1, rows // side, columns // side, side, side, features)
    return squares.transpose(2, 3).reshape(-1, rows, columns, features).permute(0, 3, 1, 2)
