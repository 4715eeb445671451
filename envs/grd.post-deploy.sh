#!/bin/sh
# Snakemake runs this once in the new conda environment of grd.yaml. The available records of
# conda-forge have neither sarsen nor the packages below, so these come from PyPI, in the versions
# and with the checksums of requirements-grd.lock (a test compares them), and without further
# packages.
set -eu
python -m pip install --no-deps --only-binary :all: --require-hashes -r /dev/stdin <<END
elementpath==5.1.4 \
    --hash=sha256:3c912a9c41311ac5244c038867670d7c0b0fec0e444813608e5b846dbb3428ac \
    --hash=sha256:5ec8d7bb44b16c98414a6a95e20cb150f3cbfc3cac65edc14773288c7a937376
flox==0.11.2 \
    --hash=sha256:ca48d391e4a06cdf1c24368bf73114191851149611a5b318d82436fa713efdf0 \
    --hash=sha256:d3932bfe9e26729dd7e471c4d448abeaee7a62272621f584de0e704b3c0665cb
numpy-groupies==0.16.0 \
    --hash=sha256:018004b875e42348d27211e622a84c99c33bf0aa431239cdaaa2359f8f24f668 \
    --hash=sha256:eb2a3c33697dee6b5c27e5c132b1c8b67d27ef7cf02355a7a9c2671b6badca59
sarsen==0.9.6 \
    --hash=sha256:04ad17f4f89682c023724705ac337bfac4bcd02743355e51c0f173b218fc3d3c \
    --hash=sha256:e20a10a1e3bee965271b81c6e5663ca668bbbf8b7546ed06a2ca5d37b25470f5
xarray-sentinel==0.9.6 \
    --hash=sha256:6067627bd53dc091c7e4078504959578c4ef96e605b1b411cf2c124a3f241630 \
    --hash=sha256:c524cf632bdee9785086dd86edee5accdac3e4f196620e116fa6e6c9e851f34a
xmlschema==4.3.2 \
    --hash=sha256:cf5c970a30f6ebcb3da35260e694704cc0b6794d8ace46125bb2a95e38ed9307 \
    --hash=sha256:f3b33a21a2b2cdc404ddc3fb599d8bc1dee90b155d547370672e6e684746b8d6
END
