"""Elementary functions with the same bytes on every processor, for the simulated scenes.

NumPy selects the implementation of exp, log10, sin, cos and power by the instruction set, and the
results differ in the last digits. So do those of a C library, between processors with and without
fused multiply-add, and between versions. The functions here consist only of additions,
multiplications, divisions, square roots, roundings and tables. IEEE 754 fixes every bit of these,
and NumPy computes each operation separately, without fusing two of them.

The functions of float64 are accurate to about one unit in the last place. Those of float32 return
the numbers that the reference scenes were first made with: `exp` those of NumPy on AVX2 and
AVX-512, `log10` and `power_of_ten` those of log10f and powf in glibc 2.28 to 2.40. The formulas are
written out here; the fitted coefficients and the points of the tables are figures from NumPy
(numpy/_core/src/umath/npy_simd_data.h) and from Arm's Optimized Routines (math/logf_data.c and
math/exp2f_data.c), on which logf and powf of glibc are based.
"""

import math
from collections.abc import Callable, Iterable
from decimal import Decimal
from functools import wraps

import numpy as np
from numpy.typing import ArrayLike

CHUNK = 1 << 15  # numbers computed at a time, so that intermediate arrays stay in the cache

# ln 2 and pi / 2 as sums of two numbers. The first has about 32 bits, so small multiples of it are
# exact. The same sums are in fdlibm (e_exp.c, e_rem_pio2.c).
LN2 = (6.93147180369123816490e-01, 1.90821492927058770002e-10)
HALF_PI = (1.57079632673412561417, 6.07710050650619224932e-11)
MIN_EXPONENT = -700.0  # exp of a smaller number is taken as exp of this, 1e-304

# exp of float32: 1 / ln 2, ln 2 as a sum, and coefficients of exp(r) = numerator / denominator for
# |r| <= ln 2 / 2, highest degree first. Source: NumPy.
FLOAT32_LOG2_E = np.float32(1.442695041)
FLOAT32_LN2 = (np.float32(6.93145752e-1), np.float32(1.42860677e-6))
EXP_NUMERATOR = (
    *(5.082762527590693718096e-04, 6.757896990527504603057e-03, 5.114512081637298353406e-02),
    *(2.473615434895520810817e-01, 7.257664613233124478488e-01, 9.999999999980870924916e-01),
)
EXP_DENOMINATOR = (2.159509375685829852307e-02, -2.742335390411667452936e-01, 1.0)

# 10^x = 2^(n / STEPS) 2^r: the approximation of log2(10) that powf computes (wrong by 5e-13), the
# powers of 2 by steps, and coefficients of 2^r for |r| <= 1 / (2 STEPS), highest degree first.
# Source: Arm's Optimized Routines.
LOG2_10 = float.fromhex("0x1.a934f0979b22dp+1")
STEPS = 32  # a power of 2, so that bits of n are its quotient and remainder
POWERS_OF_2 = np.array([float(Decimal(2) ** (Decimal(i) / STEPS)) for i in range(STEPS)])
POWER_COEFFICIENTS = (
    *map(float.fromhex, ("0x1.c6af84b912394p-5", "0x1.ebfce50fac4f3p-3", "0x1.62e42ff0c52d6p-1")),
    1.0,
)

# ln of a number from LOG_SPLIT / 2 to LOG_SPLIT: this interval has 16 parts, with the inverse of a
# number c in each. ln z = ln c + ln(1 + r), r = z / c - 1; the coefficients of ln(1 + r) begin with
# r^4 and end with the constant. Source: Arm's Optimized Routines.
LOG_SPLIT = 1.3984375
LOG_INVERSES = np.array(
    [
        float.fromhex(digits)
        for digits in (
            *("0x1.661ec79f8f3bep+0", "0x1.571ed4aaf883dp+0", "0x1.49539f0f010bp+0"),
            *("0x1.3c995b0b80385p+0", "0x1.30d190c8864a5p+0", "0x1.25e227b0b8eap+0"),
            *("0x1.1bb4a4a1a343fp+0", "0x1.12358f08ae5bap+0", "0x1.0953f419900a7p+0"),
            *("0x1p+0", "0x1.e608cfd9a47acp-1", "0x1.ca4b31f026aap-1"),
            *("0x1.b2036576afce6p-1", "0x1.9c2d163a1aa2dp-1", "0x1.886e6037841edp-1"),
            "0x1.767dcf5534862p-1",
        )
    ]
)
LOG_OF_C = np.array([-float(Decimal(inverse).ln()) for inverse in LOG_INVERSES.tolist()])
LOG_COEFFICIENTS = (
    *map(float.fromhex, ("-0x1.00ea348b88334p-2", "0x1.5575b0be00b6ap-2", "-0x1.ffffef20a4123p-2")),
    *(1.0, 0.0),
)
# log10(e), and log10(2) as a sum of two numbers of float32. Source: glibc (e_log10f.c).
LOG10_E = np.float32(4.3429449201e-01)
LOG10_2 = (np.float32(3.0102920532e-01), np.float32(7.9034151668e-07))


def _by_chunks(function: Callable[[np.ndarray], np.ndarray]) -> Callable[[ArrayLike], np.ndarray]:
    """Let a function of a vector take an array of any shape, and compute CHUNK numbers at a time.

    Numbers of another type than float32 are converted to float64.
    """

    @wraps(function)
    def whole(values: ArrayLike) -> np.ndarray:
        array = np.asarray(values)
        if array.dtype != np.float32:
            array = array.astype(np.float64)
        flat = array.reshape(-1)
        chunks = [function(flat[start : start + CHUNK]) for start in range(0, flat.size, CHUNK)]
        return np.concatenate(chunks or [flat]).reshape(array.shape)

    return whole


