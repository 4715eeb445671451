"""How loops over the pixels of a tile are compiled.

They are compiled once per machine. Numba caches them beside their file or, if that folder is
read-only, in the user's cache folder, and recompiles a loop after an edit of its own file, not of
one that it calls. They release the interpreter's lock, so that threads can work on tiles at the
same time. Each result comes from one thread, so that their number changes no bit.
"""

from numba import njit

# Python's check for zero divisors would prevent vectorisation, so divide as NumPy does.
OPTIONS = {"nogil": True, "error_model": "numpy"}
compiled = njit(cache=True, fastmath={"contract"}, **OPTIONS)

# Put into the loops that call it. A compiled function of its own would be rounded differently in
# the process that compiles it and in those that load it from the cache.
inlined = njit(inline="always", fastmath={"contract"}, **OPTIONS)

# For sums: "reassoc" lets one instruction add several items. Processors may thus differ in the last
# digits, but on one of them, a sum is always the same.
summing = njit(cache=True, fastmath={"contract", "reassoc"}, **OPTIONS)
