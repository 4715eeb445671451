"""Files, rasters, tiles, errors and jobs: what every other package rests on."""
