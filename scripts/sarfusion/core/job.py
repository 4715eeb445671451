"""How Snakemake runs a script: arguments by name, a log, and one line for an error.

A script imports this module before any other, so that errors of its other imports are logged too,
and no library sees environment variables that would change what the script computes.
"""

import gc
import inspect
import logging
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .errors import StudyError
from .variables import clean

SECTIONS = ("input", "output", "params", "wildcards")  # of a rule, with named values


def run(main: Callable[..., None], snakemake: Any) -> None:
    """Run `main` as the job of a rule: see `job` for its log, `arguments` for what it gets.

    snakemake: the object that Snakemake puts into a script.
    """
    with job(snakemake.log[0]):
        main(**arguments(main, snakemake))


def arguments(main: Callable[..., None], snakemake: Any) -> dict[str, Any]:
    """Return a value for each parameter of `main`, taken by name from the rule of a job.

    Named inputs, outputs, params and wildcards have the name that the rule gives them; `threads`
    and `wildcards` (all of them, as a dictionary) can be asked for too. Several files or values
    under one name are a list. A parameter that the rule does not name keeps its default.
    Raises TypeError if it has none, or if a name occurs in more than one of these places.
    """
    named = {section: dict(getattr(snakemake, section).items()) for section in SECTIONS}
    job_wide = {"threads": snakemake.threads, "wildcards": named["wildcards"]}
    places = named | {"the job itself": job_wide}
    values = {}
    for name, parameter in inspect.signature(main).parameters.items():
        where = [place for place, names in places.items() if name in names]
        if len(where) > 1:
            raise TypeError(f"{_script(main)}: {name} is in {' and in '.join(where)} of its rule")
        if where:
            value = places[where[0]][name]
            values[name] = list(value) if isinstance(value, list) else value
        elif parameter.default is parameter.empty:
            raise TypeError(
                f"{_script(main)}: {name} has no default, and its rule has no such name in"
                f" {', '.join(SECTIONS)}"
            )
    return values


def _script(main: Callable[..., None]) -> str:
    """Return the file name of the script of `main`, also where Snakemake runs a copy of it."""
    return Path(main.__globals__["__file__"]).name


@contextmanager
def job(log: str | Path) -> Iterator[None]:
    """Log to the file `log`; end with exit code 1 and a line `error: ...` in it on failure.

    For a problem that the user can solve (bad input, a full disk), the log has only that line; for
    any other error, the traceback comes before it. Snakemake prints the log of a failed job,
    ./reproduce only the line. Warnings also go to standard error, since nobody opens the log of a
    successful job.
    """
    # The last collection skips imported objects (tests/benchmarks/bench_tricks.py has the gain).
    gc.freeze()
    _open_log(log)
    logging.captureWarnings(True)
    logging.info("started in %.2f s", time.process_time())  # of the processor: Python, imports
    try:
        yield
    except (StudyError, OSError, MemoryError) as error:
        logging.error("error: %s", " ".join(str(error).split()) or type(error).__name__)
        sys.exit(1)
    except Exception as error:
        _log_traceback(error)
        sys.exit(1)


def _open_log(log: str | Path) -> None:
    """Log to the file `log`, and warnings to standard error too."""
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(
        filename=log, filemode="w", level=logging.INFO, format="%(message)s", force=True
    )
    terminal = logging.StreamHandler()
    terminal.addFilter(lambda record: record.levelno == logging.WARNING)
    logging.getLogger().addHandler(terminal)


def _log_traceback(error: BaseException) -> None:
    """Log the traceback of an error, and a line `error: ...`."""
    logging.error("%s", "".join(traceback.format_exception(error)))
    logging.error("error: %s: %s", type(error).__name__, " ".join(str(error).split()))


def _log_uncaught(kind: type[BaseException], error: BaseException, trace: Any) -> None:
    """Log an error outside `job`: one that an import of the script raises. See sys.excepthook."""
    if issubclass(kind, Exception):
        _open_log(sys.modules["__main__"].snakemake.log[0])
        _log_traceback(error)
    elif not issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)


if hasattr(sys.modules["__main__"], "snakemake"):  # in a script that Snakemake runs
    sys.excepthook = _log_uncaught
    clean(os.environ, Path(".snakemake/cache").absolute())


def is_impatient() -> bool:
    """Return whether a search gives up soon (./reproduce lock STUDY --impatient)."""
    return os.environ.get("SARFUSION_IMPATIENT") == "1"


def is_offline() -> bool:
    """Return whether this run may not use the network (./reproduce STUDY --offline)."""
    return os.environ.get("SARFUSION_OFFLINE") == "1"
