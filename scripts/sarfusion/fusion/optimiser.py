"""The optimiser of networks and its learning rate."""

import math
from collections.abc import Iterable

import torch
from torch.optim.adam import adam


class Adam:
    """torch.optim.Adam with its default settings, through PyTorch's functional interface.

    PyTorch's own class loads the compiler when it is first used, which takes over a second in every
    job (tests/benchmarks/bench_tricks.py).
    beta1: the share of the running mean of the gradient that is kept in each step.
    """

    def __init__(
        self, parameters: Iterable[torch.nn.Parameter], learning_rate: float, beta1: float = 0.9
    ) -> None:
        self._parameters, self.learning_rate = list(parameters), learning_rate
        self._beta1 = beta1
        self._means = [torch.zeros_like(weights) for weights in self._parameters]
        self._squares = [torch.zeros_like(weights) for weights in self._parameters]
        self._steps = [torch.zeros((), device=weights.device) for weights in self._parameters]

    def zero_grad(self) -> None:
        """Discard the gradients."""
        for weights in self._parameters:
            weights.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Update the weights in place from their gradients."""
        adam(
            self._parameters,
            [weights.grad for weights in self._parameters],
            self._means,
            self._squares,
            [],
            self._steps,
            fused=True,
            amsgrad=False,
            beta1=self._beta1,
            beta2=0.999,
            lr=self.learning_rate,
            weight_decay=0,
            eps=1e-8,
            maximize=False,
        )


def decayed(learning_rate: float, decay: str, done: float) -> float:
    """Return the learning rate after the share `done` of the updates, 0 to 1.

    decay: "none", or "cosine" for half a cosine wave from learning_rate to 0 (Loshchilov & Hutter
    2017, SGDR, ICLR).
    """
    return learning_rate if decay == "none" else learning_rate * (1 + math.cos(math.pi * done)) / 2
