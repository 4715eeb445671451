"""Take the pack of a study apart, for `./reproduce unpack`.

    python scripts/unpack_scenes.py FILE CONFIG PACKED

CONFIG: the folder that gets the study and its lock. PACKED: the one that gets its windows. Prints
the name of the study.
"""

import sys

from sarfusion.core.errors import StudyError
from sarfusion.scenes.stac.pack import unpack

if __name__ == "__main__":
    try:
        print(unpack(*sys.argv[1:]))
    except (StudyError, OSError) as error:
        sys.exit(f"error: {' '.join(str(error).split())}")
