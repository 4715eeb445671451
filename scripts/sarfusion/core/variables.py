"""Environment variables that would change what a job computes, and those that replace them.

Standard library only, and free of newer syntax: `reproduce` imports this module too, before
anything is installed.
"""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from pathlib import Path

# Beginnings of the names of variables that steer the libraries of a job. Other tools leave them in
# a shell (PROJ_DATA of conda and QGIS, MPLBACKEND of Jupyter), or a user sets them for other work.
FOREIGN = (
    *("CPL_", "GDAL_", "GEOTIFF_", "GTIFF_", "OGR_", "OSR_", "PROJ_", "TIFF_", "VRT_", "VSI_"),
    *("BOKEH_", "MATPLOTLIBRC", "MPL", "PYTHON"),
    *("CUBLAS_WORKSPACE_CONFIG", "KMP_", "NVIDIA_TF32_OVERRIDE", "OMP_", "TORCH_ALLOW_TF32"),
    *("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"),
)
# Variables among them that a user needs: for access to a network, and for where Python finds
# packages and writes bytecode. Snakemake sets the number of threads itself.
KEPT = (
    *("CPL_AWS_", "GDAL_CURL_", "GDAL_HTTP", "GDAL_PROXY"),
    *("PYTHONHOME", "PYTHONPATH", "PYTHONNOUSERSITE", "PYTHONUSERBASE"),
    *("PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX"),
    "OMP_NUM_THREADS",
)
FIXED = {
    "GDAL_CONFIG_FILE": os.devnull,  # instead of ~/.gdal/gdalrc
    "PROJ_SKIP_READ_USER_WRITABLE_DIRECTORY": "YES",  # its grids would move scenes by metres
    "MPL_IGNORE_SYSTEM_FONTS": "1",
    "LC_ALL": "C",  # exists everywhere
    "PYTHONUTF8": "1",
}


def clean(variables: MutableMapping[str, str], cache: Path) -> None:
    """Remove the FOREIGN variables from `variables`, and set the FIXED ones.

    cache: absolute path of a writable folder. matplotlib gets a folder in it, without settings of
    the user. Snakemake uses it too if the user's own cache cannot be written.
    """
    for name in list(variables):
        if name.startswith(FOREIGN) and not name.startswith(KEPT):
            del variables[name]
    variables.update(FIXED, MPLCONFIGDIR=str(cache / "matplotlib"))
    # Path.expanduser would raise an error for a user without a home.
    own = Path(variables.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"))  # noqa: PTH111
    if not (own.is_absolute() and can_write(own / "snakemake")):
        variables["XDG_CACHE_HOME"] = str(cache)


def can_write(folder: Path) -> bool:
    """Return whether a folder can be written to, or can be made if it does not exist yet."""
    nearest = next(path for path in (folder, *folder.parents) if os.path.exists(path))  # noqa: PTH110
    return nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)
