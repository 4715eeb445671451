"""The names of trained models, and their files in a folder of models."""

from pathlib import Path


def model_name(
    place: str, protocol: str, band: str, model: str, sar_input: str, seed: int | str
) -> str:
    """Return the name of a trained model: its path in a folder of models, without suffix."""
    return f"{place}/{protocol}/{band}/{model}-{sar_input}/seed{seed}"


def weights_path(folder: str | Path, name: str) -> Path:
    """Return the weights of a model (see model_name) in a folder of models."""
    return Path(folder, f"{name}.safetensors")


def record_path(folder: str | Path, name: str) -> Path:
    """Return the record of a model in a folder of models, which says how it was made."""
    return Path(folder, f"{name}.json")
