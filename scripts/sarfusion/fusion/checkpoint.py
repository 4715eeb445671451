"""A trained model on disk: weights as safetensors, and a JSON record of how they came about."""

from pathlib import Path

import safetensors.torch

from ..core.errors import StudyError
from ..core.files import atomic, read_json, write_json
from .networks import build


def save(network, record, weights, description):
    """Write the weights of `network` to `weights` and `record` to `description`, atomically."""
    tensors = {name: value.cpu().contiguous() for name, value in network.state_dict().items()}
    with atomic(weights) as temporary:
        safetensors.torch.save_file(tensors, temporary)
    write_json(description, record)


def load(weights, description):
    """Return (network, record). The network is built by its record and ready to predict.

    Raises StudyError when the weights do not fit the record.
    """
    record = read_json(description)
    network = build(record["network"], len(record["channels"]), record["options"])
    try:
        network.load_state_dict(safetensors.torch.load_file(Path(weights)))
    except (RuntimeError, safetensors.SafetensorError) as error:
        raise StudyError(
            f"{weights}: not the weights that {description} describes; train again"
        ) from error
    return network.eval(), record
