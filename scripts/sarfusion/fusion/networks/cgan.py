"""A U-Net that is trained against a discriminator."""

from typing import Any

import torch

from ..adversarial import Adversarial
from . import unet


class Body(unet.Body):
    """The U-Net as the generator of a conditional GAN; its options are those of the U-Net.

    See Adversarial for its loss. It trades squared error for texture, so its RMSE is expected to be
    higher than that of the U-Net.
    """

    def __init__(self, channels: int, **options: Any) -> None:
        super().__init__(channels, **options)
        self._channels = channels

    def new_loss(self, device: torch.device) -> Adversarial:
        """Return the loss for its training, whose weights are drawn and are on `device`."""
        return Adversarial(self._channels, self.width, self.radius, device)
