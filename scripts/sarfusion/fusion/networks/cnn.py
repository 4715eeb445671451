"""The patch-wise shallow convolutional network."""

from torch import nn

from ..convolutions import Filtering, Narrowing


class Network(nn.Module):
    """Three convolutions, 9x9x64, 5x5x32, 5x5x1, with ReLU between them.

    The shape of PNN: Masi et al. 2016, Pansharpening by Convolutional Neural Networks,
    Remote Sensing 8(7):594. `skip` adds the optical band to the output, so that the network
    learns the residual. The receptive field is 17 x 17 px.
    """

    multiple = 1
    radius = 4 + 2 + 2

    def __init__(self, channels, skip=False):
        super().__init__()
        self.skip = skip
        self.layers = nn.Sequential(
            nn.Conv2d(channels, 64, 9, padding="same"),
            nn.ReLU(),
            Filtering(64, 32, 5),
            nn.ReLU(),
            Narrowing(32, 5),
        )

    def forward(self, x):
        y = self.layers(x)
        return y + x[:, :1] if self.skip else y
