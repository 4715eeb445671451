"""Another person's trained models: which of them can be used safely for a study."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from ..core.errors import StudyError
from ..fusion import channels
from ..study.inputs import inputs_of, places_of
from ..study.model_files import record_path, weights_path
from ..study.protocols import PROTOCOLS
from ..study.resolved import transfers
from .expected import every_model
from .files import is_finite, plain_file, read_mapping

MAX_WEIGHTS_MB = 1000


def check_model(
    study: Mapping[str, Any], folder: str | Path, name: str, identity: Mapping[str, Any]
) -> None:
    """Raise StudyError unless a model's weights and record are readable and fit the study.

    folder: of models; name, identity: of the model (see expected.every_model). Nothing is
    unpickled. Whether the weights fit the network is only checked when they are loaded.
    """
    record = read_record(record_path(folder, name))
    model = study["models"][identity["model"]]
    expected = {
        **identity,
        **{key: model[key] for key in ("network", "options", "patch_px", "batch")},
        "channels": _channels(study, identity),
    }
    transfer = transfers(study).get(identity["site"])
    if transfer:
        expected["trained_on"] = transfer["train"]
    recorded = {key: record.get(key) for key in expected}
    expected["training"], recorded["training"] = (
        {key: value for key, value in training.items() if key != "device"}
        for training in (study["training"], _mapping(record.get("training")))
    )
    for key in expected:
        if expected[key] != recorded[key]:
            raise StudyError(
                f"{record_path(folder, name)}: {key} is {recorded[key]!r}, not {expected[key]!r}"
            )
    scaling = _mapping(record.get("scaling"))
    for channel in dict.fromkeys([identity["band"], *channels.scaled_alone(expected["channels"])]):
        if not _is_scaling(scaling.get(channel)):
            raise StudyError(f"{record_path(folder, name)}: the scaling of {channel} is unusable")
    path = plain_file(weights_path(folder, name), MAX_WEIGHTS_MB)
    try:
        with safe_open(path, "numpy") as tensors:
            tensors.keys()
    except SafetensorError as error:
        raise StudyError(f"{path}: not safetensors ({error}); it was not opened") from None


def _channels(study: Mapping[str, Any], identity: Mapping[str, Any]) -> list[str]:
    """Return the input channels of a model of the study."""
    known, about = inputs_of(study), PROTOCOLS[identity["protocol"]]
    places = places_of(known[name] for name in study["protocols"][identity["protocol"]]["inputs"])
    given = known[identity["input"]].channels
    return channels.channel_names(
        identity["band"], given, about.withholds, places, about.gives_band
    )


def read_record(path: str | Path) -> dict[str, Any]:
    """Return the record of a model; StudyError if the file does not contain a mapping."""
    return read_mapping(path, 1)


def _mapping(value: Any) -> dict[str, Any]:
    """Return `value` if it is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}


def _is_scaling(value: Any) -> bool:
    """Return whether `value` is a scaling that normalise.apply accepts."""
    value = _mapping(value)
    limits = [value.get(name) for name in ("low", "high")]
    return all(is_finite(value.get(name)) for name in ("mean", "std")) and all(
        limit is None or is_finite(limit) for limit in limits
    )


def usable_models(study: Mapping[str, Any], folder: str | Path) -> set[str]:
    """Return the names of the models in a folder that can be used.

    As in the rules, a model that one site of the study lacks is not used at any site.
    """
    kinds: dict[tuple[tuple, str], set[str]] = {}
    for name, identity in every_model(study).items():
        if weights_path(folder, name).exists() and _is_usable(study, folder, name, identity):
            kinds.setdefault(_kind(identity, study), set()).add(name)
    complete = [
        names
        for (_, transfer), names in kinds.items()
        if transfer or len(names) == len(study["sites"])
    ]
    return set().union(*complete)


def _kind(identity: Mapping[str, Any], study: Mapping[str, Any]) -> tuple[tuple, str]:
    """Return what a model has in common with those of other sites, and its transfer or ""."""
    what = tuple(value for key, value in identity.items() if key != "site")
    return what, "" if identity["site"] in study["sites"] else identity["site"]


def _is_usable(
    study: Mapping[str, Any], folder: str | Path, name: str, identity: Mapping[str, Any]
) -> bool:
    try:
        check_model(study, folder, name, identity)
    except (StudyError, OSError):
        return False
    return True


def check_models(study: Mapping[str, Any], folder: str | Path) -> str:
    """Return a note if all models in a folder can be used; StudyError names the first that cannot.

    The folder may contain only some of the study's models, but must have at least one for each
    site, protocol, model and input.
    """
    models = every_model(study)
    counts: dict[str, int] = {}
    for name, identity in models.items():
        kind = "{protocol} {model}-{input} at {site}".format(**identity)
        counts.setdefault(kind, 0)
        if weights_path(folder, name).exists():
            check_model(study, folder, name, identity)
            counts[kind] += 1
    for kind, count in counts.items():
        if not count:
            raise StudyError(f"{folder}: no weights of {kind}")
    return f"{sum(counts.values())} of {len(models)} are there, at least one of every kind"
