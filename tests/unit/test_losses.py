"""Losses by hand, and the discriminator of a conditional GAN."""

import math

import numpy as np
import pytest
import torch
from sarfusion.fusion.adversarial import Adversarial, Discriminator
from sarfusion.fusion.batches import counted, random_batches, spread_batches
from sarfusion.fusion.losses import Outcome, SquaredError
from sarfusion.fusion.networks import build
from sarfusion.fusion.training import fit, make_deterministic
from sarfusion.ground.patches import PatchSource

CPU = torch.device("cpu")


def outcome(output, target, where=None, inputs=None):
    count = target.numel() if where is None else int(where.sum())
    inputs = torch.zeros_like(target) if inputs is None else inputs
    return Outcome(inputs, output, target, where, count)


def test_the_squared_error_by_hand():
    output = torch.tensor([[[[1.0, 2.0], [3.0, 5.0]]]])
    target = torch.zeros_like(output)
    assert SquaredError()(outcome(output, target)) == (1 + 4 + 9 + 25) / 4
    where = torch.tensor([[[[True, False], [False, True]]]])
    assert SquaredError()(outcome(output, target, where)) == (1 + 25) / 2
    assert SquaredError()(outcome(output, target, where & False)) == 0


def test_the_likelihood_by_hand_and_without_a_gradient_to_the_band():
    output = torch.tensor([3.0, math.log(4)]).view(1, 2, 1, 1).requires_grad_()
    target = torch.ones(1, 1, 1, 1)
    loss = SquaredError()(outcome(output, target))
    assert loss.item() == pytest.approx(4 + (4 / 4 + math.log(4)) / 2)
    loss.backward()
    # 2 (3 - 1) of the squared error alone, and (1 - 4 / 4) / 2 of the likelihood.
    assert output.grad.flatten().tolist() == pytest.approx([4, 0])


@pytest.mark.parametrize("uncertain", [False, True])
def test_the_default_loss_has_the_bits_of_its_formula(uncertain):
    """What the default study trains by, written out as sums over the pixels that count."""
    torch.manual_seed(0)
    net = build("unet", 3, {"width": 8}, starts=[0], uncertain=uncertain)
    assert isinstance(net.new_loss(CPU), SquaredError)
    inputs, target = torch.rand(2, 3, 16, 16), torch.rand(2, 1, 16, 16)
    where = torch.rand(target.shape) < 0.3

    def gradients(loss_of):
        net.zero_grad()
        loss_of(net(inputs)).backward()
        return [weights.grad.clone() for weights in net.parameters()]

    def written_out(output):
        squared, log_variance = (output[:, :1] - target) ** 2, output[:, 1:]
        likelihood = (squared.detach() * torch.exp(-log_variance) + log_variance) / 2
        return ((squared * where).sum() + (likelihood * where).sum()) / where.sum().item()

    ours = gradients(lambda output: SquaredError()(outcome(output, target, where, inputs)))
    assert all(map(torch.equal, ours, gradients(written_out)))


