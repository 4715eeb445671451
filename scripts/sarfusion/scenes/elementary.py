"""Elementary functions that have the same bytes on every processor, for the simulated scenes.

NumPy picks another implementation of exp, log10, sin, cos and power for another instruction set,
and they differ in the last digits. So do those of a C library, between processors with and
without fused multiply-add and between versions. The functions here consist of additions,
multiplications, divisions, square roots, roundings and tables alone. IEEE 754 fixes every bit of
these, and NumPy computes each of them by itself, without fusing two of them.

The functions of float64 are accurate to about one unit in the last place. Those of float32 have
every bit of what made the reference: `exp` that of NumPy with AVX2 and AVX-512, `log10` and
`power_of_ten` those of the C library (log10f and powf of glibc 2.28 to 2.40). Their constants are
those of NumPy (BSD licence) and of Arm's Optimized Routines (MIT licence), from which glibc has
logf and powf.
"""

import math
from collections.abc import Callable
from decimal import Decimal
from functools import wraps

import numpy as np
from numpy.typing import ArrayLike, NDArray

PIECE = 1 << 14  # numbers computed at a time, so that what lies between stays in the cache

# ln 2 and pi / 2 as sums of two numbers. The first has 32 bits, so a small multiple is exact.
LN2 = (6.93147180369123816490e-01, 1.90821492927058770002e-10)
HALF_PI = (1.57079632673412561417, 6.07710050650619224932e-11)
LOWEST = -700.0  # exp of less is taken as exp of this, 1e-304

# NumPy's exp of float32: 1 / ln 2, ln 2 as a sum, and the ratio of two polynomials.
EXP_LOG2E, EXP_LN2 = np.float32(1.442695041), np.float32([6.93145752e-1, 1.42860677e-6])
EXP_ABOVE = np.float32(
    [5.082762527590693718096e-04, 6.757896990527504603057e-03, 5.114512081637298353406e-02,
     2.473615434895520810817e-01, 7.257664613233124478488e-01, 9.999999999980870924916e-01]
)  # fmt: skip
EXP_BELOW = np.float32([2.159509375685829852307e-02, -2.742335390411667452936e-01, 1.0])

# powf of base 10: its log2(10) (accurate to 5e-13), the powers of 2 between 1 and 2, and the cubic.
POW_LOG2_10 = float.fromhex("0x1.a934f0979b22dp+1")
POW_STEPS = 32
POW_TABLE = np.array([float(Decimal(2) ** (Decimal(i) / POW_STEPS)) for i in range(POW_STEPS)])
POW_CUBIC = [
    float.fromhex(digits)
    for digits in ("0x1.c6af84b912394p-5", "0x1.ebfce50fac4f3p-3", "0x1.62e42ff0c52d6p-1")
]

# logf: the inverses of 16 numbers from 0.7 to 1.4, their logarithms, and the polynomial. And how
# log10f splits log10(2).
LOG_START, LOG_STEP_BITS = 0x3F330000, 19
LOG_INVERSES = [
    float.fromhex(digits)
    for digits in (
        "0x1.661ec79f8f3bep+0", "0x1.571ed4aaf883dp+0", "0x1.49539f0f010bp+0",
        "0x1.3c995b0b80385p+0", "0x1.30d190c8864a5p+0", "0x1.25e227b0b8eap+0",
        "0x1.1bb4a4a1a343fp+0", "0x1.12358f08ae5bap+0", "0x1.0953f419900a7p+0",
        "0x1p+0", "0x1.e608cfd9a47acp-1", "0x1.ca4b31f026aap-1", "0x1.b2036576afce6p-1",
        "0x1.9c2d163a1aa2dp-1", "0x1.886e6037841edp-1", "0x1.767dcf5534862p-1",
    )
]  # fmt: skip
LOG_LOGS = [-float(Decimal(inverse).ln()) for inverse in LOG_INVERSES]
LOG_POLYNOMIAL = [
    float.fromhex(digits)
    for digits in ("-0x1.00ea348b88334p-2", "0x1.5575b0be00b6ap-2", "-0x1.ffffef20a4123p-2")
]
LOG_LN2 = float.fromhex("0x1.62e42fefa39efp-1")
LOG10_E, LOG10_2 = np.float32(4.3429449201e-01), np.float32([3.0102920532e-01, 7.9034151668e-07])


def _in_pieces(function: Callable[[NDArray], NDArray]) -> Callable[[ArrayLike], NDArray]:
    """Let a function of float arrays work on a piece of memory at a time."""

    @wraps(function)
    def whole(values: ArrayLike) -> NDArray:
        values = np.asarray(values)
        if values.dtype != np.float32:
            values = values.astype(np.float64)
        flat = values.reshape(-1)
        pieces = [function(flat[start : start + PIECE]) for start in range(0, flat.size, PIECE)]
        return np.concatenate(pieces or [flat]).reshape(values.shape)

    return whole


