"""How a script ends when Snakemake runs it: a log, and one line for an error."""

import gc
import logging
import os
import sys
import time
import traceback
from contextlib import contextmanager
from pathlib import Path

from .errors import StudyError


@contextmanager
def job(log):
    """Log to the file `log`; end with exit code 1 and a line `error: ...` in it on failure.

    Warnings also go to standard error: nobody opens the log of a job that went well.
    What a person can mend (bad input, a full disk) gets that line alone, anything else its
    traceback before it. Snakemake shows the log of a job that failed, ./reproduce the line.
    """
    # What imports made stays to the end, where looking through it for garbage takes up to 0.5 s.
    gc.freeze()
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(
        filename=log, filemode="w", level=logging.INFO, format="%(message)s", force=True
    )
    terminal = logging.StreamHandler()
    terminal.addFilter(lambda record: record.levelno == logging.WARNING)
    logging.getLogger().addHandler(terminal)
    logging.captureWarnings(True)
    logging.info("started in %.2f s", time.process_time())  # of the processor: Python, imports
    try:
        yield
    except (StudyError, OSError, MemoryError) as error:
        logging.error("error: %s", " ".join(str(error).split()) or type(error).__name__)
        sys.exit(1)
    except Exception as error:
        logging.error("%s", traceback.format_exc())
        logging.error("error: %s: %s", type(error).__name__, " ".join(str(error).split()))
        sys.exit(1)


def is_offline():
    """Tell whether this run must do with what is here (./reproduce STUDY --offline)."""
    return os.environ.get("SARFUSION_OFFLINE") == "1"
