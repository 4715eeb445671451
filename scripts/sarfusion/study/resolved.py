"""What follows from the settings of a resolved study (see config.py)."""

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..core.errors import StudyError
from ..core.gdal_names import located, problem
from ..scenes.bands import INFRARED
from ..scenes.sources import SOURCES

Study = Mapping[str, Any]  # a resolved study

LEAVE_ONE_OUT = "leave_one_out"


def setting(study: Study, site: str, section: str) -> dict[str, Any]:
    """Return the settings of a section of the study with the overrides of one site."""
    return study[section] | study["sites"][site].get("overrides", {}).get(section, {})


def masks_aerosol(study: Study) -> bool:
    """Return whether a study masks aerosol at any site."""
    return any(setting(study, name, "optical")["mask_aerosol"] for name in study["sites"])


def infrared_of(study: Study) -> dict[str, list[str]]:
    """Return {"infrared": the infrared bands that the study fuses}, {} if there are none."""
    bands = [band for band in INFRARED if band in study["bands"]]
    return {"infrared": bands} if bands else {}


def passes_of(study: Study, site: str) -> dict[str, int]:
    """Return {"passes": number of SAR passes that are averaged at a site}, {} if it is one."""
    passes = setting(study, site, "sar")["passes"]
    return {} if passes == 1 else {"passes": passes}


def shown_sites(study: Study) -> list[str]:
    """Return the sites with figures of their own: the first few, or those in `figures.sites`."""
    there = [site for site in study["sites"] if site not in study["missing_sites"]]
    shown = study["figures"]["sites"]
    if isinstance(shown, int):
        return there[:shown]
    return [site for site in shown if site in there] or there[:1]


def transfers(study: Study) -> dict[str, dict[str, Any]]:
    """Return {folder: {"name", "train", "test"}} of the transfers that are possible.

    folder: name of the folder with the models that are trained on the sites `train` together. It
    is beside the folders of sites and contains a dot, which no name of a site does. Missing sites
    are not tested on. leave_one_out does not train on them either; any other transfer that trains
    on a missing site is left out.
    """
    present = [site for site in study["sites"] if site not in study["missing_sites"]]
    if study["transfer"] == LEAVE_ONE_OUT:
        return {
            f"transfer.without_{site}": {
                "name": LEAVE_ONE_OUT,
                "train": [other for other in present if other != site],
                "test": [site],
            }
            for site in present
            if len(present) > 1
        }
    return {
        f"transfer.{name}": {
            "name": name,
            "train": transfer["train"],
            "test": [site for site in transfer["test"] if site in present],
        }
        for name, transfer in study["transfer"].items()
        if set(transfer["train"]) <= set(present)
    }


def transfers_left_out(study: Study) -> list[str]:
    """Return the names of transfers that train on a missing site, or test only on missing ones."""
    made = {about["name"] for about in transfers(study).values() if about["test"]}
    asked = study["transfer"]
    return [name for name in ([asked] if isinstance(asked, str) else asked) if name not in made]


def catalogue_site(study: Study, name: str) -> dict[str, Any]:
    """Return the settings of a `stac` site, with `passes` if SAR is the mean of several.

    The path of a catalogue on disk starts with `data`.
    """
    site = copy.deepcopy(study["sites"][name]) | passes_of(study, name)
    catalogue = site["catalogue"]
    apart = catalogue["sar"].get("server")
    for server in [catalogue, *([apart] if apart else [])]:
        if "://" not in server["url"]:
            server["url"] = str(Path(study["data"], server["url"]))
    return site


def own_files(study: Study, site: str) -> dict[str, str]:
    """Return {"optical.red": name, ..., "sar.vh": name, "gap_mask": name} of the user's rasters.

    These are GDAL's names, mostly paths; paths start from the setting `data`. Sources without such
    files only have the mask "built_up", which any site of a real place may name.
    """
    settings = study["sites"][site]
    files = SOURCES[settings["source"]].files
    found = files(settings) if files else {}
    if isinstance(settings.get("built_up"), dict):
        found["built_up"] = settings["built_up"]["path"]
    return {band: located(path, study["data"]) for band, path in found.items()}


def absent_files(study: Study) -> dict[str, str]:
    """Return {site: error message} of the sites with a file of the user that cannot be used.

    Only errors that are visible without opening files are found: a missing file, a folder, a date
    in the future.
    """
    absent: dict[str, str] = {}
    for site in study["sites"]:
        for band, name in own_files(study, site).items():
            if site not in study["missing_sites"] and (found := problem(name)):
                absent.setdefault(site, str(StudyError(f"site {site}: {band}: {found}")))
    return absent
