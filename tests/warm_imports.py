"""What the programs of the tests import; warm_start.py imports it once.

None of it is of the project, which each program imports from its own folder.
"""

import gc
import runpy
from importlib import import_module
from io import BytesIO
from pathlib import Path

FORKED_JOBS = Path(__file__).parents[1] / "command/terminal/forked_jobs.py"
SNAKEMAKE = (
    *("snakemake.cli", "snakemake.executors.local", "snakemake_executor_plugin_slurm"),
    *("snakemake.profiles", "snakemake.report.html_reporter", "smart_open", "fastjsonschema"),
    *("nbformat", "yte", "dpath.options"),
)
OF_JOBS = (
    *("bokeh.embed", "bokeh.layouts", "bokeh.plotting", "markdown_it", "pystac", "typst"),
    *("contourpy", "fontTools.subset", "matplotlib.backends.backend_pdf", "matplotlib.figure"),
    *("multiprocessing.synchronize", "pyarrow.dataset", "pyarrow.pandas_compat"),
    *("pandas.io.formats.csvs", "pyarrow.parquet", "pywt", "skimage.restoration.inpaint"),
)


def load():
    """Import everything, with what some libraries load when they are used first."""
    for name in (*runpy.run_path(FORKED_JOBS)["IMPORTED"], *SNAKEMAKE, *OF_JOBS):
        import_module(name)
    from matplotlib import rc_context
    from matplotlib.figure import Figure
    from numba.core.registry import cpu_target

    cpu_target.typing_context.refresh()
    cpu_target.target_context.refresh()
    figure = Figure()
    figure.text(0, 0, "a $b$")
    with rc_context({"pdf.fonttype": 42}):
        for form in ("png", "pdf"):
            figure.savefig(BytesIO(), format=form)


gc.disable()  # nothing of this is garbage
load()
gc.enable()
