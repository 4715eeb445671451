"""How long a training update takes, and each of its kernels on its own."""

import itertools
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from torch._ops import OpOverload
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry
from torch.utils.module_tracker import ModuleTracker

PRODUCTS, LAYERS, TRAINING = "products", "layers", "training"  # kinds of kernels, see Kernels
IN_TURN = "in turn"  # all kernels, each with the data where the previous one left them
UPDATE = "update"  # the whole update, with the time between kernels
ROUNDS, UPDATES = 10, 10  # updates in a round
SECONDS, MIN_CALLS = 0.003, 3  # at least, of each kernel alone in a round


class Kernels(TorchDispatchMode):
    """Times each kernel of the code inside, forward and backward, before it does its work.

    A kernel is called for `least_s` seconds and `min_calls` times on the tensors it gets there, of
    the same shape and memory format. One that changes a tensor in place is called once, so that
    the results are the same as without timing. Views are not kernels.

    seconds: a pair (kind, least seconds of a call) for each kernel in the order of execution.
    PRODUCTS are convolutions and other matrix products, whose operations FlopCounterMode counts;
    LAYERS are all others of a module, and TRAINING those outside: the loss and the optimiser.
    """

    def __init__(self, least_s: float, min_calls: int) -> None:
        super().__init__()
        self._least_s, self._min_calls = least_s, min_calls
        self.seconds: list[tuple[str, float]] = []
        self._modules = ModuleTracker()

    def __enter__(self) -> "Kernels":
        self._modules.__enter__()
        super().__enter__()
        return self

    def __exit__(self, *raised: Any) -> None:
        super().__exit__(*raised)
        self._modules.__exit__(*raised)

    def __torch_dispatch__(
        self,
        operation: OpOverload,
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        named = kwargs or {}
        if operation.is_view:
            return operation(*args, **named)
        in_place, least = operation._schema.is_mutable, float("inf")
        end = time.perf_counter() + self._least_s
        for call in itertools.count(1):
            start = time.perf_counter()
            result = operation(*args, **named)
            now = time.perf_counter()
            least = min(least, now - start)
            if in_place or (call >= self._min_calls and now > end):
                break
        self.seconds.append((self._kind(operation), least))
        return result

    def _kind(self, operation: OpOverload) -> str:
        if operation.overloadpacket in flop_registry:
            return PRODUCTS
        return LAYERS if self._modules.parents - {"Global"} else TRAINING


def update_seconds(update: Callable[[], None]) -> dict[str, float]:
    """Return the least seconds of update(), and for each kind the sum of the least of its kernels.

    Kernels are warm: each is called many times. IN_TURN sums all kernels, each called once in turn.
    All are measured in turn, so that a machine that slows down slows all of them.
    """
    whole, alone, in_turn = [], [], []
    for _ in range(ROUNDS):
        alone.append(_timed(update, SECONDS, MIN_CALLS))
        for _ in range(UPDATES):
            in_turn.append(_timed(update, 0, 1))
            start = time.process_time()
            update()
            whole.append(time.process_time() - start)
    sums = {UPDATE: min(whole), IN_TURN: sum(least_by_kind(in_turn).values())}
    return sums | least_by_kind(alone)


def _timed(update: Callable[[], None], least_s: float, min_calls: int) -> list[tuple[str, float]]:
    with Kernels(least_s, min_calls) as kernels:
        update()
    return kernels.seconds


def least_by_kind(rounds: Sequence[Sequence[tuple[str, float]]]) -> dict[str, float]:
    """Return for each kind the sum over its kernels of the least seconds in any of `rounds`."""
    total = Counter({PRODUCTS: 0.0, LAYERS: 0.0, TRAINING: 0.0})
    for same in zip(*rounds, strict=True):
        ((kind,), times) = {kind for kind, _ in same}, [seconds for _, seconds in same]
        total[kind] += min(times)
    return dict(total)