@_in_pieces
def exp(values: NDArray) -> NDArray:
    """Return the exponential of an array of float32 (-80 to 80) or float64 (at most 700)."""
    return _exp_float32(values) if values.dtype == np.float32 else _exp_float64(values)


def _exp_float64(values: NDArray) -> NDArray:
    """2^n times a Taylor series about 0, to 1e-17."""
    values = np.maximum(values, LOWEST)
    n = np.rint(values / sum(LN2))
    rest = values - n * LN2[0] - n * LN2[1]
    total = np.full_like(rest, 1 / math.factorial(13))
    for k in range(12, -1, -1):
        total = total * rest + 1 / math.factorial(k)
    return np.ldexp(total, n.astype(np.int32))


def _exp_float32(values: NDArray) -> NDArray:
    """2^n times a ratio of polynomials, with fused multiplications and additions."""
    n = np.rint(values * EXP_LOG2E)
    rest = _fused(n, -EXP_LN2[1], _fused(n, -EXP_LN2[0], values))
    above, below = EXP_ABOVE[0], EXP_BELOW[0]
    for term in EXP_ABOVE[1:]:
        above = _fused(rest, above, term)
    for term in EXP_BELOW[1:]:
        below = _fused(rest, below, term)
    return np.ldexp(above / below, n.astype(np.int32))


def _fused(a: NDArray, b: ArrayLike, c: ArrayLike) -> NDArray:
    """Return a b + c of float32, rounded once: the product is exact in float64."""
    return (a.astype(np.float64) * np.float64(b) + np.float64(c)).astype(np.float32)


@_in_pieces
def power_of_ten(values: NDArray) -> NDArray:
    """Return 10 to the power of an array of float32 (-37 to 38), as float32."""
    exponent = values.astype(np.float64) * POW_LOG2_10
    steps = np.rint(exponent * POW_STEPS)
    rest = exponent - steps / POW_STEPS
    whole, step = np.divmod(steps.astype(np.int32), POW_STEPS)
    first, second, third = POW_CUBIC
    near_one = (first * rest + second) * (rest * rest) + (third * rest + 1)
    return (near_one * np.ldexp(POW_TABLE[step], whole)).astype(np.float32)


@_in_pieces
def log10(values: NDArray) -> NDArray:
    """Return the decimal logarithm of an array of float32 (normal numbers from 1 on)."""
    mantissa, exponent = np.frexp(values)
    mantissa, exponent = mantissa * np.float32(2), (exponent - 1).astype(np.float32)
    low = exponent * LOG10_2[1] + LOG10_E * _log_float32(mantissa)
    return low + exponent * LOG10_2[0]


def _log_float32(values: NDArray) -> NDArray:
    """Return the natural logarithm of an array of float32 (normal positive numbers)."""
    offset = values.view(np.int32) - np.int32(LOG_START)
    interval, doublings = (offset >> LOG_STEP_BITS) % len(LOG_INVERSES), offset >> 23
    near_one = np.ldexp(values, -doublings).astype(np.float64)
    rest = near_one * np.take(LOG_INVERSES, interval) - 1
    start = np.take(LOG_LOGS, interval) + doublings * LOG_LN2
    first, second, third = LOG_POLYNOMIAL
    square = rest * rest
    bend = first * square + (second * rest + third)
    return (bend * square + (start + rest)).astype(np.float32)


@_in_pieces
def sin(values: NDArray) -> NDArray:
    """Return the sine of an array (radians, up to 1e6 either way), as float64."""
    return _of_circle(values, 0)


@_in_pieces
def cos(values: NDArray) -> NDArray:
    """Return the cosine of an array (radians, up to 1e6 either way), as float64."""
    return _of_circle(values, 1)


def _of_circle(values: NDArray, ahead: int) -> NDArray:
    """Return the sine of an angle that is `ahead` quarter turns ahead of `values`."""
    values = values.astype(np.float64)
    quarters = np.rint(values / sum(HALF_PI))
    rest = values - quarters * HALF_PI[0] - quarters * HALF_PI[1]
    square = rest * rest
    sine, cosine = (np.full_like(rest, _taylor(k)) for k in (17, 16))
    for k in range(15, 0, -2):
        sine, cosine = sine * square + _taylor(k), cosine * square + _taylor(k - 1)
    quadrant = (quarters.astype(np.int64) + ahead) % 4
    found = np.where(quadrant % 2, cosine, sine * rest)
    return np.where(quadrant >= 2, -found, found)


def _taylor(k: int) -> float:
    """Return the coefficient of degree k of sine (odd k) or cosine (even k)."""
    return (-1) ** (k // 2) / math.factorial(k)


def gaussian_weights(sigma: float, reach: int) -> NDArray:
    """Return the 2 reach + 1 weights, of sum 1, of a Gaussian of standard deviation `sigma`."""
    weights = exp(-0.5 / (sigma * sigma) * np.arange(-reach, reach + 1) ** 2)
    return weights / weights.sum()
