"""A logger plugin of Snakemake: each job that it tells of as a line of JSON on standard output.

For dry runs. Errors go to standard error.
"""

import json
import logging
import sys

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent


class LogHandler(LogHandlerBase):
    """Writes the lines."""

    writes_to_stream = True
    writes_to_file = False
    has_filter = True
    has_formatter = True
    needs_rulegraph = False

    def emit(self, record):
        """Write what is known of a job."""
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
