"""The version of the project. Only CITATION.cff states it: people and archives look for it there.

Standard library only, and free of newer syntax: `reproduce` imports this module too, before
anything is installed.
"""

from __future__ import annotations

import re
from pathlib import Path

CITATION = Path(__file__).resolve().parents[3] / "CITATION.cff"
LINE = re.compile(r"^version: (\d+\.\d+\.\d+)$", re.M)  # https://semver.org, without a suffix


def project_version() -> str:
    """Return the version, as "1.2.3".

    Raises ValueError if CITATION.cff states none or more than one, OSError if it cannot be read.
    """
    found = LINE.findall(CITATION.read_text(encoding="utf-8"))
    if len(found) != 1:
        raise ValueError(f"{CITATION}: needs one line `version: MAJOR.MINOR.PATCH`")
    return found[0]
