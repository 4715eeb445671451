"""The spectral indices (a - b) / (a + b) of two bands that are scored in filled gaps."""

INDICES = {  # name -> (bands a and b)
    # Rouse et al. 1974, Monitoring vegetation systems in the Great Plains with ERTS, NASA SP-351.
    "ndvi": ("nir", "red"),
    # Zha, Gao & Ni 2003, Use of normalized difference built-up index in automatically mapping urban
    # areas from TM imagery, International Journal of Remote Sensing 24(3).
    "ndbi": ("swir16", "nir"),
}
