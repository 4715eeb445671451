"""The losses that networks minimise in training."""

from dataclasses import dataclass
from typing import Protocol

import torch


@dataclass(frozen=True)
class Outcome:
    """A batch and the output of a network for it.

    inputs: (batch, channels, rows, columns). output: (batch, 1 or 2, rows, columns), the band and,
    if the network estimates it, the log variance of its error. target: (batch, 1, rows, columns).
    All are normalised. where: bool, of the target's shape, the pixels that count; None if all do.
    count: their number.
    """

    inputs: torch.Tensor
    output: torch.Tensor
    target: torch.Tensor
    where: torch.Tensor | None
    count: int

    @property
    def band(self) -> torch.Tensor:
        """The band in the network's output (batch, 1, rows, columns)."""
        return self.output[:, :1]

    def total(self, values: torch.Tensor) -> torch.Tensor:
        """Return the sum of `values` (batch, any, rows, columns) over the pixels that count."""
        return values.sum() if self.where is None else (values * self.where).sum()

    def mean(self, values: torch.Tensor) -> torch.Tensor:
        """Return the mean of `values` over the pixels that count, 0 if none does."""
        return self.total(values) / max(1, self.count)

    def squared(self) -> torch.Tensor:
        """Return the squared errors of the band."""
        return (self.band - self.target) ** 2

    def likelihood(self) -> torch.Tensor:
        """Return the negative log likelihood (batch, 0 or 1, rows, columns) of the errors.

        It is Gaussian, without its constant (Nix & Weigend 1994, IEEE ICNN), and empty without a
        log variance. It has no gradient with respect to the band, since this would be weighted by a
        variance that is still wrong (Seitzer et al. 2022, ICLR).
        """
        log_variance = self.output[:, 1:]
        return (self.squared().detach() * torch.exp(-log_variance) + log_variance) / 2


class Loss(Protocol):
    """A loss that `fit` minimises. It may keep a state from one update to the next."""

    def __call__(self, outcome: Outcome) -> torch.Tensor:
        """Return the loss of one update, a scalar with gradients to `outcome.output`."""
        ...


class SquaredError:
    """The mean squared error of the band and, with a log variance, the likelihood."""

    def __call__(self, outcome: Outcome) -> torch.Tensor:
        """See Loss."""
        total = outcome.total(outcome.squared()) + outcome.total(outcome.likelihood())
        return total / max(1, outcome.count)
