import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from sarfusion.core.errors import StudyError
from sarfusion.fusion.batches import counted, random_batches, spread_batches, turned
from sarfusion.fusion.losses import SquaredError
from sarfusion.fusion.networks import build
from sarfusion.fusion.optimiser import Adam, decayed
from sarfusion.fusion.training import (
    choose_device,
    fit,
    has_converged,
    make_deterministic,
)
from sarfusion.ground.patches import PatchSource

CPU = torch.device("cpu")


def source(seed=0, size=9):
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(2, 40, 40)).astype(np.float32)
    places = [(row, col) for row in range(0, 31, 5) for col in range(0, 31, 5)]
    return PatchSource(inputs, inputs[0] * 0.5, places, size), inputs, places


def two_patches():
    """Patches 3 and 17 of the source in one batch."""
    _, inputs, places = source()
    chosen = PatchSource(inputs, inputs[0] * 0.5, [places[3], places[17]], 9)
    (batch,) = spread_batches([chosen], 2, 2)
    return batch


def train(seed=1, updates=30, learning_rate=1e-3, network="cnn"):
    make_deterministic(seed, 1)
    patches, _, _ = source()
    net = build(network, 2, {})
    history, best = fit(
        net,
        random_batches([patches], 4, seed),
        spread_batches([patches], 4, 10),
        loss=SquaredError(),
        updates=updates,
        learning_rate=learning_rate,
        decay="none",
        validate_every=10,
        device=CPU,
        precision="float32",
        progress=iter,
    )
    return net, history, best


def test_patches_are_windows_of_the_scene():
    _, inputs, places = source()
    x, y = two_patches()
    assert (x.shape, y.shape) == ((2, 2, 9, 9), (2, 1, 9, 9))
    for i, (row, col) in enumerate([places[3], places[17]]):
        window = inputs[:, row : row + 9, col : col + 9]
        assert np.array_equal(x[i], window)
        assert np.array_equal(y[i, 0], window[0] * 0.5)


