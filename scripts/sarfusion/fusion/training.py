"""A training loop that knows neither the network nor the protocol."""

import copy
import itertools
import logging
import os
from functools import partial

import numpy as np
import torch
from torch.optim.adam import adam

from ..core.errors import StudyError


def choose_device(device):
    """Return the torch device for `auto`, `cpu` or `cuda`. Raises StudyError without a GPU."""
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cuda" and not torch.cuda.is_available():
        raise StudyError(
            "config: training.device is cuda, but torch finds no GPU here; say auto or cpu"
        )
    return torch.device(device)


def choose_precision(precision, device):
    """Return "float32" or "bfloat16" for `auto`: bfloat16 where the device multiplies it faster.

    Where it is asked for and can only be imitated, which is slow, a warning says so.
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


def _multiplies_bfloat16(device):
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.cpu._is_avx512_bf16_supported()


def make_deterministic(seed, threads):
    """Make this process repeat itself bit by bit: same seed, same threads, same weights."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.set_num_threads(threads)
    # As use_deterministic_algorithms(True), which imports PyTorch's compiler: over a second.
    torch.set_deterministic_debug_mode("error")
    # Nor fill each new block of memory, which every operation here overwrites whole.
    torch.utils.deterministic.fill_uninitialized_memory = False
    torch.manual_seed(seed)


class PatchSource:
    """Cuts batches of patches out of one scene held in memory.

    inputs: (channels, rows, columns) and target: (rows, columns), float32, normalised.
    places: (n, 2) rows and columns of the patches' top left pixels.
    """

    def __init__(self, inputs, target, places, size):
        self.size = size
        scene = torch.from_numpy(np.concatenate([inputs, target[None]]))
        # Every patch of the scene as a view: indexing it copies just the patches asked for.
        self._patches = scene.unfold(1, size, 1).unfold(2, size, 1)
        self._rows, self._columns = torch.from_numpy(np.asarray(places, np.int64)).T

    def __len__(self):
        return len(self._rows)

    def batch(self, chosen):
        """Return (inputs, target), (batch, channels, size, size) and (batch, 1, size, size)."""
        cut = self._patches[:, self._rows[chosen], self._columns[chosen]].transpose(0, 1)
        return cut[:, :-1].contiguous(), cut[:, -1:].contiguous()

    def draw(self, count, seed):
        """Yield random batches for ever. They depend on `seed` alone, not on model or device."""
        generator = torch.Generator().manual_seed(seed)
        while True:
            yield self.batch(torch.randint(len(self), (count,), generator=generator))

    def spread(self, count, most):
        """Return fixed batches of at most `most` patches in all, evenly taken from the index."""
        chosen = torch.linspace(0, len(self) - 1, min(most, len(self))).round().long()
        return [self.batch(part) for part in chosen.split(count)]


class PatchPool:
    """Cuts batches of patches out of several scenes, as many of one as of another.

    sources: PatchSources of one size. A large scene counts no more than a small one.
    """

    def __init__(self, sources):
        self.size = sources[0].size
        self._sources = sources

    def __len__(self):
        return sum(map(len, self._sources))

    def draw(self, count, seed):
        """Yield random batches for ever. The scenes take turns, from one batch into the next."""
        generator = torch.Generator().manual_seed(seed)
        turns = itertools.cycle(self._sources)
        while True:
            drawn = [
                source.batch(torch.randint(len(source), (1,), generator=generator))
                for source in itertools.islice(turns, count)
            ]
            yield tuple(torch.cat(parts) for parts in zip(*drawn, strict=True))

    def spread(self, count, most):
        """Return fixed batches of at most `most` patches in all, but one of each scene at least."""
        share = max(1, most // len(self._sources))
        return [batch for source in self._sources for batch in source.spread(count, share)]


def pooled(sources):
    """Return one source of patches for the PatchSources of one or more scenes."""
    return sources[0] if len(sources) == 1 else PatchPool(sources)


def withhold(batches, draw_gaps, gap_channel):
    """Yield (inputs, target, gap) of `batches` with the optical band withheld under random gaps.

    draw_gaps: count -> (count, size, size) boolean. Channel 0 becomes 0 in the gaps, channel
    `gap_channel` becomes their mask, and only gap pixels count in the loss.
    """
    for inputs, target in batches:
        gap = torch.from_numpy(draw_gaps(len(inputs)))
        inputs[:, 0][gap] = 0
        inputs[:, gap_channel] = gap
        yield inputs, target, gap[:, None]


class Adam:
    """torch.optim.Adam with its defaults, by PyTorch's own function.

    The class there loads PyTorch's compiler as soon as it is used: two seconds for every job.
    """

    def __init__(self, parameters, learning_rate):
        self._parameters, self._learning_rate = list(parameters), learning_rate
        self._means = [torch.zeros_like(weights) for weights in self._parameters]
        self._squares = [torch.zeros_like(weights) for weights in self._parameters]
        self._steps = [torch.zeros((), device=weights.device) for weights in self._parameters]

    def zero_grad(self):
        """Forget the gradients."""
        for weights in self._parameters:
            weights.grad = None

    @torch.no_grad()
    def step(self):
        """Change the weights in place by their gradients."""
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
            lr=self._learning_rate,
            weight_decay=0,
            eps=1e-8,
            maximize=False,
        )


def fit(
    network,
    batches,
    validation,
    *,
    updates,
    learning_rate,
    validate_every,
    device,
    precision,
    progress,
):
    """Train `network` in place for `updates` updates; return (history, best_update).

    batches: iterator of (inputs, target) or (inputs, target, counts), where the boolean `counts`
    says which target pixels count; validation: list of the same, all used each time.
    The loss is the mean squared error in normalised units, the optimiser Adam. The network ends
    with the weights of the validation that had the lowest loss. `history` holds, for each
    validation, update, train_loss (mean since the last one) and validation_loss.
    precision: of the products in convolutions; with "bfloat16" these alone have fewer digits
    (autocast), while weights, loss and optimiser keep float32.
    `progress` wraps the range of updates (tqdm, or nothing).
    """
    # Channels last is how the convolution kernels want their data; else they reorder every layer's.
    network.to(device, memory_format=torch.channels_last)
    error = partial(_squared_error, network, device, precision)
    optimiser = Adam(network.parameters(), learning_rate)
    history, losses = [], []
    best_loss, best_update, best_weights = float("inf"), None, None
    for update in progress(range(1, updates + 1)):
        total, count = error(next(batches))
        loss = total / max(1, count)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.detach())
        if update % validate_every and update != updates:
            continue
        train_loss = torch.stack(losses).mean().item()
        validation_loss = _evaluate(error, validation)
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


@torch.no_grad()
def _evaluate(error, batches):
    """Return the mean squared error over all pixels of `batches` that count."""
    sums = [error(batch) for batch in batches]
    return sum(total.item() for total, _ in sums) / max(1, sum(count for _, count in sums))


def _squared_error(network, device, precision, batch):
    """Return (sum of squared errors, number of pixels) over the pixels of a batch that count."""
    inputs, target, *counts = (part.to(device) for part in batch)
    with torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16"):
        output = network(inputs.contiguous(memory_format=torch.channels_last))
    squared = (output.float() - target) ** 2
    if not counts:
        return squared.sum(), squared.numel()
    return (squared * counts[0]).sum(), counts[0].sum().item()
