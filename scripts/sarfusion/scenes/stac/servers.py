"""The servers of a site's sensors, which may belong to one catalogue or to two.

Imports nothing that reads rasters, since planning a study imports this module.
"""

from collections.abc import Mapping
from typing import Any

# Settings of a catalogue that say how its server is accessed. If SAR comes from another catalogue
# than optical scenes, the resolved settings have those of its server in `sar.server`.
SERVER = ("url", "signing", "token", "allow_s3", "s3_region", "alternate", "patience_minutes")


def server_of(catalogue: Mapping[str, Any], sensor: str) -> dict[str, Any]:
    """Return the settings of the catalogue from which a sensor ("optical" or "sar") comes."""
    own = catalogue[sensor].get("server")
    if own is None:
        return dict(catalogue)
    return {key: value for key, value in catalogue.items() if key not in SERVER} | own


def radar_files(sar: Mapping[str, Any]) -> list[str]:
    """Return the names of the files of a SAR item that are read: VV, VH, and a mask if named.

    sar: settings of the catalogue's SAR.
    """
    return ["vv", "vh", *(["mask"] if "mask" in sar["assets"] else [])]
