"""The exceptions for problems that the user can solve."""

from collections.abc import Sequence

Keys = Sequence[str | int]  # keys and numbers of items that lead to a setting, from the top level


MAX_MESSAGE = 1500  # characters; a value that a message repeats may be very long


class StudyError(Exception):
    """Bad input. The message is one line: what is wrong, where, and what to do."""

    def __init__(self, message: str) -> None:
        line = " ".join(message.split())
        half = MAX_MESSAGE // 2
        super().__init__(line if len(line) <= MAX_MESSAGE else f"{line[:half]} ... {line[-half:]}")


class SettingError(StudyError):
    """An invalid setting of a study.

    keys: the keys that lead to it. problem: what is wrong, without the file. A caller that knows
    the files of the study replaces the word `config` with the file and the line (see
    core/yaml_file.py).
    """

    def __init__(self, keys: Keys, problem: str) -> None:
        super().__init__(f"config: {problem}")
        self.keys, self.problem = tuple(keys), problem

    @classmethod
    def at(cls, keys: Keys, problem: str) -> "SettingError":
        """Return the error whose message starts with the dotted name of the setting."""
        return cls(keys, f"{dotted(keys)}: {problem}")


def dotted(keys: Keys) -> str:
    """Return the name of a setting, such as `sites.hanoi.area`."""
    return ".".join(map(str, keys)) or "the top level"
