"""What maps, scale bars and estimates of size need to know about the Earth."""

METRES_PER_DEGREE = 111_320.0  # of latitude, on the mean Earth sphere
NEARLY_UP_DEG = 5  # map projections turn north by up to about 3 degrees, which nobody notices


def north_words(north_deg: float | None) -> str:
    """Return in words which way north is on a map, from Grid.north_deg; "" if it is up."""
    if north_deg is None or not abs(north_deg) > NEARLY_UP_DEG:
        return ""
    side = "right" if north_deg > 0 else "left"
    return f"north is {abs(north_deg):.0f}° to the {side} of up"
