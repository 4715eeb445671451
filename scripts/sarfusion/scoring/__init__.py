"""Scores on test ground, their intervals, and the verdicts on claims."""
