"""The training loop, independent of network and protocol, and the setup of torch for it."""

import copy
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

import numpy as np
import torch

from ..core.errors import StudyError
from .batches import Batch
from .losses import Loss, Outcome
from .optimiser import Adam, decayed
from .precision import products_in


def choose_device(device: str) -> torch.device:
    """Return the torch device for `auto`, `cpu` or `cuda`. Raises StudyError without a GPU."""
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cuda" and not torch.cuda.is_available():
        raise StudyError(
            "config: training.device is cuda, but torch finds no GPU here; set it to auto or cpu"
        )
    return torch.device(device)


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


def fit(
    network: torch.nn.Module,
    batches: Iterator[Batch],
    validation: Sequence[Batch],
    *,
    loss: Loss,
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
    loss: the function that Adam minimises; see losses.py. The network ends with the weights that
    had the lowest mean squared error in validation, whatever the loss. `history` has an entry for
    each validation: update, train_loss (mean since the previous entry) and validation_loss, both
    mean squared errors of the band in normalised units.
    decay: of the learning rate, see `decayed`. precision: of the products in convolutions. With
    "bfloat16" only these are less precise (autocast); weights, loss and optimiser keep float32.
    progress: wraps the range of updates (tqdm, or iter for none).

    Raises StudyError if training diverges.
    """
    # Convolution kernels work on channels-last data; otherwise each layer reorders its input.
    network.to(device, memory_format=torch.channels_last)
    apply = partial(_apply, network, device, precision)
    optimiser = Adam(network.parameters(), learning_rate)
    history: list[dict[str, float]] = []
    errors: list[torch.Tensor] = []
    best_loss, best_update, best_weights = float("inf"), 0, None
    for update in progress(range(1, updates + 1)):
        outcome = apply(next(batches))
        optimiser.zero_grad()
        loss(outcome).backward()
        optimiser.learning_rate = decayed(learning_rate, decay, (update - 1) / updates)
        optimiser.step()
        errors.append(outcome.mean(outcome.squared().detach()))
        if update % validate_every and update != updates:
            continue
        train_loss = torch.stack(errors).mean().item()
        validation_loss = _evaluate(apply, validation)
        if not np.isfinite(train_loss + validation_loss):
            raise StudyError(
                f"training diverged before update {update}; lower training.learning_rate"
            )
        errors = []
        history.append(
            {"update": update, "train_loss": train_loss, "validation_loss": validation_loss}
        )
        if validation_loss < best_loss:
            best_loss, best_update = validation_loss, update
            best_weights = copy.deepcopy(network.state_dict())
    network.load_state_dict(best_weights)
    return history, best_update


def has_converged(history: Sequence[dict[str, float]]) -> bool:
    """Return whether the validation loss fell by less than 1 % in the last quarter of updates."""
    last = history[-1]["update"]
    before = [entry["validation_loss"] for entry in history if entry["update"] <= 0.75 * last]
    return bool(before) and min(before) <= 1.01 * min(entry["validation_loss"] for entry in history)


@torch.no_grad()
def _evaluate(apply: Callable[[Batch], Outcome], batches: Iterable[Batch]) -> float:
    """Return the mean squared error over all pixels of `batches` that count."""
    total, count = 0.0, 0
    for batch in batches:
        outcome = apply(batch)
        total += outcome.total(outcome.squared()).item()
        count += outcome.count
    return total / max(1, count)


def _apply(network: torch.nn.Module, device: torch.device, precision: str, batch: Batch) -> Outcome:
    """Return the Outcome of `network` for a batch."""
    inputs, target, *counts = (part.to(device) for part in batch)
    with products_in(precision, device):
        output = network(inputs.contiguous(memory_format=torch.channels_last)).float()
    where = counts[0] if counts else None
    count = target.numel() if where is None else int(where.sum().item())
    return Outcome(inputs, output, target, where, count)
