"""The methods: networks, which a study trains, and methods without training.

A network is a file in fusion/networks, found by its name. A method without training is a function
of its own name, in the module of fusion/classical that its protocol names (protocols.py):

    module           called as
    reconstruction   method(band)
    gap_filling      method(band, gap, sar, train)
    pansharpening    method(scene, ratio)(bands, pan)

Only names are here, since the rules read them, and Snakemake needs no image library.
"""

from dataclasses import dataclass
from pathlib import Path

from .inputs import INPUTS

Run = tuple[str, str, str, int]  # band, method, input, seed
NETWORKS = Path(__file__).parents[1] / "fusion/networks"


@dataclass(frozen=True)
class Method:
    """A method without training, as known before it runs.

    protocol: what it is compared in. input: the SAR that has a part in the result, as the name of
    an input; "none" where there is none, whatever the method gets. name: where people read, if
    capitalising its own name does not do.
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

MODEL_NAMES = {"cnn": "CNN", "cae": "CAE", "unet": "U-Net"}  # where capitalising does not do


def networks() -> list[str]:
    """Return the sorted names of the networks that there are."""
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

    The SAR that a method without training sees is part of its definition, so it is not repeated.
    """
    name = method_name(method)
    return name if method in METHODS else f"{name}, {INPUTS[sar_input].label}"
