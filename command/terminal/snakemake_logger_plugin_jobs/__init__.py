"""A logger plugin of Snakemake for dry runs: each job as a line of JSON on standard output.

Errors go to standard error.
"""

import json
import logging
import sys
from typing import Any

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent


class LogHandler(LogHandlerBase):
    """Prints the lines."""

    writes_to_stream = True
    writes_to_file = False
    has_filter = True
    has_formatter = True
    needs_rulegraph = False

    def emit(self, record: Any) -> None:
        """Print the facts of a job, or an error."""
        if getattr(record, "event", None) == LogEvent.JOB_INFO:
            job = {
                "rule": record.rule_name,
                "what": record.rule_msg,
                "wildcards": dict(record.wildcards),
                "output": list(record.output),
                "log": list(record.log),
                "reason": record.reason,
            }
            print(json.dumps(job))
        elif record.levelno >= logging.ERROR:
            print(record.getMessage(), file=sys.stderr)
