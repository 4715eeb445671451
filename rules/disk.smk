# The disk space that a run takes, printed before it starts. No rules.

from sarfusion.study import disk


def announce_disk():
    """Print how much disk space the study takes, if it is much; once of several plans."""
    if PART and PART.number != 1:
        return
    parts = disk.study_bytes(LAYOUT)
    line = disk.announcement(parts, disk.written_bytes(RESULTS), disk.free_bytes(RESULTS))
    if line:
        print(line, file=sys.stderr, flush=True)
