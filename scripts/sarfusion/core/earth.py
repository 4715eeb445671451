"""The Earth, as far as scale bars and estimates of size need it."""

METRES_PER_DEGREE = 111_320.0  # of latitude, on the mean Earth sphere
