"""A classifier of single pixels into two classes, from the bands in and around a pixel.

The features of each band are its value, and the mean and the standard deviation of the valid pixels
of the 3 x 3 around. The classifier is a logistic regression on these features, their squares and
their products (Hastie, Tibshirani & Friedman 2009, The Elements of Statistical Learning, section
4.4):

    log(p / (1 - p)) = w . q(x)

with x the features, centred and scaled by their mean and standard deviation on training ground, and
q(x) = (1, x_i, x_i x_j). The weights maximise the log-likelihood minus half the sum of squares of
all weights but the first. That function has a single maximum, so a classifier follows from its
training pixels alone: it has no seed.
"""

from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

MAX_TRAINING = 50_000  # pixels; larger sets are thinned evenly
PENALTY = 1.0
TOLERANCE = 1e-7  # of the gradient, as a sum over the training pixels


def features(image: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return the features (pixels, 3 bands): values, then means, then standard deviations.

    image: (bands, rows, columns), NaN where it is not valid; it is not extended beyond its edges.
    rows, columns: places in it where it is valid (pixels,).
    """
    padded = np.pad(image.astype(np.float64), ((0, 0), (1, 1), (1, 1)), constant_values=np.nan)
    around = np.stack(
        [padded[:, rows + down, columns + across] for down in range(3) for across in range(3)]
    )
    mean, spread = np.nanmean(around, axis=0), np.nanstd(around, axis=0)
    return np.concatenate([around[4], mean, spread]).T


def quadratic(scaled: np.ndarray) -> np.ndarray:
    """Return q(x) of features x (pixels, n): 1, features, squares and products (pixels, terms)."""
    first, second = np.triu_indices(scaled.shape[1])
    ones = np.ones((len(scaled), 1))
    return np.concatenate([ones, scaled, scaled[:, first] * scaled[:, second]], axis=1)


class Classifier(NamedTuple):
    """A classifier: mean and std of each feature on training ground, and its weights (terms,)."""

    mean: np.ndarray
    std: np.ndarray
    weights: np.ndarray

    def predict(self, found: np.ndarray) -> np.ndarray:
        """Return whether the class is the more likely one, bool (pixels,), from their features."""
        return quadratic((found - self.mean) / self.std) @ self.weights > 0


def fit(found: np.ndarray, is_class: np.ndarray) -> Classifier:
    """Return the Classifier that is fitted to training pixels.

    found: their features (pixels, n). is_class: whether each is of the class, bool (pixels,).
    """
    mean, std = found.mean(axis=0), found.std(axis=0)
    std[std == 0] = 1
    terms = quadratic((found - mean) / std)
    penalty = np.full(terms.shape[1], PENALTY)
    penalty[0] = 0

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        score = terms @ weights
        # -log p is log(1 + exp(-score)) for a pixel of the class, and log(1 + exp(score)) for
        # another pixel.
        value = np.logaddexp(0, np.where(is_class, -score, score)).sum()
        slope = terms.T @ (expit(score) - is_class)
        return value + 0.5 * penalty @ weights**2, slope + penalty * weights

    def curvature(weights: np.ndarray) -> np.ndarray:
        chance = expit(terms @ weights)
        weighted = terms * (chance * (1 - chance))[:, None]
        return terms.T @ weighted + np.diag(penalty)

    solution = minimize(
        loss,
        np.zeros(terms.shape[1]),
        jac=True,
        hess=curvature,
        method="trust-exact",
        options={"gtol": TOLERANCE},
    )
    return Classifier(mean, std, solution.x)
