"""The training loop, independent of network and protocol, and how torch is set up for it."""

import copy
import logging
import math
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

import numpy as np
import torch
from torch.optim.adam import adam

from ..core.errors import StudyError
from .batches import Batch


def choose_device(device: str) -> torch.device:
    """Return the torch device for `auto`, `cpu` or `cuda`. Raises StudyError without a GPU."""
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cuda" and not torch.cuda.is_available():
        raise StudyError(
            "config: training.device is cuda, but torch finds no GPU here; say auto or cpu"
        )
    return torch.device(device)


def choose_precision(precision: str, device: torch.device) -> str:
    """Return "float32" or "bfloat16"; `auto` is bfloat16 if the device has instructions for it.

    Logs a warning if bfloat16 is requested but only emulated, which is slow.
    """
    native = _multiplies_bfloat16(device)
    if precision == "auto":
        return "bfloat16" if native else "float32"
    if precision == "bfloat16" and not native:
        logging.warning(
            "training.precision is bfloat16, which this processor has no instructions for:"
            " it is imitated, many times slower than float32"
        )
    return precision


def _multiplies_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.cpu._is_avx512_bf16_supported()


def make_deterministic(seed: int, threads: int) -> None:
    """Make this process reproducible bit by bit: same seed, same threads, same weights.

    On a GPU, convolutions in float32 are not rounded to TF32, PyTorch's default there: fused values
    are then within 4e-6 standard deviations of a CPU's instead of 3e-3 (bench_gpu.py).
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.set_num_threads(threads)
    # use_deterministic_algorithms(True) does the same, but imports PyTorch's compiler (over 1 s).
    torch.set_deterministic_debug_mode("error")
    torch.backends.cudnn.allow_tf32 = False
    # Do not fill new memory: every operation here overwrites its output completely.
    torch.utils.deterministic.fill_uninitialized_memory = False
    torch.manual_seed(seed)


class Adam:
    """torch.optim.Adam with its default settings, through PyTorch's functional interface.

    PyTorch's own class loads the compiler when it is first used, which takes 2 s in every job.
    """

    def __init__(self, parameters: Iterable[torch.nn.Parameter], learning_rate: float) -> None:
        self._parameters, self.learning_rate = list(parameters), learning_rate
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
            beta1=0.9,
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


def fit(
    network: torch.nn.Module,
    batches: Iterator[Batch],
    validation: Sequence[Batch],
    *,
    updates: int,
    learning_rate: float,
    decay: str,
    validate_every: int,
    device: torch.device,
    precision: str,
    progress: Callable[[Iterable[int]], Iterable[int]],
) -> tuple[list[dict[str, float]], int]:
    """Train `network` in place for `updates` updates; return (history, best_update).

    batches: (inputs, target) or (inputs, target, counts), where the boolean `counts` marks the
    target pixels that enter the loss. validation: the same; all of it is used each time.
    The loss is the mean squared error in normalised units, the optimiser Adam. The network ends
    with the weights of the validation with the lowest loss. `history` has an entry for each
    validation: update, train_loss (mean since the previous entry) and validation_loss.
    A network that also gives the log variance of its error learns it by the Gaussian negative log
    likelihood (Nix & Weigend 1994, IEEE ICNN). The band itself learns by its squared error alone;
    the likelihood would weight it by a variance that is still wrong (Seitzer et al. 2022, ICLR).
    decay: of the learning rate, see `decayed`. precision: of the products in convolutions. With
    "bfloat16" only these are less precise (autocast); weights, loss and optimiser keep float32.
    progress: wraps the range of updates (tqdm, or iter for none).

    Raises StudyError if training diverges.
    """
    # Convolution kernels work on channels-last data; otherwise each layer reorders its input.
    network.to(device, memory_format=torch.channels_last)
    errors = partial(_errors, network, device, precision)
    optimiser = Adam(network.parameters(), learning_rate)
    history: list[dict[str, float]] = []
    losses: list[torch.Tensor] = []
    best_loss, best_update, best_weights = float("inf"), 0, None
    for update in progress(range(1, updates + 1)):
        squared, likelihood, count = errors(next(batches))
        optimiser.zero_grad()
        ((squared + likelihood) / max(1, count)).backward()
        optimiser.learning_rate = decayed(learning_rate, decay, (update - 1) / updates)
        optimiser.step()
        losses.append(squared.detach() / max(1, count))
        if update % validate_every and update != updates:
            continue
        train_loss = torch.stack(losses).mean().item()
        validation_loss = _evaluate(errors, validation)
        if not np.isfinite(train_loss + validation_loss):
            raise StudyError(
                f"training diverged before update {update}; lower training.learning_rate"
            )
        losses = []
        history.append(
            {"update": update, "train_loss": train_loss, "validation_loss": validation_loss}
        )
        if validation_loss < best_loss:
            best_loss, best_update = validation_loss, update
            best_weights = copy.deepcopy(network.state_dict())
    network.load_state_dict(best_weights)
    return history, best_update


def has_converged(history: Sequence[dict[str, float]]) -> bool:
    """Tell whether the validation loss fell by less than 1 % in the last quarter of the updates."""
    last = history[-1]["update"]
    before = [entry["validation_loss"] for entry in history if entry["update"] <= 0.75 * last]
    return bool(before) and min(before) <= 1.01 * min(entry["validation_loss"] for entry in history)


@torch.no_grad()
def _evaluate(
    errors: Callable[[Batch], tuple[torch.Tensor, torch.Tensor, int]], batches: Iterable[Batch]
) -> float:
    """Return the mean squared error over all pixels of `batches` that count."""
    sums = [errors(batch) for batch in batches]
    return sum(squared.item() for squared, *_ in sums) / max(1, sum(count for *_, count in sums))


def _errors(
    network: torch.nn.Module, device: torch.device, precision: str, batch: Batch
) -> tuple[torch.Tensor, torch.Tensor, int]:
    """Return (squared errors, negative log likelihood, pixels): sums over the pixels that count.

    The likelihood is Gaussian, without its constant, and has no gradient to the band; it is 0
    without a log variance.
    """
    inputs, target, *counts = (part.to(device) for part in batch)
    with torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16"):
        output = network(inputs.contiguous(memory_format=torch.channels_last)).float()
    squared, log_variance = (output[:, :1] - target) ** 2, output[:, 1:]
    likelihood = (squared.detach() * torch.exp(-log_variance) + log_variance) / 2
    if not counts:
        return squared.sum(), likelihood.sum(), squared.numel()
    where = counts[0]
    return (squared * where).sum(), (likelihood * where).sum(), where.sum().item()
