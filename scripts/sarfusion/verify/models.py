"""Trained models of another person: which of them may be used."""

import math

from safetensors import SafetensorError, safe_open

from ..core.errors import StudyError
from ..fusion import channels
from ..study.config import transfers
from .expected import every_model, record_path, weights_path
from .files import plain_file, read_mapping

MOST_MB = 1000


def check_model(study, folder, name, identity):
    """Raise StudyError unless weights and record can be read and are what the study asks for.

    Nothing is unpickled. Whether the weights fit the network is seen when they are used.
    """
    record = read_record(record_path(folder, name))
    model = study["models"][identity["model"]]
    wanted = {
        **identity,
        **{key: model[key] for key in ("network", "options", "patch_px", "batch")},
        "channels": channels.channel_names(
            identity["protocol"], identity["band"], identity["input"]
        ),
    }
    transfer = transfers(study).get(identity["site"])
    if transfer:
        wanted["trained_on"] = transfer["train"]
    told = {key: record.get(key) for key in wanted}
    wanted["training"], told["training"] = (
        {key: value for key, value in training.items() if key != "device"}
        for training in (study["training"], _mapping(record.get("training")))
    )
    for key in wanted:
        if wanted[key] != told[key]:
            raise StudyError(
                f"{record_path(folder, name)}: {key} is {told[key]!r}, not {wanted[key]!r}"
            )
    scaling = _mapping(record.get("scaling"))
    for channel in wanted["channels"]:
        if channel != channels.GAP and not _is_scaling(scaling.get(channel)):
            raise StudyError(f"{record_path(folder, name)}: scaling of {channel} is no scaling")
    path = plain_file(weights_path(folder, name), MOST_MB)
    try:
        with safe_open(path, "numpy") as tensors:
            tensors.keys()
    except SafetensorError as error:
        raise StudyError(f"{path}: not safetensors ({error}); it was not opened") from None


def read_record(path):
    """Return the record of a model; StudyError where it is none."""
    return read_mapping(path, 1)


def _mapping(value):
    return value if isinstance(value, dict) else {}


def _is_scaling(value):
    """Tell whether `value` is what normalise.apply takes."""
    value = _mapping(value)
    finite = [
        isinstance(number, (int, float)) and math.isfinite(number)
        for number in (value.get("mean"), value.get("std"))
    ]
    limits = [value.get("low"), value.get("high")]
    return all(finite) and all(
        limit is None or (isinstance(limit, (int, float)) and math.isfinite(limit))
        for limit in limits
    )


def usable_models(study, folder):
    """Return the names of the models in a folder that can be used.

    One that some site of the study lacks is used nowhere, as in the rules.
    """
    found = every_model(study)
    kinds = {}
    for name, identity in found.items():
        if weights_path(folder, name).exists() and _holds(study, folder, name, identity):
            kinds.setdefault(_kind(identity, study), set()).add(name)
    whole = [
        names for (_, folder), names in kinds.items() if folder or len(names) == len(study["sites"])
    ]
    return set().union(*whole)


def _kind(identity, study):
    """Return what a model is at every site, or of its own transfer, which stands alone."""
    what = tuple(value for key, value in identity.items() if key != "site")
    return what, "" if identity["site"] in study["sites"] else identity["site"]


def _holds(*arguments):
    try:
        check_model(*arguments)
    except (StudyError, OSError):
        return False
    return True


def check_models(study, folder):
    """Return a note on a folder's models; StudyError names the first that cannot be used.

    A folder may hold a part of them, but at least one of each protocol, model and input.
    """
    there, kinds = 0, {}
    for name, identity in every_model(study).items():
        kind = "{protocol} {model}-{input} at {site}".format(**identity)
        kinds.setdefault(kind, 0)
        if weights_path(folder, name).exists():
            check_model(study, folder, name, identity)
            there += 1
            kinds[kind] += 1
    for kind, count in kinds.items():
        if not count:
            raise StudyError(f"{folder}: no weights of {kind}")
    return f"{there} of {len(every_model(study))} are there, of every kind"
