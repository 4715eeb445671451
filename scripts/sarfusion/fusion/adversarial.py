"""The loss of a conditional generative adversarial network (cGAN)."""

import torch
from torch import nn
from torch.nn import functional

from .losses import Outcome
from .optimiser import Adam

# As in pix2pix: the weight of the absolute error, and the discriminator's optimiser.
ABSOLUTE_ERROR = 100.0
LEARNING_RATE, BETA1 = 2e-4, 0.5
SLOPE = 0.2  # of the leaky ReLU below 0


class Discriminator(nn.Sequential):
    """Four 4x4 convolutions that judge each part of an image on its own (PatchGAN).

    Takes (batch, channels, rows, columns), returns (batch, 1, rows / 4, columns / 4): the log odds
    that the part is measured. width: channels of the first convolution; the next have 2 and 4 times
    as many. There is no batch normalisation, since small batches have no reliable statistics.
    """

    def __init__(self, channels: int, width: int) -> None:
        super().__init__(
            nn.Conv2d(channels, width, 4, stride=2, padding=1),
            nn.LeakyReLU(SLOPE),
            nn.Conv2d(width, 2 * width, 4, stride=2, padding=1),
            nn.LeakyReLU(SLOPE),
            nn.ZeroPad2d((1, 2, 1, 2)),
            nn.Conv2d(2 * width, 4 * width, 4),
            nn.LeakyReLU(SLOPE),
            nn.ZeroPad2d((1, 2, 1, 2)),
            nn.Conv2d(4 * width, 1, 4),
        )


class Adversarial:
    """Absolute error, and how well a discriminator distinguishes the network's band from the truth.

    Isola et al. 2017, Image-to-Image Translation with Conditional Adversarial Networks, CVPR. The
    discriminator sees the inputs together with either band, and is trained by one update for each
    update of the network. A network whose band it cannot distinguish from a measured one draws
    texture, although the mean of all plausible values would have a lower squared error. A log
    variance learns by the likelihood, as it does in SquaredError.

    In gaps, both bands are the given one outside the pixels that count, and the discriminator gets
    0 further than `radius` away from these, so that it sees no ground that the network does not
    see.

    channels: of the inputs. width: see Discriminator, whose weights are drawn from torch's global
    generator. radius: of the network, pixels.
    """

    def __init__(self, channels: int, width: int, radius: int, device: torch.device) -> None:
        self.discriminator = Discriminator(channels + 1, width)
        self.discriminator.to(device, memory_format=torch.channels_last)
        self._optimiser = Adam(self.discriminator.parameters(), LEARNING_RATE, BETA1)
        self._radius = radius

    def __call__(self, outcome: Outcome) -> torch.Tensor:
        """See Loss."""
        seen = self._seen(outcome)
        measured, made = (_shown(outcome, band, seen) for band in (outcome.target, outcome.band))
        self.discriminator.requires_grad_(True)
        self._optimiser.zero_grad()
        errors = self._surprise(measured, 1) + self._surprise(made.detach(), 0)
        (errors / 2).backward()
        self._optimiser.step()
        self.discriminator.requires_grad_(False)
        absolute = outcome.mean((outcome.band - outcome.target).abs())
        likelihood = outcome.mean(outcome.likelihood())
        return self._surprise(made, 1) + ABSOLUTE_ERROR * absolute + likelihood

    def _seen(self, outcome: Outcome) -> torch.Tensor | None:
        """Return 1 in gaps and near them, which the discriminator sees, else 0; None without gaps.

        The maximum of a square is that of the maxima of its columns, which takes fewer comparisons.
        """
        if outcome.where is None:
            return None
        size, reach = 2 * self._radius + 1, self._radius
        down = functional.max_pool2d(outcome.where.to(outcome.band.dtype), (size, 1), 1, (reach, 0))
        return functional.max_pool2d(down, (1, size), 1, (0, reach))

    def _surprise(self, shown: torch.Tensor, label: int) -> torch.Tensor:
        """Return the mean cross entropy of the discriminator's odds; label: 1 is measured."""
        odds = self.discriminator(shown.contiguous(memory_format=torch.channels_last))
        return functional.binary_cross_entropy_with_logits(odds, torch.full_like(odds, label))


def _shown(outcome: Outcome, band: torch.Tensor, seen: torch.Tensor | None) -> torch.Tensor:
    """Return the discriminator's input for a band (batch, channels + 1, rows, columns)."""
    if seen is None:
        return torch.cat([outcome.inputs, band], dim=1)
    band = torch.where(outcome.where, band, outcome.inputs[:, :1])
    return torch.cat([outcome.inputs, band], dim=1) * seen
