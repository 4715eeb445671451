"""Results of another person, held against what is made again here. Nothing in them is trusted:
a check reads no file that is too large or no plain file, opens no pickle, and fails in one line.
"""
