"""The precision of products in convolutions, in training and when networks are applied."""

import logging

import torch

FLOAT32, BFLOAT16 = "float32", "bfloat16"


def choose_precision(precision: str, device: torch.device, setting: str) -> str:
    """Return FLOAT32 or BFLOAT16; `auto` is BFLOAT16 if the device has instructions for it.

    setting: the dotted name of the setting whose value `precision` is. Logs a warning if BFLOAT16
    is requested but only emulated, which is slow.
    """
    native = multiplies_bfloat16(device)
    if precision == "auto":
        return BFLOAT16 if native else FLOAT32
    if precision == BFLOAT16 and not native:
        logging.warning(
            "%s is bfloat16, for which this processor has no instructions: it is emulated, many"
            " times slower than float32",
            setting,
        )
    return precision


def multiplies_bfloat16(device: torch.device) -> bool:
    """Return whether a device has instructions for products of bfloat16 numbers."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.cpu._is_avx512_bf16_supported()


def products_in(precision: str, device: torch.device) -> torch.autocast:
    """Return the context in which products in convolutions on `device` have this precision.

    precision: FLOAT32 or BFLOAT16. Weights and sums that are not part of a convolution keep theirs.
    """
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == BFLOAT16)
