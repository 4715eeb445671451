"""What methods are called where people read: tables and figures."""

from .methods import METHODS

INPUTS = {
    "ratio": "with ratio",
    "vvvh": "VV+VH",
    "none": "optical only",
    "shuffled": "shuffled SAR",
}
NAMES = {  # where capitals do not do
    "cnn": "CNN",
    "cae": "CAE",
    "unet": "U-Net",
    "ihs": "IHS",
    "pca": "PCA",
    "hpf": "HPF",
    "sfim": "SFIM",
    "gram_schmidt": "Gram-Schmidt",
}


def method_name(method):
    """Return e.g. "CNN" for "cnn", "CAE skip" for "cae_skip", "Copy" for "copy"."""
    if method in NAMES:
        return NAMES[method]
    first, *rest = method.split("_")
    return " ".join([NAMES.get(first, first.capitalize()), *rest])


def method_label(method, sar_input):
    """Return e.g. "CNN, with ratio" for ("cnn", "ratio") and "Copy" for ("copy", "none").

    What a method without training sees is in its nature; saying it would tell nothing.
    """
    name = method_name(method)
    return name if method in METHODS else f"{name}, {INPUTS[sar_input]}"
