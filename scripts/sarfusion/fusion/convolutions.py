"""Layers that PyTorch has too, written so that they run faster on a CPU."""

from functools import cache

import torch
from torch import nn
from torch.nn import functional

ROWS = 4  # of output that Filtering makes at a time


class Narrowing(nn.Conv2d):
    """A convolution of odd size k x k to one channel, which keeps rows and columns.

    Takes (batch, channels_in, rows, columns), gives (batch, 1, rows, columns); the parameters are
    those of nn.Conv2d. The library's kernel computes many output channels at once, and is left
    idle by one. It is therefore given k: what each row of the kernel makes of each row of pixels,
    summed afterwards over the rows that the kernel spans.
    """

    def __init__(self, channels_in, size):
        super().__init__(channels_in, 1, size, padding="same")

    def forward(self, x):
        size, rows = self.kernel_size[0], x.shape[2]
        weight = self.weight[0].transpose(0, 1).unsqueeze(2)
        maps = functional.conv2d(x, weight, padding=(0, size // 2))
        maps = functional.pad(maps, (0, 0, size // 2, size // 2))
        spanned = (maps[:, row : row + 1, row : row + rows] for row in range(size))
        return sum(spanned) + self.bias


class Filtering(nn.Conv2d):
    """A convolution of size 3 x 3 or 5 x 5 which keeps rows and columns, with fewer products.

    Takes (batch, channels_in, rows, columns), gives (batch, channels_out, rows, columns); the
    parameters are those of nn.Conv2d. A trained network (`eval`) on a CPU makes ROWS rows of
    output at a time by minimal filtering: weighted sums of the rows that they see, each of them
    convolved by 1 x size, and weighted sums of that. For 5 x 5 this takes 40 % of the products.
    Lavin & Gray 2016, Fast Algorithms for Convolutional Neural Networks, CVPR; here along one
    axis only.
    """

    def __init__(self, channels_in, channels_out, size):
        super().__init__(channels_in, channels_out, size, padding="same")

    def forward(self, x):
        if self.training or x.is_cuda:
            return super().forward(x)
        size, rows = self.kernel_size[0], x.shape[2]
        of_kernel, of_rows, of_products = minimal_filtering(size, x.dtype)
        groups, half = -(-rows // ROWS), size // 2
        # Rows are added whole, hence with all channels of a pixel in one piece.
        x = x.permute(0, 2, 3, 1)
        x = functional.pad(x, (0, 0, 0, 0, half, ROWS * groups - rows + half))
        seen = [x[:, row:][:, : ROWS * groups : ROWS] for row in range(len(of_rows))]
        sums = _weighted_sums(of_rows, seen)
        kernels = _weighted_sums(of_kernel, self.weight.unbind(2)).unsqueeze(3)
        products = [
            functional.conv2d(rows_of.permute(0, 3, 1, 2), kernel, padding=(0, half))
            for rows_of, kernel in zip(sums, kernels, strict=True)
        ]
        y = _weighted_sums(of_products, [product.permute(0, 2, 3, 1) for product in products])
        y = y.permute(1, 2, 0, 3, 4).flatten(1, 2)[:, :rows] + self.bias
        return y.permute(0, 3, 1, 2)


def _weighted_sums(weights, tensors):
    """Return (sums, ...): of the list of tensors, weighted by (sums, tensors)."""
    stacked = torch.stack(tensors)
    return (weights @ stacked.flatten(1)).view(-1, *stacked.shape[1:])


@cache
def minimal_filtering(size, dtype):
    """Return matrices A (n, size), B (n, n), C (ROWS, n) that filter with n products.

    Of inputs d and a kernel g, ROWS outputs y(i) = sum of g(j) d(i + j) are C ((A g) * (B d));
    n = ROWS + size - 1. Two polynomials are multiplied at n points, of which one is infinity
    (Toom and Cook); a filter is that product transposed (Winograd).
    """
    points = torch.tensor([0, 1, -1, 2, -2, 1 / 2, -1 / 2], dtype=torch.float64)
    n = ROWS + size - 1

    def values(coefficients):
        finite = points[: n - 1, None] ** torch.arange(coefficients)
        return torch.cat([finite, torch.eye(coefficients, dtype=torch.float64)[-1:]])

    matrices = values(size), torch.linalg.inv(values(n)).T, values(ROWS).T
    return [matrix.to(dtype).contiguous() for matrix in matrices]


class Doubling(nn.ConvTranspose2d):
    """A 2 x 2 transposed convolution of stride 2, which doubles rows and columns.

    Takes (batch, channels_in, rows, columns), gives (batch, channels_out, 2 rows, 2 columns); the
    parameters are those of nn.ConvTranspose2d. As no output pixel has two sources, it is a 1 x 1
    convolution to four times the channels, which then take their places as pixels: the library's
    own kernel for it is the slow one, most of all in bfloat16.
    """

    def __init__(self, channels_in, channels_out):
        super().__init__(channels_in, channels_out, 2, stride=2)

    def forward(self, x):
        batch, _, rows, columns = x.shape
        weight = self.weight.permute(2, 3, 1, 0).flatten(0, 2)[..., None, None]
        y = functional.conv2d(x, weight, self.bias.repeat(4))
        # As channels last, so that what is moved lies in one piece: all channels of a pixel.
        y = y.permute(0, 2, 3, 1).reshape(batch, rows, columns, 2, 2, self.out_channels)
        y = y.transpose(2, 3).reshape(batch, 2 * rows, 2 * columns, self.out_channels)
        return y.permute(0, 3, 1, 2)
