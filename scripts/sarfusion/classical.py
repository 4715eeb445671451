"""Methods without training: what each protocol holds its models against."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Method:
    """A method without training; it is called as its protocol asks.

    protocol         called as
    reconstruction   method(band)
    cloud_gap        method(band, gap, sar, train), see `gap_filling`
    sharpening       method(bands, pan, ratio), see `pansharpening`

    input: the SAR channels that have a part in the result, by the study's name of such an input;
    "none" where there are none, whatever the method is handed.
    """

    name: str
    protocol: str
    input: str = "none"

    def __call__(self, *arguments):
        """Return what the function of this name makes of its arguments."""
        # Not on top: the rules read this registry, and Snakemake needs no image library for that.
        from . import gap_filling, pansharpening

        modules = {"cloud_gap": gap_filling, "sharpening": pansharpening}
        function = copy if self.name == "copy" else getattr(modules[self.protocol], self.name)
        return function(*arguments)


def copy(band):
    """Return the optical band itself.

    In `reconstruction` this is the perfect answer (RMSE 0), and what every model there must be
    held against.
    """
    return band


METHODS = {
    method.name: method
    for method in (
        Method("copy", "reconstruction"),
        Method("mean", "cloud_gap"),
        Method("nearest", "cloud_gap"),
        Method("biharmonic", "cloud_gap"),
        Method("regression", "cloud_gap", "vvvh"),
        Method("bicubic", "sharpening"),
        Method("ihs", "sharpening", "ratio"),
        Method("brovey", "sharpening", "ratio"),
        Method("pca", "sharpening", "ratio"),
        Method("gram_schmidt", "sharpening", "ratio"),
        Method("hpf", "sharpening", "ratio"),
        Method("sfim", "sharpening", "ratio"),
        Method("wavelet", "sharpening", "ratio"),
        Method("wavelet_undecimated", "sharpening", "ratio"),
    )
}


def protocols_of(name):
    """Return the protocols of the method `name`, as a tuple."""
    return (METHODS[name].protocol,)


def methods_of(protocol):
    """Return the names of the methods of a protocol, in the order of tables."""
    return tuple(name for name, method in METHODS.items() if method.protocol == protocol)
