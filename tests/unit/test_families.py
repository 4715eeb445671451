"""The layers of the network families by hand, and every network in every protocol."""

import itertools
import json
import re
from pathlib import Path

import pytest
import torch
from sarfusion.fusion import blocks, channels, checkpoint
from sarfusion.fusion.losses import Outcome
from sarfusion.fusion.networks import attention, build, multiscale, transformer
from sarfusion.study.config import read_study, resolve
from sarfusion.study.inputs import INPUTS, places_of
from sarfusion.study.methods import networks
from sarfusion.study.protocols import PROTOCOLS
from sarfusion.study.schemas import CONFIG

PAGE = Path(__file__).resolve().parents[2] / "docs/families.md"
BRANCHED = ["dual_branch", "attention", "multiscale", "transformer"]


def set_to(layer, weight, bias=0.0):
    """Set all weights of a layer to a number, and its bias."""
    torch.nn.init.constant_(layer.weight, weight)
    torch.nn.init.constant_(layer.bias, bias)


def every_list_of_channels():
    """(protocol, names) of each protocol and input that is possible there, dates in gaps only."""
    for name, protocol in PROTOCOLS.items():
        known = [each for each in INPUTS.values() if protocol.withholds or not each.is_dated]
        for given in known:
            places = places_of(known)
            yield (
                name,
                channels.channel_names(
                    "red", given.channels, protocol.withholds, places, protocol.gives_band
                ),
            )
        # A study may have only inputs without SAR.
        if protocol.gives_band:
            yield name, channels.channel_names("red", [], protocol.withholds)


@pytest.mark.parametrize("name", networks())
def test_every_network_works_in_every_protocol(name, tmp_path):
    """It has finite gradients, and its checkpoint restores the same network."""
    width = {} if name in ("cnn", "cae") else {"width": 8}
    seen = set()
    for (protocol, names), uncertain in itertools.product(every_list_of_channels(), (False, True)):
        if (*names, uncertain) in seen:
            continue
        seen.add((*names, uncertain))
        residual = PROTOCOLS[protocol].withholds
        torch.manual_seed(0)
        net = build(
            name,
            len(names),
            width,
            starts=channels.start_places(names) if residual else (),
            radar=channels.radar_places(names),
            uncertain=uncertain,
        )
        x, target = torch.randn(2, len(names), 16, 16), torch.randn(2, 1, 16, 16)
        where = torch.rand(target.shape) < 0.5 if residual else None
        count = target.numel() if where is None else int(where.sum())
        output = net(x)
        assert output.shape == (2, 1 + uncertain, 16, 16)
        loss = net.new_loss(torch.device("cpu"))(Outcome(x, output, target, where, count))
        loss.backward()
        assert all(torch.isfinite(weights.grad).all() for weights in net.band.parameters())
        record = {"network": name, "options": width, "channels": names}
        record |= {"residual": residual, "uncertainty": uncertain}
        files = tmp_path / "seed1.safetensors", tmp_path / "seed1.json"
        checkpoint.save(net, record, *files)
        again, found = checkpoint.load(*files)
        assert json.dumps(found) == json.dumps(record)
        with torch.no_grad():
            torch.testing.assert_close(again(x), output.detach(), rtol=0, atol=1e-4)
    assert len(seen) > 20


@pytest.mark.parametrize("name", BRANCHED)
def test_a_branch_sees_its_channels_alone(name):
    net = build(name, 4, {"width": 8}, radar=[1, 3]).body
    branches = {"optical": [0, 2], "radar": [1, 3]}
    for branch, places in branches.items():
        layers = getattr(net, branch)
        layers = layers if isinstance(layers, torch.nn.ModuleList) else [layers]
        x = torch.rand(1, 4, 16, 16, requires_grad=True)
        sum(part(x).sum() for part in layers).backward()
        reached = x.grad.abs().sum(dim=(0, 2, 3)) > 0
        assert torch.nonzero(reached).flatten().tolist() == places


@pytest.mark.parametrize("name", BRANCHED)
def test_a_network_without_sar_has_the_layers_of_one_with_it(name):
    alone, with_sar = (
        sum(p.numel() for p in build(name, 1 + len(radar), {}, radar=radar).parameters())
        for radar in ([], [1])
    )
    assert alone == with_sar


def test_a_branch_without_channels_is_zero():
    x = torch.rand(2, 3, 4, 5)
    assert torch.equal(blocks.Branch([])(x), torch.zeros(2, 1, 4, 5))
    assert torch.equal(blocks.Branch([2, 0])(x), x[:, [2, 0]])


def test_a_residual_block_by_hand():
    block = blocks.residual_convolutions(1, scale=0.1)
    first, _, second = block.layers
    for layer in (first, second):
        set_to(layer, 0.0)
        layer.weight.data[0, 0, 1, 1] = 2.0
    x = torch.tensor([[[[-3.0, 5.0]]]])
    torch.testing.assert_close(block(x), torch.tensor([[[[-3.0, 5 + 0.1 * 2 * (2 * 5)]]]]))


