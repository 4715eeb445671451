"""Raw Sentinel-1 scenes (IW GRDH): calibrated, cleaned of noise, and brought onto a map."""
