"""The methods: networks, which a study trains, and methods without training.

A network is a file in fusion/networks. A method without training is a function of its own name, in
the module of fusion/classical that its protocol names (protocols.py):

    module           called as
    reconstruction   method(band)
    gap_filling      method(band, gap, sar, train)
    pansharpening    method(scene, ratio)(bands, pan)

This module contains names only and imports no image library, since Snakemake reads it.
"""

from dataclasses import dataclass
from pathlib import Path

from .inputs import INPUTS

Run = tuple[str, str, str, int]  # band, method, input, seed
NETWORKS = Path(__file__).parents[1] / "fusion/networks"


@dataclass(frozen=True)
class Method:
    """A method without training, as known before it runs.

    protocol: the protocol that it is compared in.
    input: the SAR that contributes to the result, as the name of an input; "none" if none does.
    name: name in tables and figures, "" where capitalising its own name is enough.
    """

    protocol: str
    input: str = "none"
    name: str = ""


METHODS = {  # in the order of tables
    "copy": Method("reconstruction"),
    "mean": Method("cloud_gap"),
    "nearest": Method("cloud_gap"),
    "biharmonic": Method("cloud_gap"),
    "regression": Method("cloud_gap", "vvvh"),
    "bicubic": Method("sharpening"),
    "ihs": Method("sharpening", "ratio", "IHS"),
    "brovey": Method("sharpening", "ratio"),
    "pca": Method("sharpening", "ratio", "PCA"),
    "gram_schmidt": Method("sharpening", "ratio", "Gram-Schmidt"),
    "hpf": Method("sharpening", "ratio", "HPF"),
    "sfim": Method("sharpening", "ratio", "SFIM"),
    "wavelet": Method("sharpening", "ratio"),
    "wavelet_undecimated": Method("sharpening", "ratio"),
}

MODEL_NAMES = {"cnn": "CNN", "cae": "CAE", "unet": "U-Net"}  # where capitalising is not enough


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
    return name if method in METHODS else f"{name}, {INPUTS[sar_input].label}"
