"""Trained models of another study, with which the clouds of a new scene are filled."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..core.errors import StudyError
from ..fusion.channels import is_of_date
from ..scenes.bands import BANDS
from ..study.methods import networks

# The keys of a record that are read, here and where a scene is filled.
NEEDED = (
    *("site", "band", "model", "input", "seed", "network", "options", "residual", "uncertainty"),
    *("channels", "scaling", "domain", "validation_rmse"),
)


def check_record(record: Mapping[str, Any], path: str) -> None:
    """Raise StudyError unless the record of a model, in the file `path`, can be used here."""
    lacking = [key for key in NEEDED if key not in record]
    if lacking:
        raise StudyError(
            f"{path}: has no {', '.join(lacking)}, so it is from an older version; train again"
        )
    if record["network"] not in networks():
        raise StudyError(
            f"{path}: no network {record['network']!r} here; add its file to"
            " scripts/sarfusion/fusion/networks"
        )


def without_dates(records: Mapping[str, Mapping[str, Any]], where: str) -> dict[str, Any]:
    """Return those of records, {path: record}, whose networks need no other date.

    Other dates are matched to a scene on training ground, and a new scene has none. Raises
    StudyError if no network is left. where: their place, for the message.
    """
    left = {
        path: record
        for path, record in records.items()
        if not any(map(is_of_date, record["channels"]))
    }
    if records and not left:
        raise StudyError(
            f"{where}: all need another date, which a new scene does not have; train an input"
            " without one"
        )
    return left


def chosen_place(places: Sequence[str], wanted: str | None, folder: str) -> str:
    """Return the place whose models fill the scene: the one wanted, or the only one.

    places: the sites and transfers that have models in `folder`. Raises StudyError for another, or
    if there are several and none is wanted: the user knows best which is like the new scene.
    """
    if not places:
        raise StudyError(f"{folder}: no models that fill gaps")
    named = ", ".join(places)
    if wanted is not None and wanted not in places:
        raise StudyError(f"{folder}: no models of {wanted} that fill gaps; there are {named}")
    if wanted is None and len(places) > 1:
        raise StudyError(f"{folder}: models of {named}; choose the most similar one with --site")
    return places[0] if wanted is None else wanted


def settings(
    records: Mapping[str, Mapping[str, Any]],
    *,
    study: str,
    site: str,
    protocol: str,
    uncertainty: str | None,
    anyway: bool,
) -> dict[str, Any]:
    """Return settings that are added to a study so that its clouds are filled with these models.

    records: {path of a model without suffix: its record}, of one method. study, site, protocol: of
    these. uncertainty: table with the factors of their standard deviations, None if there is none.
    anyway: whether a scene unlike their training ground is also filled. The scene is prepared as
    the training scenes were; if these differed, as the first.
    """
    prepared = next(iter(records.values()))["domain"]["preparation"]
    return {
        "fill_with": {
            "study": study,
            "site": site,
            "models": list(records),
            **({} if uncertainty is None else {"uncertainty": uncertainty}),
            "anyway": anyway,
        },
        "protocols": {protocol: {}},
        "bands": list(BANDS),
        "gaps": {"start": prepared["start"][0]},
        "sar": {"noise_floor_db": prepared["noise_floor_db"][0]},
    }
