"""How this process gets memory from the system."""

import ctypes


def keep_freed_memory() -> None:
    """Make glibc keep large freed blocks for later allocations instead of returning them.

    Each update, and each tile of a network, frees and allocates the same memory. If the system took
    it back in between, the first access to each page would cause a page fault. Training and fusing
    gain from it (tests/benchmarks/bench_tricks.py), scoring and preparing do not. No effect with
    another C library.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        trim_threshold, top_pad, mmap_threshold = -1, -2, -3  # of malloc.h
        for option in (trim_threshold, mmap_threshold):
            mallopt(option, 2**30)
        mallopt(top_pad, 2**26)
