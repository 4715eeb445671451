"""How this process asks the system for memory."""

import ctypes


def keep_freed_memory():
    """Tell glibc to keep large freed blocks for the next allocation instead of returning them.

    What an update or a tile needs is freed and allocated again for the next; returned to the
    system, each of its pages faults again on first touch. A no-op where the C library is another.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        trim_threshold, top_pad, mmap_threshold = -1, -2, -3  # of malloc.h
        for option in (trim_threshold, mmap_threshold):
            mallopt(option, 2**30)
        mallopt(top_pad, 2**26)
