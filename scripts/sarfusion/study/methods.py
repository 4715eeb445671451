"""The methods: networks, which a study trains, and methods without training.

A network is a file in fusion/networks. A method without training is a function with its name, in
the module of fusion/classical that its protocol names (protocols.py):

    module           called as
    reconstruction   method(band)
    denoising        method(band)
    gap_filling      method(band, gap, sar, train)
    temporal         method(optical, gap, dates, train), for methods over time
    pansharpening    method(scene, ratio)(bands, pan)

This module contains names only and imports no image library, since Snakemake reads it.
"""

from dataclasses import dataclass
from pathlib import Path

from .inputs import input_of

Run = tuple[str, str, str, int]  # band, method, input, seed
NETWORKS = Path(__file__).parents[1] / "fusion/networks"


@dataclass(frozen=True)
class Method:
    """A method without training, as known before it runs.

    protocol: the protocol that it is compared in.
    input: the SAR that contributes to the result, as the name of an input; "none" if none does.
    name: name in tables and figures, "" if capitalising its own name is enough.
    over_time: whether it fills from other dates, so that each site must have some.
    by_name: whether it is only in studies that name it among their `baselines`.
    """

    protocol: str
    input: str = "none"
    name: str = ""
    over_time: bool = False
    by_name: bool = False


METHODS = {  # in the order of tables
    "copy": Method("reconstruction"),
    "as_given": Method("denoise"),
    "mean": Method("cloud_gap"),
    "nearest": Method("cloud_gap"),
    "pyramid": Method("cloud_gap"),
    "biharmonic": Method("cloud_gap"),
    "regression": Method("cloud_gap", "vvvh"),
    "previous": Method("cloud_gap", name="Nearest date", over_time=True),
    "previous_matched": Method("cloud_gap", name="Matched date", over_time=True),
    "window_median": Method("cloud_gap", name="Median of dates", over_time=True),
    "linear_in_time": Method("cloud_gap", name="Linear in time", over_time=True),
    "harmonic": Method("cloud_gap", over_time=True),
    "nspi": Method("cloud_gap", name="NSPI", over_time=True),
    "bicubic": Method("sharpening"),
    "ihs": Method("sharpening", "ratio", "IHS"),
    "brovey": Method("sharpening", "ratio"),
    "pca": Method("sharpening", "ratio", "PCA"),
    "gram_schmidt": Method("sharpening", "ratio", "Gram-Schmidt"),
    "hpf": Method("sharpening", "ratio", "HPF"),
    "sfim": Method("sharpening", "ratio", "SFIM"),
    "wavelet": Method("sharpening", "ratio"),
    "wavelet_undecimated": Method("sharpening", "ratio"),
    "nsct": Method("sharpening", "ratio", "NSCT", by_name=True),
    "ihs_nsct": Method("sharpening", "ratio", "IHS-NSCT", by_name=True),
    "nsct_pcnn": Method("sharpening", "ratio", "NSCT-PCNN", by_name=True),
    "exposure": Method("sharpening", "ratio", "Exposure fusion", by_name=True),
}

# The true image at the finest pixels, if it is known. It is scored for the consistency of products
# as if a method had made it.
TRUE_IMAGE = "true_image"

DEFAULT_METHODS = [name for name, method in METHODS.items() if not method.by_name]
OVER_TIME = [name for name, method in METHODS.items() if method.over_time]

# Names for which capitalising is not enough.
MODEL_NAMES = {"cnn": "CNN", "cae": "CAE", "unet": "U-Net", "cgan": "cGAN"}


def networks() -> list[str]:
    """Return the sorted names of all networks."""
    return sorted(path.stem for path in NETWORKS.glob("[a-z]*.py"))


def method_name(method: str) -> str:
    """Return e.g. "CNN" for "cnn", "CAE skip" for "cae_skip", "Copy" for "copy"."""
    if method in METHODS and METHODS[method].name:
        return METHODS[method].name
    if method in MODEL_NAMES:
        return MODEL_NAMES[method]
    first, *rest = method.split("_")
    return " ".join([MODEL_NAMES.get(first, first.capitalize()), *rest])


def method_label(method: str, sar_input: str) -> str:
    """Return e.g. "CNN, with ratio" for ("cnn", "ratio") and "Copy" for ("copy", "none").

    The label of a method without training has no input, which is part of its definition.
    """
    name = method_name(method)
    return name if method in (*METHODS, TRUE_IMAGE) else f"{name}, {input_of(sar_input).label}"
