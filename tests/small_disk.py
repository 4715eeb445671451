"""A disk of a few kilobytes, to be filled."""

import shutil
import subprocess
from contextlib import contextmanager

import pytest


@contextmanager
def small_disk(folder, kilobytes):
    """Mount a file system of this size on a new folder within the block; this needs root."""
    folder.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={kilobytes}k"]
    mount = shutil.which("mount")
    command = [mount, *options, "tmpfs", str(folder)]
    if not mount or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("needs mount, and the right to use it")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def enlarge(folder, kilobytes):
    """Give a mounted small disk another size."""
    command = ["mount", "-o", f"remount,size={kilobytes}k", str(folder)]
    subprocess.run(command, check=True)
