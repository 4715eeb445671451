"""Constants that define metrics, intervals and verdicts.

They are in one place, for the code that uses them and the paper that prints them.
"""

# A spread or a mean below this fraction of the data's level is rounding (6e-8 in float32), not
# signal. One digital number of Landsat in one pixel of a window is still above it.
FLOAT32_ROUNDING = 1e-6

SSIM_WINDOW = 11  # pixels; the span of a Gaussian of sigma 1.5 in Wang 2004 and in scikit-image
SSIM_SIGMA = 1.5  # pixels
STABLE = (0.01, 0.03)  # of L: the roots of SSIM's constants C1 and C2
UIQI_WINDOW = 8
SOBEL_WINDOW = 3
WINDOWS = {  # side in pixels of the square window, for metrics with a value per window
    "ssim": SSIM_WINDOW,
    "uiqi": UIQI_WINDOW,
    "uiqi_textured": UIQI_WINDOW,
    "gradient_cc": SOBEL_WINDOW,
    "q_af": SOBEL_WINDOW,
}
MAX_WINDOW = max(WINDOWS.values())
MIN_WINDOWS = 8  # side by side; a score of fewer pixels than these contain is not shown
LEAST_N = {name: MIN_WINDOWS * side**2 for name, side in WINDOWS.items()}
TEXTURE_FLOOR = 0.01  # of L: the standard deviation above which a window has texture
PARTS = {  # labels of metrics that compare one part of the gaps with another
    "rmse_by_distance": "RMSE far − near",
    "rmse_by_age": "RMSE old − recent",
}
FROM_DATES = "from_dates"  # the metric of dates.py: a share, 0 for methods without other dates

# Xydeas & Petrovic 2000: heights, slopes and centres of the two sigmoids of Q^AB/F.
STRENGTH = (0.9994, -15, 0.5)
ORIENTATION = (0.9879, -22, 0.8)

CONFIDENCE = 0.95  # of every interval
STEPS = 4  # resampled blocks overlap: they start at every quarter of their side
LENGTHS_IN_BLOCK = 2  # the side of a block of ground, in correlation lengths of a difference
MIN_BLOCKS = 4  # with fewer blocks of ground there is no interval
MIN_SEEDS = 3  # with fewer there is no verdict
MIN_SITES = 3  # with this many or more, a claim is judged over sites
WITHIN = "within"  # the direction of a claim on a level, which must be within a range

# Sources of the standard deviation of a filled pixel, as tables name them.
SEEDS_ALONE = "seeds"  # the spread of the means over seeds
ENSEMBLE = "ensemble"  # that spread and the variance that the networks learned
CALIBRATED = "calibrated"  # ENSEMBLE if a method has it, else SEEDS_ALONE, times the factor
UNCERTAINTIES = {
    SEEDS_ALONE: "seeds alone",
    ENSEMBLE: "network and seeds",
    CALIBRATED: "calibrated",
}
SCALE = "scale"  # that factor, as a metric
LEVELS = tuple(range(5, 100, 5))  # percent: levels of the intervals whose coverage is counted
TESTED_LEVELS = (50, 80, 95)  # percent: levels whose coverage has an interval itself
COVERAGE = f"coverage_{100 * CONFIDENCE:.0f}"  # the metric that a claim is about
REMOVED = tuple(range(0, 100, 5))  # percent of the pixels that a sparsification curve leaves out
# Findings of a ranking: for a method compared with another, and for that other one.
BETTER, WORSE, CANNOT_TELL, ITSELF = "better", "worse", "cannot tell", "itself"


def coverage_label(metric: str) -> str:
    """Return e.g. "Coverage of the 95 % interval" for "coverage_95"."""
    return f"Coverage of the {metric.removeprefix('coverage_')} % interval"
