"""Sums over the runs of a tile (see `places`), as compiled loops (see `loops`)."""

import numpy as np

from .loops import compiled, summing

GROUP = 16  # runs whose pixels stay in a fast cache from one product to the next


@summing
def product_sums(
    arrays: tuple[np.ndarray, ...],
    products: np.ndarray,
    starts: np.ndarray,
    stops: np.ndarray,
    classes: np.ndarray,
    count: int,
) -> np.ndarray:
    """Return the sums of products of arrays, float64 (pixels,), by class: (products, count).

    products: int (products, 2), the numbers of the two factors; those below 0 are 1. starts, stops,
    classes: of the runs; a class is below `count`. The sum of a run is added to that of its class,
    so that rounding stays small. Unlike NumPy's, sums do not depend on the number of threads of a
    linear algebra library.
    """
    totals = np.zeros((len(products), count))
    for group in range(0, len(starts), GROUP):
        runs = range(group, min(group + GROUP, len(starts)))
        for k in range(len(products)):
            first, second = products[k]
            if first < 0:
                for run in runs:
                    totals[k, classes[run]] += stops[run] - starts[run]
            elif second < 0:
                x = arrays[first]
                for run in runs:
                    part = 0.0
                    # Without a sign, since checks for negative places would prevent vectorisation.
                    for i in range(np.uintp(starts[run]), np.uintp(stops[run])):
                        part += x[i]
                    totals[k, classes[run]] += part
            else:
                x, y = arrays[first], arrays[second]
                for run in runs:
                    part = 0.0
                    for i in range(np.uintp(starts[run]), np.uintp(stops[run])):
                        part += x[i] * y[i]
                    totals[k, classes[run]] += part
    return totals


@compiled
def numbered_sums(values: np.ndarray, numbers: np.ndarray, count: int) -> np.ndarray:
    """Return sums of values (sums, classes) over the classes of each number: (sums, count).

    numbers: int (classes,), below `count`; classes with a number below 0 are left out.
    """
    totals = np.zeros((len(values), count))
    for row in range(len(values)):
        for place in range(len(numbers)):
            if numbers[place] >= 0:
                totals[row, numbers[place]] += values[row, place]
    return totals


@compiled
def histograms(
    values: np.ndarray,
    starts: np.ndarray,
    stops: np.ndarray,
    inside: np.ndarray,
    lows: np.ndarray,
    span: float,
    bins: int,
) -> np.ndarray:
    """Return how many values (pixels,) of some runs are in each bin: (regions, bins).

    inside: bool (regions, runs), whether a run is in a region. The bins of a region divide a span
    equally, which begins at its low; if that is NaN, they are empty. Values beyond go to the
    outermost bins.
    """
    counts = np.zeros((len(lows), bins))
    for region in range(len(lows)):
        found, low = counts[region], lows[region]
        for run in range(0 if np.isnan(low) else len(starts)):
            if inside[region, run]:
                for value in values[starts[run] : stops[run]]:
                    place = (value - low) / span * bins
                    found[int(min(max(place, 0.0), bins - 1.0))] += 1
    return counts
