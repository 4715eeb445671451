"""What the programs of the tests import beyond forked_jobs.IMPORTED; warm_start.py imports it once.

None of it is of the project, which each program imports from its own folder.
"""

from importlib import import_module

from numba.core.registry import cpu_target

SNAKEMAKE = (
    *("snakemake.cli", "snakemake.executors.local", "snakemake_executor_plugin_slurm"),
    *("snakemake.profiles", "snakemake.report.html_reporter", "smart_open", "fastjsonschema"),
    *("nbformat", "yte", "dpath.options"),
)
OF_JOBS = (
    *("bokeh.embed", "bokeh.layouts", "bokeh.plotting", "markdown_it", "typst"),
    *("contourpy", "fontTools.subset", "matplotlib.backends.backend_pdf", "PIL.GifImagePlugin"),
    *("multiprocessing.synchronize", "pyarrow.dataset", "pyarrow.pandas_compat", "pywt"),
)

for name in (*SNAKEMAKE, *OF_JOBS):
    import_module(name)
# What Numba loads when it finds the first compiled function.
cpu_target.typing_context.refresh()
cpu_target.target_context.refresh()
