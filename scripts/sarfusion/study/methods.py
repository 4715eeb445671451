"""The methods without training, by name: what each protocol holds its models against.

A method is a function of its own name, in the module of its protocol:

    protocol         module           called as
    reconstruction   reconstruction   method(band)
    cloud_gap        gap_filling      method(band, gap, sar, train)
    sharpening       pansharpening    method(scene, ratio)(bands, pan)

Here stand their names alone, since the rules read them, and Snakemake needs no image library.
"""

from typing import NamedTuple


class Method(NamedTuple):
    """What is to be known of a method before it runs.

    input: the SAR channels that have a part in the result, by the study's name of such an input;
    "none" where there are none, whatever the method is handed.
    """

    protocol: str
    input: str = "none"


METHODS = {  # in the order of tables
    "copy": Method("reconstruction"),
    "mean": Method("cloud_gap"),
    "nearest": Method("cloud_gap"),
    "biharmonic": Method("cloud_gap"),
    "regression": Method("cloud_gap", "vvvh"),
    "bicubic": Method("sharpening"),
    "ihs": Method("sharpening", "ratio"),
    "brovey": Method("sharpening", "ratio"),
    "pca": Method("sharpening", "ratio"),
    "gram_schmidt": Method("sharpening", "ratio"),
    "hpf": Method("sharpening", "ratio"),
    "sfim": Method("sharpening", "ratio"),
    "wavelet": Method("sharpening", "ratio"),
    "wavelet_undecimated": Method("sharpening", "ratio"),
}
