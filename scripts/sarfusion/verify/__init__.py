"""Checks that compare another person's results with results that are made again here.

Nothing in these results is trusted: a check reads plain files of limited size, unpickles nothing,
and reports a failure in one line.
"""