def _polynomial(coefficients: Iterable[float], x: np.ndarray) -> np.ndarray:
    """Return a polynomial of x (float64) by Horner's rule. coefficients: highest degree first."""
    first, *others = coefficients
    total = np.full_like(x, first)
    for coefficient in others:
        total *= x
        total += coefficient
    return total


def _polynomial_float32(coefficients: Iterable[float], x: np.ndarray) -> np.ndarray:
    """Return a polynomial, float32, by Horner's rule with fused multiply-add.

    x: float64 with numbers of float32. The products of two of them are exact in float64, so only
    each sum is rounded to float32.
    """
    first, *others = np.array([*coefficients], np.float32)
    total = np.full_like(x, first)
    for coefficient in others:
        total *= x
        total += np.float64(coefficient)
        total[:] = total.astype(np.float32)
    return total.astype(np.float32)


@_by_chunks
def exp(values: np.ndarray) -> np.ndarray:
    """Return the exponential of an array of float32 (-80 to 80) or float64 (at most 700)."""
    return _exp_float32(values) if values.dtype == np.float32 else _exp_float64(values)


def _exp_float64(values: np.ndarray) -> np.ndarray:
    """Return exp as 2^n exp(r), with exp(r) by its Taylor series, to 1e-17."""
    r = np.maximum(values, MIN_EXPONENT)
    n = np.rint(r / sum(LN2))
    for part in LN2:
        r -= n * part
    taylor = (1 / math.factorial(k) for k in range(13, -1, -1))
    return np.ldexp(_polynomial(taylor, r), n.astype(np.int32))


def _exp_float32(values: np.ndarray) -> np.ndarray:
    """Return exp as 2^n exp(r), with exp(r) as a ratio of polynomials."""
    n = np.rint(values * FLOAT32_LOG2_E)
    r = values.astype(np.float64)
    for part in FLOAT32_LN2:  # products are exact and sums rounded, as in _polynomial_float32
        r -= n * np.float64(part)
        r[:] = r.astype(np.float32)
    ratio = _polynomial_float32(EXP_NUMERATOR, r) / _polynomial_float32(EXP_DENOMINATOR, r)
    return np.ldexp(ratio, n.astype(np.int32))


@_by_chunks
def power_of_ten(values: np.ndarray) -> np.ndarray:
    """Return 10 to the power of an array of float32 (-37 to 38), as float32."""
    exponent = values.astype(np.float64) * LOG2_10
    n = np.rint(exponent * STEPS)
    steps = n.astype(np.int32)
    exponent -= n / STEPS
    power = _polynomial(POWER_COEFFICIENTS, exponent) * POWERS_OF_2[steps & STEPS - 1]
    return np.ldexp(power, steps >> STEPS.bit_length() - 1).astype(np.float32)


@_by_chunks
def log10(values: np.ndarray) -> np.ndarray:
    """Return the decimal logarithm of an array of float32 (normal numbers of at least 1).

    x = 2^e m, with m from 1 to 2, so log10(x) = e log10(2) + log10(e) ln(m).
    """
    half, exponent = np.frexp(values)  # from 0.5 to 1
    e = (exponent - 1).astype(np.float32)
    high, low = LOG10_2
    return (e * low + LOG10_E * _ln(2 * half.astype(np.float64))) + e * high


def _ln(m: np.ndarray) -> np.ndarray:
    """Return the natural logarithm, float32, of numbers from 1 to 2 (float64)."""
    part = np.floor((m - LOG_SPLIT) * len(LOG_INVERSES)).astype(np.int64) & len(LOG_INVERSES) - 1
    halved = m >= LOG_SPLIT
    r = np.where(halved, m / 2, m) * LOG_INVERSES[part] - 1
    total = LOG_OF_C[part] + np.where(halved, sum(LN2), 0) + _polynomial(LOG_COEFFICIENTS, r)
    return total.astype(np.float32)


@_by_chunks
def sin(values: np.ndarray) -> np.ndarray:
    """Return the sine of an array (radians, -1e6 to 1e6), as float64."""
    return _sine(values, 0)


@_by_chunks
def cos(values: np.ndarray) -> np.ndarray:
    """Return the cosine of an array (radians, -1e6 to 1e6), as float64."""
    return _sine(values, 1)


def _sine(values: np.ndarray, turns: int) -> np.ndarray:
    """Return the sine of `values` plus `turns` quarter turns, by Taylor series."""
    values = values.astype(np.float64)
    quarters = np.rint(values / sum(HALF_PI))
    r = values - quarters * HALF_PI[0]
    r -= quarters * HALF_PI[1]
    square = r * r
    sine = r * _polynomial((_taylor(k) for k in range(17, 0, -2)), square)
    cosine = _polynomial((_taylor(k) for k in range(16, -1, -2)), square)
    quadrant = quarters.astype(np.int64) + turns & 3  # bits take less time than remainders
    size = np.where(quadrant & 1, cosine, sine)
    return size * (1 - (quadrant & 2))


def _taylor(k: int) -> float:
    """Return the coefficient of degree k of sine (odd k) or cosine (even k)."""
    return (-1) ** (k // 2) / math.factorial(k)


def gaussian_weights(sigma: float, reach: int) -> np.ndarray:
    """Return the 2 reach + 1 weights, of sum 1, of a Gaussian of standard deviation `sigma`."""
    weights = exp(-0.5 / (sigma * sigma) * np.arange(-reach, reach + 1) ** 2)
    return weights / weights.sum()
