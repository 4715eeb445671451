"""The networks of several seeds as one ensemble: its mean and its variance.

For a pixel, each of S networks gives a mean m_s and, if it learned one, a variance v_s. Together
they are a mixture of S Gaussians with equal weights. By the law of total variance it has

    mean      m = (1/S) sum m_s
    variance  v = (1/S) sum v_s  +  (1/S) sum (m_s - m)^2

(Lakshminarayanan et al. 2017, Simple and scalable predictive uncertainty estimation using deep
ensembles, NeurIPS 30). The first part is the uncertainty that the networks see in the data; the
second is how much they disagree. Networks trained on the same ground make the same errors where
none of them has learned enough, so the second part alone is too small.
"""

import numpy as np
from numpy.typing import ArrayLike


def ensemble(means: ArrayLike, variances: ArrayLike | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and variance of the mixture of networks, each of the shape (...).

    means, variances: (seeds, ...), reflectance and its square; without variances, only the spread
    of the means counts. NaN stays NaN.
    """
    means = np.asarray(means, float)
    variance = means.var(axis=0)
    if variances is not None:
        variance = variance + np.asarray(variances, float).mean(axis=0)
    return means.mean(axis=0), variance


def deviation_name(band: str) -> str:
    """Return the name of the band with the standard deviation of `band`, in rasters with both."""
    return f"{band}_std"
