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
TEXTURE_FLOOR = 0.01  # of L: the standard deviation from which on a window has texture

# Xydeas & Petrovic 2000: heights, slopes and centres of the two sigmoids of Q^AB/F.
STRENGTH = (0.9994, -15, 0.5)
ORIENTATION = (0.9879, -22, 0.8)

CONFIDENCE = 0.95  # of every interval
STEPS = 4  # resampled blocks overlap: they start at every quarter of their side
MIN_BLOCKS = 4  # ground of fewer blocks has no interval
MIN_SEEDS = 2  # with fewer there is no verdict
