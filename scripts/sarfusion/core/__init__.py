"""Files, rasters, tiles, errors and jobs, which every other package uses."""
