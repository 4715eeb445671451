# The disk space that a run needs, printed before it starts. No rules.

from sarfusion.study import disk


def announce_disk():
    """Print how much disk space the study needs, if it is much; once if there are several plans."""
    if PART and PART.number != 1:
        return
    parts = disk.study_bytes(LAYOUT)
    line = disk.announcement(parts, disk.written_bytes(RESULTS), disk.free_bytes(RESULTS))
    if line:
        print(line, file=sys.stderr, flush=True)
