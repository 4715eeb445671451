"""Convolution layers equivalent to PyTorch's own, written to run faster on a CPU."""

from collections.abc import Sequence
from functools import cache

import torch
from torch import nn
from torch.nn import functional

OUTPUT_ROWS = 4  # that WinogradConv2d computes together


class SingleOutputConv2d(nn.Conv2d):
    """A convolution of odd size k x k to one channel, which keeps rows and columns.

    Takes (batch, channels_in, rows, columns), returns (batch, 1, rows, columns); the parameters are
    those of nn.Conv2d. The library's kernel computes many output channels at once, and is mostly
    idle for a single one. It is therefore given k channels: the convolution of each row of pixels
    with each row of the kernel. These are then summed over the rows of the kernel, in the type of
    the parameters: a convolution in bfloat16 returns bfloat16, and sums in it would lose digits.
    """

    def __init__(self, channels_in: int, size: int) -> None:
        super().__init__(channels_in, 1, size, padding="same")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        size, rows = self.kernel_size[0], x.shape[2]
        weight = self.weight[0].transpose(0, 1).unsqueeze(2)
        maps = functional.conv2d(x, weight, padding=(0, size // 2))
        maps = functional.pad(maps, (0, 0, size // 2, size // 2))
        shifted = (maps[:, row : row + 1, row : row + rows] for row in range(size))
        return sum(shifted, torch.zeros_like(self.bias)) + self.bias


class WinogradConv2d(nn.Conv2d):
    """A convolution of size 3 x 3 or 5 x 5 which keeps rows and columns, with fewer products.

    Takes (batch, channels_in, rows, columns), returns (batch, channels_out, rows, columns); the
    parameters are those of nn.Conv2d. On a CPU, a trained network (`eval`) computes OUTPUT_ROWS
    rows at a time by minimal filtering: weighted sums of the input rows, a 1 x size convolution
    of each, and weighted sums of the results. For 5 x 5 this takes 40 % of the products. The sums
    amplify rounding, so convolutions in bfloat16 are plain.
    Lavin & Gray 2016, Fast Algorithms for Convolutional Neural Networks, CVPR; here along one
    axis only.
    """

    def __init__(self, channels_in: int, channels_out: int, size: int) -> None:
        super().__init__(channels_in, channels_out, size, padding="same")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.training or x.is_cuda or torch.is_autocast_enabled(x.device.type):
            return super().forward(x)
        size, rows = self.kernel_size[0], x.shape[2]
        of_kernel, of_rows, of_products = winograd_matrices(size, x.dtype)
        groups, half = -(-rows // OUTPUT_ROWS), size // 2
        # Channels last, since rows are added whole: all channels of a pixel are then contiguous.
        x = x.permute(0, 2, 3, 1)
        x = functional.pad(x, (0, 0, 0, 0, half, OUTPUT_ROWS * groups - rows + half))
        inputs = [
            x[:, row:][:, : OUTPUT_ROWS * groups : OUTPUT_ROWS] for row in range(len(of_rows))
        ]
        sums = _weighted_sums(of_rows, inputs)
        kernels = _weighted_sums(of_kernel, self.weight.unbind(2)).unsqueeze(3)
        products = [
            functional.conv2d(rows_of.permute(0, 3, 1, 2), kernel, padding=(0, half))
            for rows_of, kernel in zip(sums, kernels, strict=True)
        ]
        y = _weighted_sums(of_products, [product.permute(0, 2, 3, 1) for product in products])
        y = y.permute(1, 2, 0, 3, 4).flatten(1, 2)[:, :rows] + self.bias
        return y.permute(0, 3, 1, 2)


def _weighted_sums(weights: torch.Tensor, tensors: Sequence[torch.Tensor]) -> torch.Tensor:
    """Return (sums, ...): sums of the tensors with `weights` (sums, tensors)."""
    stacked = torch.stack(tuple(tensors))
    return (weights @ stacked.flatten(1)).view(-1, *stacked.shape[1:])


@cache
def winograd_matrices(size: int, dtype: torch.dtype) -> list[torch.Tensor]:
    """Return the matrices A (n, size), B (n, n), C (OUTPUT_ROWS, n) of minimal filtering.

    For inputs d and a kernel g, the OUTPUT_ROWS outputs y(i) = sum of g(j) d(i + j) are
    C ((A g) * (B d)), with n = OUTPUT_ROWS + size - 1 products. Two polynomials are multiplied by
    their values at n points, one of them infinity (Toom & Cook); filtering is the transpose of
    this product (Winograd).
    """
    points = torch.tensor([0, 1, -1, 2, -2, 1 / 2, -1 / 2], dtype=torch.float64)
    n = OUTPUT_ROWS + size - 1

    def values(coefficients: int) -> torch.Tensor:
        finite = points[: n - 1, None] ** torch.arange(coefficients)
        return torch.cat([finite, torch.eye(coefficients, dtype=torch.float64)[-1:]])

    matrices = values(size), torch.linalg.inv(values(n)).T, values(OUTPUT_ROWS).T
    return [matrix.to(dtype).contiguous() for matrix in matrices]


class ConvTranspose2x2(nn.ConvTranspose2d):
    """A 2 x 2 transposed convolution of stride 2, which doubles rows and columns.

    Takes (batch, channels_in, rows, columns), returns (batch, channels_out, 2 rows, 2 columns); the
    parameters are those of nn.ConvTranspose2d. Each output pixel depends on one input pixel, so
    the layer is a 1 x 1 convolution to four times the channels, which are then rearranged as
    pixels. The library's own kernel is slower, most of all in bfloat16.
    """

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__(channels_in, channels_out, 2, stride=2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, _, rows, columns = x.shape
        weight = self.weight.permute(2, 3, 1, 0).flatten(0, 2)[..., None, None]
        y = functional.conv2d(x, weight, self.bias.repeat(4))
        # Channels last, so that contiguous pieces are moved: all channels of a pixel.
        y = y.permute(0, 2, 3, 1).reshape(batch, rows, columns, 2, 2, self.out_channels)
        y = y.transpose(2, 3).reshape(batch, 2 * rows, 2 * columns, self.out_channels)
        return y.permute(0, 3, 1, 2)


def use_library_layers(network: nn.Module) -> None:
    """Let each layer of this module in `network` compute as the layer of PyTorch it replaces."""
    for module in network.modules():
        if type(module).__module__ == __name__:
            module.__class__ = type(module).__base__
