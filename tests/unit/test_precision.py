"""bfloat16 products in convolutions: where they are used, and how far they move outputs."""

import pytest
import torch
from sarfusion.fusion import precision
from sarfusion.fusion.convolutions import SingleOutputConv2d, WinogradConv2d
from sarfusion.fusion.networks import build, predict
from sarfusion.fusion.precision import BFLOAT16, FLOAT32, choose_precision, products_in
from sarfusion.study.methods import networks
from torch import nn

CPU = torch.device("cpu")
# Bounds of the differences from float32, in standard deviations of the output. The networks here
# are not trained, so their outputs are small beside the products that they are sums of.
RMS, LARGEST = 0.02, 0.1


def noise(*shape):
    """The same normal numbers each time."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("name", networks())
def test_outputs_move_but_by_little(name):
    torch.manual_seed(0)
    net = build(name, 3, {}, uncertain=True).eval()
    nn.init.normal_(net.log_variance.weight, std=0.01)  # which would be 0 without training
    inputs = noise(3, 40, 56)
    exact, fewer = (predict(net, inputs, each) for each in (FLOAT32, BFLOAT16))
    assert fewer.dtype == torch.float32
    assert fewer.shape == exact.shape == (2, 40, 56)
    for one, other in zip(exact, fewer, strict=True):
        moved = (other - one) / one.std()
        assert 0 < moved.square().mean().sqrt().item() < RMS
        assert moved.abs().max().item() < LARGEST


@pytest.mark.parametrize("name", networks())
def test_float32_is_the_default_and_changes_nothing(name):
    torch.manual_seed(0)
    net = build(name, 3, {}).eval()
    inputs = noise(3, 32, 32)
    with torch.no_grad():
        plain = net(inputs[None].contiguous(memory_format=torch.channels_last))[0]
    assert torch.equal(predict(net, inputs), plain)
    assert torch.equal(predict(net, inputs, FLOAT32), plain)


@torch.no_grad()
@pytest.mark.parametrize("size", [3, 5])
def test_sums_of_rows_are_not_made_of_fewer_digits(size):
    """The error of minimal filtering in bfloat16 would be several times that of a convolution."""
    torch.manual_seed(0)
    layer, x = WinogradConv2d(16, 8, size).eval(), noise(1, 16, 20, 20)
    with products_in(BFLOAT16, CPU):
        assert torch.equal(layer(x), nn.Conv2d.forward(layer, x))
    assert not torch.equal(layer(x), nn.Conv2d.forward(layer, x))  # otherwise it is used


@torch.no_grad()
def test_rows_of_a_kernel_are_summed_in_the_precision_of_the_parameters():
    torch.manual_seed(0)
    layer, x = SingleOutputConv2d(16, 5).eval(), noise(1, 16, 20, 20)
    with products_in(BFLOAT16, CPU):
        found = layer(x)
        rows = [
            nn.functional.conv2d(x, layer.weight[:, :, row : row + 1], padding=(0, 2))
            for row in range(5)
        ]
    assert rows[0].dtype == torch.bfloat16
    summed = sum(row[:, :, at : at + 16].double() for at, row in enumerate(rows))
    expected = summed + layer.bias.double()
    assert found.dtype == torch.float32
    torch.testing.assert_close(found[:, :, 2:18].double(), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("native", [True, False])
def test_emulation_is_said_by_the_name_of_the_setting(native, monkeypatch, caplog):
    monkeypatch.setattr(precision, "multiplies_bfloat16", lambda device: native)
    assert choose_precision("auto", CPU, "training.precision") == (BFLOAT16 if native else FLOAT32)
    assert choose_precision(FLOAT32, CPU, "fusing.precision") == FLOAT32
    assert not caplog.records
    assert choose_precision(BFLOAT16, CPU, "fusing.precision") == BFLOAT16
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == (not native)
    assert all(text.startswith("fusing.precision is bfloat16, for which") for text in said)
