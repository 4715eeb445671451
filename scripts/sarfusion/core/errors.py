"""The exception for problems that the user can solve."""


class StudyError(Exception):
    """Bad input. The message is one line: what is wrong, where, and what to do."""
