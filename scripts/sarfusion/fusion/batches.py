"""Batches of patches for training and validation, as tensors."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

import numpy as np
import torch

# inputs (batch, channels, size, size), target (batch, 1, size, size) and, in cloud gaps, the
# boolean mask of the target pixels that count in the loss
Batch = tuple[torch.Tensor, ...]


class Source(Protocol):
    """A source from which patches are cut; see ground/patches.py."""

    def __len__(self) -> int: ...

    def cut(self, number: int) -> np.ndarray:
        """Return a patch (channels, size, size), whose last channel is the target.

        The target is NaN where a pixel does not count.
        """
        ...


def random_batches(
    sources: Sequence[Source], count: int, seed: int, augment: bool = False
) -> Iterator[Batch]:
    """Yield random batches of `count` patches without end.

    The scenes take turns, also across batches, so that a large scene counts no more than a small
    one. The patches depend on `seed` alone, not on the network or the device. augment: turn each
    patch by a random number of quarter turns, and mirror half of them.
    """
    generator = torch.Generator().manual_seed(seed)
    turns = itertools.cycle(sources)

    def draw(below: int) -> int:
        return int(torch.randint(below, (1,), generator=generator))

    def patch(source: Source) -> np.ndarray:
        cut = source.cut(draw(len(source)))
        return turned(cut, draw(8)) if augment else cut

    while True:
        yield _batch(patch(source) for source in itertools.islice(turns, count))


def turned(patch: np.ndarray, symmetry: int) -> np.ndarray:
    """Return a patch (channels, size, size) in one of the 8 symmetries of a square; 0: as is."""
    quarters = np.rot90(patch, symmetry % 4, axes=(1, 2))
    return quarters.swapaxes(1, 2) if symmetry >= 4 else quarters


def spread_batches(sources: Sequence[Source], count: int, max_patches: int) -> list[Batch]:
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


def counted(batches: Iterable[Batch]) -> Iterator[Batch]:
    """Yield (inputs, target, counts) of `batches`: target pixels that are NaN do not count."""
    for inputs, target in batches:
        yield inputs, target.nan_to_num(), ~target.isnan()
