"""What methods are called where people read: tables and figures."""

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
# What these see is in their nature; saying it beside their name would tell nothing.
CLASSICAL = frozenset(
    [
        *("copy", "mean", "nearest", "biharmonic", "regression", "bicubic", "ihs", "brovey"),
        *("pca", "gram_schmidt", "hpf", "sfim", "wavelet", "wavelet_undecimated"),
    ]
)


def method_name(method):
    """Return e.g. "CNN" for "cnn", "CAE skip" for "cae_skip", "Copy" for "copy"."""
    if method in NAMES:
        return NAMES[method]
    first, *rest = method.split("_")
    return " ".join([NAMES.get(first, first.capitalize()), *rest])


def method_label(method, sar_input):
    """Return e.g. "CNN, with ratio" for ("cnn", "ratio") and "Copy" for ("copy", "none")."""
    name = method_name(method)
    return name if method in CLASSICAL else f"{name}, {INPUTS[sar_input]}"
