"""Unpack a study, for `./reproduce unpack`.

    python scripts/unpack_scenes.py FILE CONFIG PACKED

FILE: made by pack_scenes.py. CONFIG: folder for the study and its lock. PACKED: folder for its
windows. Prints the name of the study.
"""

import sys

from sarfusion.core.errors import StudyError
from sarfusion.scenes.stac.pack import unpack

if __name__ == "__main__":
    try:
        print(unpack(*sys.argv[1:]))
    except (StudyError, OSError) as error:
        sys.exit(f"error: {' '.join(str(error).split())}")
