# Helper of the Snakefile: how much of the disk a run takes, printed before it. No rules.

from sarfusion.study import disk


def announce_disk():
    """Print what this study takes of the disk where that matters."""
    parts = disk.study_bytes(LAYOUT)
    line = disk.announcement(parts, disk.written_bytes(RESULTS), disk.free_bytes(RESULTS))
    if line:
        print(line, file=sys.stderr, flush=True)