def test_scales_see_neighbours_one_two_and_four_pixels_away():
    scales = multiscale.Scales(1, 1)
    for layer in scales.scales:
        set_to(layer, 1.0)
    x = torch.zeros(1, 1, 11, 11)
    x[0, 0, 5, 5] = 1
    for step, found in zip((1, 2, 4), scales(x)[0], strict=True):
        expected = torch.zeros(11, 11)
        expected[5 - step : 6 + step : step, 5 - step : 6 + step : step] = 1
        assert torch.equal(found, expected)


def test_weights_of_channels_come_from_the_mean_of_the_window():
    gate = attention.ChannelAttention(4)
    (squeeze, _), widen, _ = gate.weights
    set_to(squeeze, 0.0)
    set_to(widen, 1.0)
    squeeze.weight.data[0, 2] = 1.0  # only the mean of channel 2 decides
    x = torch.rand(1, 4, 9, 9)
    means = torch.stack(
        [
            x[0, 2, max(0, row - 3) : row + 4, max(0, column - 3) : column + 4].mean()
            for row in range(9)
            for column in range(9)
        ]
    ).view(9, 9)
    torch.testing.assert_close(gate(x), x * torch.sigmoid(means))


def test_weights_of_places_come_from_mean_and_maximum_of_the_channels():
    gate = attention.PlaceAttention()
    layer = gate.weights[0]
    set_to(layer, 0.0, 0.5)
    layer.weight.data[0, :, 2, 2] = torch.tensor([2.0, -1.0])
    x = torch.rand(2, 3, 4, 5)
    weights = torch.sigmoid(2 * x.mean(1) - x.amax(1) + 0.5)
    torch.testing.assert_close(gate(x), x * weights[:, None])


def test_windows_are_squares_and_are_put_back():
    x = torch.arange(2 * 3 * 16 * 24).view(2, 3, 16, 24)
    tokens = transformer.into_windows(x)
    assert tokens.shape == (2 * 2 * 3, 64, 3)
    # The fifth window of the first image has rows 8 to 15 and columns 8 to 15.
    assert torch.equal(tokens[4].T.view(3, 8, 8), x[0, :, 8:, 8:16])
    assert torch.equal(transformer.out_of_windows(tokens, 16, 24), x)


def test_nearness_falls_with_the_distance():
    nearness, offsets = transformer.initial_nearness(3), transformer.offsets()
    # Pixels 9 (row 1, column 1) and 36 (row 4, column 4) are 3 rows and 3 columns apart.
    expected = -torch.tensor([2.0, 1.0, 0.5]) * 18**0.5
    torch.testing.assert_close(nearness[:, offsets[9, 36]], expected)
    assert torch.equal(offsets.diagonal(), torch.full((64,), 7 * 15 + 7))
    assert (nearness[:, offsets[5, 5]] == 0).all()
    assert len(offsets.unique()) == 15**2


@pytest.mark.parametrize("training", [True, False])
def test_attention_gives_the_mean_of_the_window_or_the_pixel_itself(training):
    block = transformer.CrossAttention(32).train(training)
    for layer in (block.query, block.perceptron[2]):
        set_to(layer, 0.0)
    for layer in (block.value, block.merge):
        set_to(layer, 0.0)
        layer.weight.data.copy_(torch.eye(32))
    x, others = torch.rand(5, 64, 32), torch.rand(5, 64, 32)
    normalised = torch.nn.functional.layer_norm(others, [32])
    with torch.no_grad():
        block.nearness.zero_()
        torch.testing.assert_close(block(x, others), x + normalised.mean(1, keepdim=True))
        block.nearness.fill_(-1e9)
        block.nearness[:, 7 * 15 + 7] = 0
        torch.testing.assert_close(block(x, others), x + normalised)
        block.nearness[0] = 0  # the first 16 features attend to all again
        mixed = torch.cat(
            [normalised[..., :16].mean(1, keepdim=True).expand(5, 64, 16), normalised[..., 16:]], -1
        )
        torch.testing.assert_close(block(x, others), x + mixed)


def test_a_trained_transformer_gives_what_it_gave_in_training():
    torch.manual_seed(0)
    net = build("transformer", 3, {"width": 16}, radar=[2]).double()
    x = torch.rand(2, 3, 24, 16).double()
    with torch.no_grad():
        torch.testing.assert_close(net.train()(x), net.eval()(x), rtol=0, atol=1e-13)


def test_the_page_and_the_study_have_every_network():
    """The page states its parameters in the study, and its radius."""
    study = resolve(read_study(CONFIG / "families.yaml"))
    assert {model["network"] for model in study["models"].values()} == set(networks())
    rows = re.findall(r"^\| `(\w+)` \| .+? \| (\d+) \| (\d+) \|", PAGE.read_text(), re.M)
    stated = {name: (int(parameters), int(radius)) for name, parameters, radius in rows}
    names = channels.channel_names("red", INPUTS["ratio"].channels, True)
    assert stated.keys() == set(networks())
    for model in study["models"].values():
        net = build(
            model["network"], len(names), model["options"], radar=channels.radar_places(names)
        )
        count = sum(weights.numel() for weights in net.parameters())
        assert stated[model["network"]] == (count, net.radius)
        assert net.radius <= study["split"]["buffer_px"]
