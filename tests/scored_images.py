"""Scores of two images that are arrays, computed in the same way as those of scenes."""

import numpy as np
from sarfusion.scoring.image_pair import Given, Run, check_range
from sarfusion.scoring.scene_scores import score_scene

RUN = Run("band", "cnn", "ratio", 1)


def noise(*shape, seed=0):
    """Reflectances without any structure."""
    return np.random.default_rng(seed).uniform(0.05, 0.4, shape)


def ragged(shape, seed=0):
    """Ground with holes and a ragged edge that still contains windows of 11."""
    region = np.random.default_rng(seed).random(shape) < 0.97
    region[3:18, 2:19] = True
    region[:, -3:] = False
    return region


def reader(reference, fused, region, name=""):
    """The function that reads tiles of two images, with a run RUN and one region."""

    def read(tile, with_fused):
        mask, one, other = (
            tile.padded(lambda *at, image=image: image[(..., *at)])
            for image in map(np.asarray, (region, reference, fused))
        )
        return {name: mask}, {RUN[0]: one}, {RUN: other} if with_fused else {}

    return read


def score_images(reference, fused, region, given, **work):
    """{name: Score} of images (rows, columns) or (3, rows, columns) in a region of them."""
    scores = score_scene(region.shape, reader(reference, fused, region), {RUN[0]: given}, **work)
    return scores["", RUN]


def score_band(reference, fused, region, data_range, **work):
    """The same for one band, with a data range L."""
    check_range(data_range)
    return score_images(reference, fused, region, Given(data_range), **work)


def score_triple(reference, fused, region, h_over_l=1.0, **work):
    """The same for red, green and blue together."""
    return score_images(reference, fused, region, Given(h_over_l=h_over_l), **work)
