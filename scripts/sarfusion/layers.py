"""Layers that PyTorch has too, written so that they run faster on a CPU."""

from torch import nn
from torch.nn import functional


class Narrowing(nn.Conv2d):
    """A convolution of odd size k x k to one channel, which keeps rows and columns.

    Takes (batch, channels_in, rows, columns), gives (batch, 1, rows, columns); the parameters are
    those of nn.Conv2d. The library's kernel computes many output channels at once, and is left
    idle by one. A trained network (`eval`) therefore gives it k: what each row of the kernel makes
    of each row of pixels, summed afterwards over the rows that the kernel spans.
    """

    def __init__(self, channels_in, size):
        super().__init__(channels_in, 1, size, padding="same")

    def forward(self, x):
        if self.training:
            return super().forward(x)
        size, rows = self.kernel_size[0], x.shape[2]
        weight = self.weight[0].transpose(0, 1).unsqueeze(2)
        maps = functional.conv2d(x, weight, padding=(0, size // 2))
        maps = functional.pad(maps, (0, 0, size // 2, size // 2))
        spanned = (maps[:, row : row + 1, row : row + rows] for row in range(size))
        return sum(spanned) + self.bias


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