def test_the_discriminator_by_hand():
    net = Discriminator(4, 32)
    assert sum(p.numel() for p in net.parameters()) == (
        (16 * 4 + 1) * 32 + (16 * 32 + 1) * 64 + (16 * 64 + 1) * 128 + 16 * 128 + 1
    )
    for rows, columns in ((8, 8), (32, 20)):
        assert net(torch.zeros(3, 4, rows, columns)).shape == (3, 1, rows // 4, columns // 4)


def test_an_undecided_discriminator_costs_the_logarithm_of_two():
    loss = Adversarial(1, 4, 3, CPU)
    for weights in loss.discriminator.parameters():  # at 0 it has no gradient, and stays there
        torch.nn.init.zeros_(weights)
    target = torch.rand(2, 1, 16, 16)
    assert loss(outcome(target.clone(), target)).item() == pytest.approx(math.log(2))
    off = target + torch.tensor([0.5, -0.25]).view(2, 1, 1, 1)
    assert loss(outcome(off, target)).item() == pytest.approx(math.log(2) + 100 * 0.375)


def test_a_discriminator_learns_to_tell_smooth_bands_from_rough_ones():
    """The network then gains from roughness, which an absolute error alone never rewards."""
    torch.manual_seed(0)
    loss = Adversarial(1, 8, 3, CPU)
    smooth = torch.zeros(8, 1, 16, 16)
    for _ in range(60):
        loss(outcome(smooth, torch.randn(smooth.shape)))
    with torch.no_grad():
        rough, flat = (
            loss.discriminator(torch.cat([smooth, band], dim=1)).mean()
            for band in (torch.randn(smooth.shape), smooth)
        )
    assert rough > flat + 1
    output = smooth.clone().requires_grad_()
    loss(outcome(output, smooth)).backward()
    assert output.grad.abs().sum() > 0  # though the absolute error is 0


def test_the_discriminator_leaves_the_network_alone_in_its_own_update():
    """One update's gradients are those of the loss that is returned, and of nothing else."""
    torch.manual_seed(0)
    net = build("cgan", 2, {"width": 8})
    loss = net.new_loss(CPU)
    inputs, target = torch.rand(2, 2, 16, 16), torch.rand(2, 1, 16, 16)
    before = [weights.clone() for weights in loss.discriminator.parameters()]
    value = loss(outcome(net(inputs), target, None, inputs))
    assert all(weights.grad is None for weights in net.parameters())
    after = [weights.clone() for weights in loss.discriminator.parameters()]
    assert not any(map(torch.equal, before, after))
    value.backward()
    assert all(weights.grad.abs().sum() > 0 for weights in net.body.middle.parameters())
    assert all(map(torch.equal, after, loss.discriminator.parameters()))


def test_in_gaps_no_ground_is_seen_that_the_network_does_not_see():
    torch.manual_seed(0)
    inputs, output, target = (
        torch.rand(1, 3, 40, 40),
        torch.rand(1, 1, 40, 40),
        torch.rand(1, 1, 40, 40),
    )
    where = torch.zeros(1, 1, 40, 40, dtype=torch.bool)
    where[..., 18:22, 18:22] = True

    def value(inputs, output, target):
        torch.manual_seed(1)
        return Adversarial(3, 4, 5, CPU)(outcome(output, target, where, inputs)).item()

    reference = value(inputs, output, target)
    for tensor in (inputs, output, target):
        for at, counts in ((12, False), (13, tensor is inputs), (20, True)):
            for row, column in ((at, 20), (20, at), (at, at)):
                changed = tensor.clone()
                changed[..., row, column] += 1
                parts = [changed if part is tensor else part for part in (inputs, output, target)]
                # A band counts only in the gap, the inputs also up to 5 px around it.
                moved = value(*parts) != reference
                assert moved == counts, (row, column, tensor is inputs)


def trained(seed, gaps, network="cgan"):
    """A network that is trained for a few updates to halve its first channel."""
    make_deterministic(seed, 1)
    rng = np.random.default_rng(0)
    scene = rng.normal(size=(2, 48, 48)).astype(np.float32)
    target = scene[0] / 2
    if gaps:
        target[rng.random(target.shape) < 0.5] = np.nan
    places = [(row, column) for row in range(0, 33, 4) for column in range(0, 33, 4)]
    source = [PatchSource(scene, target, places, 16)]
    net = build(network, 2, {"width": 8})
    batches, validation = random_batches(source, 4, seed), spread_batches(source, 4, 8)
    if gaps:
        batches, validation = counted(batches), list(counted(validation))
    history, _ = fit(
        net,
        batches,
        validation,
        loss=net.new_loss(CPU),
        updates=30,
        learning_rate=3e-3,
        decay="none",
        validate_every=10,
        device=CPU,
        precision="float32",
        progress=iter,
    )
    return net, history


@pytest.mark.parametrize("gaps", [False, True])
def test_a_network_learns_against_a_discriminator(gaps):
    net, history = trained(1, gaps)
    assert history[-1]["validation_loss"] < 0.5 * history[0]["validation_loss"]
    again, other = trained(1, gaps)[0].state_dict(), trained(2, gaps)[0].state_dict()
    assert all(torch.equal(weights, again[name]) for name, weights in net.state_dict().items())
    assert not any(torch.equal(weights, other[name]) for name, weights in net.state_dict().items())
    assert "discriminator" not in " ".join(net.state_dict())


def test_a_cgan_starts_with_the_weights_of_the_unet():
    states = []
    for name in ("cgan", "unet"):
        torch.manual_seed(3)
        states.append(build(name, 2, {}).state_dict())
    assert states[0].keys() == states[1].keys()
    assert all(map(torch.equal, states[0].values(), states[1].values()))
