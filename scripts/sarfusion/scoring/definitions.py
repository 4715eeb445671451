"""What metrics, intervals and verdicts are defined with.

They are in one place, for the code that uses them and the paper that prints them.
"""

# A spread or a mean below this part of the data's level is rounding (float32 carries 6e-8), not
# signal. One digital number of Landsat in one pixel of a window is still above it.
FLOAT32_ROUNDING = 1e-6

SSIM_WINDOW = 11  # pixels; what a gaussian of sigma 1.5 spans in Wang 2004 and in scikit-image
SSIM_SIGMA = 1.5  # pixels
STABLE = (0.01, 0.03)  # of L: the roots of SSIM's constants C1 and C2
UIQI_WINDOW = 8
SOBEL_WINDOW = 3
WINDOWS = {  # of metrics whose values are of a square window: its side in pixels
    "ssim": SSIM_WINDOW,
    "uiqi": UIQI_WINDOW,
    "uiqi_textured": UIQI_WINDOW,
    "gradient_cc": SOBEL_WINDOW,
    "q_af": SOBEL_WINDOW,
}
MAX_WINDOW = max(WINDOWS.values())
MIN_WINDOWS = 8  # side by side: a score of fewer pixels than they have is not shown
LEAST_N = {name: MIN_WINDOWS * side**2 for name, side in WINDOWS.items()}
TEXTURE_FLOOR = 0.01  # of L: the standard deviation from which on a window has texture
PARTS = {  # labels of metrics that hold one part of the gaps against another
    "rmse_by_distance": "RMSE far − near",
    "rmse_by_age": "RMSE old − young",
}
FROM_DATES = "from_dates"  # the metric of dates.py: a share, 0 for methods that know no other date

# Xydeas & Petrovic 2000: heights, slopes and centres of the two sigmoids of Q^AB/F.
STRENGTH = (0.9994, -15, 0.5)
ORIENTATION = (0.9879, -22, 0.8)

CONFIDENCE = 0.95  # of every interval
STEPS = 4  # resampled blocks overlap: they start at every quarter of their side
LENGTHS_IN_BLOCK = 2  # the side of a block of ground, in correlation lengths of a difference
MIN_BLOCKS = 4  # ground of fewer blocks has no interval
MIN_SEEDS = 3  # with fewer there is no verdict
MIN_SITES = 3  # from so many on, sites are what a claim is judged from
WITHIN = "within"  # the direction of a claim on a level, which has to lie in a range

# What the standard deviation of a filled pixel comes from, as tables name it.
SEEDS_ALONE = "seeds"  # the spread of the means over seeds
ENSEMBLE = "ensemble"  # this and the variance that the networks learned
CALIBRATED = "calibrated"  # the last of these that a method has, times the factor
UNCERTAINTIES = {
    SEEDS_ALONE: "seeds alone",
    ENSEMBLE: "network and seeds",
    CALIBRATED: "calibrated",
}
SCALE = "scale"  # that factor, as a metric
LEVELS = tuple(range(5, 100, 5))  # percent: of the intervals whose coverage is counted
TESTED_LEVELS = (50, 80, 95)  # percent: of those whose coverage has an interval itself
COVERAGE = f"coverage_{100 * CONFIDENCE:.0f}"  # the metric that is claimed
REMOVED = tuple(range(0, 100, 5))  # percent of the pixels that a sparsification curve leaves out
# Findings of a ranking: of a method held against another, and of that one.
BETTER, WORSE, CANNOT_TELL, ITSELF = "better", "worse", "cannot tell", "itself"


def coverage_label(metric: str) -> str:
    """Return e.g. "Coverage of the 95 % interval" for "coverage_95"."""
    return f"Coverage of the {metric.removeprefix('coverage_')} % interval"
