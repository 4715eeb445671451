"""The Earth, as far as maps, scale bars and estimates of size need it."""

METRES_PER_DEGREE = 111_320.0  # of latitude, on the mean Earth sphere
NEARLY_UP_DEG = 5  # map projections turn north by up to some 3 degrees, which no reader sees


def north_words(north_deg: float | None) -> str:
    """Return in words which way north is on a map, from Grid.north_deg; "" where it is up."""
    if north_deg is None or not abs(north_deg) > NEARLY_UP_DEG:
        return ""
    side = "right" if north_deg > 0 else "left"
    return f"north is {abs(north_deg):.0f}° to the {side} of up"