def test_draws_depend_on_the_seed_alone():
    first, again, other = (next(random_batches([source()[0]], 8, seed))[0] for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_validation_patches_are_spread_over_the_index():
    patches, inputs, places = source()
    batches = spread_batches([patches], 4, 7)
    assert [len(x) for x, _ in batches] == [4, 3]
    assert np.array_equal(batches[0][0][0, :, 0, 0], inputs[:, 0, 0])
    row, col = places[-1]
    assert np.array_equal(batches[-1][0][-1, :, 0, 0], inputs[:, row, col])


def test_training_lowers_the_loss_and_keeps_the_best_weights():
    net, history, best = train()
    assert [entry["update"] for entry in history] == [10, 20, 30]
    losses = {entry["update"]: entry["validation_loss"] for entry in history}
    assert losses[30] < losses[10]
    assert losses[best] == min(losses.values())
    patches, _, _ = source()
    with torch.no_grad():
        total = sum(((net(x) - y) ** 2).sum() for x, y in spread_batches([patches], 4, 10))
    assert total / (10 * 81) == pytest.approx(min(losses.values()), rel=1e-5)


def test_one_seed_gives_the_same_bits_and_another_seed_does_not():
    first, again, other = (train(seed, updates=10)[0].state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not all(torch.equal(first[name], other[name]) for name in first)


def test_pixels_with_a_target_alone_count():
    gap = np.zeros((2, 9, 9), bool)
    gap[0, 2:5, 3:6] = True
    inputs, target = two_patches()
    target[:, 0][torch.from_numpy(~gap)] = torch.nan
    ((x, y, counts),) = counted([(inputs, target)])
    assert torch.equal(x, inputs)
    assert np.array_equal(counts[:, 0].numpy(), gap)
    assert torch.equal(y[counts], target[counts])
    assert (y[~counts] == 0).all()

    class Nothing(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(1))

        def forward(self, x):
            return x[:, :1] * 0 + self.weight * 0

    history, _ = fit(
        Nothing(),
        iter([(x, y, counts)]),
        [(x, y, counts)],
        loss=SquaredError(),
        updates=1,
        learning_rate=1e-3,
        decay="none",
        validate_every=1,
        device=CPU,
        precision="float32",
        progress=iter,
    )
    expected = (target[0, 0, 2:5, 3:6] ** 2).mean().item()
    assert history[0]["train_loss"] == pytest.approx(expected, rel=1e-6)
    assert history[0]["validation_loss"] == pytest.approx(expected, rel=1e-6)


def test_augmented_patches_are_the_eight_symmetries():
    patch = np.arange(9).reshape(1, 3, 3)
    seen = {turned(patch, symmetry).tobytes() for symmetry in range(8)}
    assert len(seen) == 8
    assert np.array_equal(turned(patch, 0), patch)
    assert turned(patch, 4).tolist() == patch.swapaxes(1, 2).tolist()
    first, same = (next(random_batches([source()[0]], 8, 1, augment=True)) for _ in range(2))
    assert torch.equal(first[0], same[0])
    assert torch.equal(first[0][:, :1] * 0.5, first[1])  # inputs and target turn together


def test_the_learning_rate_falls_by_half_a_cosine():
    assert [decayed(2.0, "cosine", done) for done in (0, 0.5, 1)] == pytest.approx([2, 1, 0])
    assert decayed(2.0, "none", 0.9) == 2


def test_training_has_converged_where_the_last_quarter_changed_little():
    def history(*losses):
        return [
            {"update": 25 * n, "validation_loss": loss} for n, loss in enumerate(losses, start=1)
        ]

    assert has_converged(history(9, 5, 4, 3.97))
    assert not has_converged(history(9, 5, 4, 3.9))
    assert has_converged(history(9, 5, 4, 6))
    assert not has_converged(history(9))


def halves():
    """An image of two halves, and a target whose noise is .5 on the left and 2 on the right."""
    scene = np.zeros((1, 64, 64), np.float32)
    scene[0, :, 32:] = 1
    noise = np.random.default_rng(0).normal(size=(64, 64))
    return scene, (noise * np.where(scene[0], 2.0, 0.5)).astype(np.float32)


def fused_halves(uncertain, updates):
    """The outputs for the image of a network that was trained on it."""
    scene, target = halves()
    places = [(row, column) for row in range(0, 49, 4) for column in range(0, 49, 4)]
    patches = [PatchSource(scene, target, places, 16)]
    make_deterministic(1, 1)
    net = build("unet", 1, {}, starts=[0], uncertain=uncertain)
    fit(
        net,
        random_batches(patches, 4, 1),
        spread_batches(patches, 4, 16),
        loss=SquaredError(),
        updates=updates,
        learning_rate=3e-3,
        decay="cosine",
        validate_every=updates,
        device=CPU,
        precision="float32",
        progress=iter,
    )
    with torch.no_grad():
        return net.eval()(torch.from_numpy(scene)[None])[0]


def test_noise_that_differs_between_halves_is_recovered():
    deviation = torch.exp(fused_halves(uncertain=True, updates=320)[1] / 2)
    assert deviation[:, 4:24].mean() == pytest.approx(0.5, rel=0.25)
    assert deviation[:, 40:60].mean() == pytest.approx(2.0, rel=0.25)


def test_a_band_is_learned_as_without_its_variance():
    """After few updates: sums are in another order, and training makes rounding grow."""
    untrained, plain = (fused_halves(uncertain=False, updates=updates) for updates in (1, 8))
    both = fused_halves(uncertain=True, updates=8)
    assert torch.allclose(plain[0], both[0], atol=1e-4)
    assert not torch.allclose(plain[0], untrained[0], atol=1e-2)


def test_divergence_is_said():
    with pytest.raises(StudyError, match="diverged before update 10; lower training.learning_rate"):
        train(learning_rate=1e30)


@pytest.mark.skipif(torch.cuda.is_available(), reason="says what happens without a GPU")
def test_a_gpu_that_is_not_there_is_said():
    assert choose_device("auto") == CPU
    with pytest.raises(StudyError, match="training.device is cuda"):
        choose_device("cuda")


def test_updates_are_those_of_pytorchs_adam():
    torch.manual_seed(0)
    nets = [build("cnn", 2, {}), build("cnn", 2, {})]
    nets[1].load_state_dict(nets[0].state_dict())
    optimisers = [
        Adam(nets[0].parameters(), 1e-3),
        torch.optim.Adam(nets[1].parameters(), lr=1e-3, fused=True),
    ]
    for _ in range(3):
        inputs = torch.randn(2, 2, 9, 9)
        for net, optimiser in zip(nets, optimisers, strict=True):
            optimiser.zero_grad()
            net(inputs).square().mean().backward()
            optimiser.step()
    for ours, theirs in zip(*(net.parameters() for net in nets), strict=True):
        assert torch.equal(ours, theirs)


def test_training_does_not_load_pytorchs_compiler():
    code = (
        "import sys, test_training; test_training.train(updates=1); print([name for name in"
        " sys.modules if name.startswith(('torch._dynamo', 'torch._inductor', 'sympy'))])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout == "[]\n"
