"""What methods are called where people read: tables and figures."""

INPUTS = {
    "ratio": "with ratio",
    "vvvh": "VV+VH",
    "none": "optical only",
    "shuffled": "shuffled SAR",
}
ACRONYMS = {"cnn", "cae"}


def method_label(method, sar_input):
    """Return e.g. "CNN, with ratio" for ("cnn", "ratio") and "Copy" for ("copy", "none")."""
    name = " ".join(word.upper() if word in ACRONYMS else word for word in method.split("_"))
    name = name[0].upper() + name[1:]
    return name if method == "copy" else f"{name}, {INPUTS[sar_input]}"
