"""The one exception for what a person can mend."""


class StudyError(Exception):
    """Bad input. The message is one line: what is wrong, where, and what to do."""
