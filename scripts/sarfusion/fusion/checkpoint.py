"""A trained network on disk: weights as safetensors, and a JSON record of how it was trained."""

from pathlib import Path
from typing import Any

import safetensors.torch
import torch

from ..core.errors import StudyError
from ..core.files import atomic, read_json, write_json
from .channels import radar_places, start_places
from .networks import build


def save(
    network: torch.nn.Module, record: dict[str, Any], weights: str | Path, description: str | Path
) -> None:
    """Write the weights of `network` to `weights` and `record` to `description`, atomically."""
    tensors = {name: value.cpu().contiguous() for name, value in network.state_dict().items()}
    with atomic(weights) as temporary:
        safetensors.torch.save_file(tensors, temporary)
    write_json(description, record)


def load(weights: str | Path, description: str | Path) -> tuple[torch.nn.Module, dict[str, Any]]:
    """Return (network, record). The network is built from its record, and is in evaluation mode.

    Raises StudyError if the weights do not match the record.
    """
    record = read_json(description)
    network = build(
        record["network"],
        len(record["channels"]),
        record["options"],
        starts=start_places(record["channels"]) if record["residual"] else (),
        radar=radar_places(record["channels"]),
        uncertain=record["uncertainty"],
    )
    try:
        network.load_state_dict(safetensors.torch.load_file(Path(weights)))
    except (RuntimeError, safetensors.SafetensorError) as error:
        raise StudyError(
            f"{weights}: not the weights that {description} describes; train again"
        ) from error
    return network.eval(), record
