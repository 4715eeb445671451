# Helper of the Snakefile: what a run will take of the disk, told before it. No rules.

from sarfusion.study import disk


def tell_disk():
    """Print what this study takes of the disk where that matters."""
    parts = disk.study_bytes(
        STUDY, {name: runs(name) for name in STUDY["protocols"]}, len(figure_files())
    )
    folder = result("")
    line = disk.told(parts, disk.written_bytes(folder), disk.free_bytes(folder))
    if line:
        print(line, file=sys.stderr, flush=True)
