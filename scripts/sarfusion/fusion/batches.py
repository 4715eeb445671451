"""Batches of patches for training and validation, as tensors."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import torch

from ..ground.patches import PatchSource

# inputs (batch, channels, size, size), target (batch, 1, size, size) and, in cloud gaps, the
# boolean mask of the target pixels that count in the loss
Batch = tuple[torch.Tensor, ...]


def random_batches(sources: Sequence[PatchSource], count: int, seed: int) -> Iterator[Batch]:
    """Yield random batches of `count` patches without end.

    The scenes take turns, also across batches, so that a large scene counts no more than a small
    one. The patches depend on `seed` alone, not on the network or the device.
    """
    generator = torch.Generator().manual_seed(seed)
    turns = itertools.cycle(sources)
    while True:
        yield _batch(
            source.cut(int(torch.randint(len(source), (1,), generator=generator)))
            for source in itertools.islice(turns, count)
        )


def spread_batches(sources: Sequence[PatchSource], count: int, max_patches: int) -> list[Batch]:
    """Return fixed batches of up to `count` patches, evenly spread over the index of each scene.

    There are at most `max_patches` in all, the same number from each scene, at least one.
    """
    share = max(1, max_patches // len(sources))
    batches = []
    for source in sources:
        numbers = torch.linspace(0, len(source) - 1, min(share, len(source))).round().long()
        for part in numbers.split(count):
            batches.append(_batch(map(source.cut, part.tolist())))
    return batches


def _batch(patches: Iterable[np.ndarray]) -> Batch:
    stacked = torch.from_numpy(np.stack(list(patches)))
    return stacked[:, :-1].contiguous(), stacked[:, -1:].contiguous()


def withhold(
    batches: Iterable[Batch], draw_gaps: Callable[[int], np.ndarray], gap_channel: int
) -> Iterator[Batch]:
    """Yield (inputs, target, gap) of `batches` with the optical band withheld in random gaps.

    draw_gaps: count -> (count, size, size) boolean. In the gaps, channel 0 becomes 0; channel
    `gap_channel` becomes their mask. Only gap pixels count in the loss. The inputs are changed in
    place.
    """
    for inputs, target in batches:
        gap = torch.from_numpy(draw_gaps(len(inputs)))
        inputs[:, 0][gap] = 0
        inputs[:, gap_channel] = gap
        yield inputs, target, gap[:, None]
