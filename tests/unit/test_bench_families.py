"""The benchmark of families: kernels are distinguished, and timing them changes nothing."""

import sys
from pathlib import Path

import pytest
import torch
from sarfusion.fusion.optimiser import Adam

sys.path.append(str(Path(__file__).resolve().parents[1] / "benchmarks"))

import bench_families
import kernels
from kernels import IN_TURN, LAYERS, PRODUCTS, TRAINING, UPDATE


@pytest.fixture(autouse=True)
def in_short(monkeypatch):
    monkeypatch.setattr(kernels, "SECONDS", 0)


def new_update():
    """Return a network of two products and its update."""
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3), torch.nn.ReLU(), torch.nn.Conv2d(4, 1, 1))
    optimiser, inputs = Adam(net.parameters(), 0.1), torch.randn(2, 1, 8, 8)

    def update():
        optimiser.zero_grad()
        (net(inputs) ** 2).mean().backward()
        optimiser.step()

    return net, update


def test_kernels_are_told_apart():
    _, update = new_update()
    with kernels.Kernels(0, 3) as timed:
        update()
    kinds = [kind for kind, _ in timed.seconds]
    assert kinds[:5] == [PRODUCTS, LAYERS, PRODUCTS, TRAINING, TRAINING]  # ..., power and mean
    assert kinds.count(PRODUCTS) == 4  # with their gradients
    assert kinds.count(LAYERS) == 2  # ReLU and its gradient
    assert kinds[-2:] == [TRAINING, TRAINING]  # Adam
    assert all(seconds > 0 for _, seconds in timed.seconds)


def test_an_update_whose_kernels_are_timed_is_the_same():
    (plain, update), (timed, timed_update) = new_update(), new_update()
    found = kernels.update_seconds(timed_update)
    assert all(found[kind] > 0 for kind in (UPDATE, PRODUCTS, LAYERS, TRAINING, IN_TURN))
    for _ in range(kernels.ROUNDS * (1 + 2 * kernels.UPDATES)):
        update()
    assert all(map(torch.equal, plain.parameters(), timed.parameters()))


def test_each_kernel_counts_with_its_fastest_round():
    rounds = [
        [(PRODUCTS, 4.0), (LAYERS, 1.0), (PRODUCTS, 2.0)],
        [(PRODUCTS, 3.0), (LAYERS, 2.0), (PRODUCTS, 5.0)],
    ]
    assert kernels.least_by_kind(rounds) == {PRODUCTS: 5, LAYERS: 1, TRAINING: 0}


def test_rounds_of_different_kernels_are_no_update():
    with pytest.raises(ValueError, match="too many values"):
        kernels.least_by_kind([[(PRODUCTS, 1.0)], [(LAYERS, 1.0)]])


def test_the_shares_of_an_update():
    costs = {UPDATE: 10.0, "bound": 4.0, PRODUCTS: 5.0, LAYERS: 2.0, TRAINING: 1.0, IN_TURN: 9.0}
    assert bench_families.update_shares(costs) == {
        "products": "50%",
        "other layers": "20%",
        "loss and optimiser": "10%",
        "out of cache": "10%",
        "between kernels": "10%",
        "own floor": "70%",
        "speed of products": "80%",
    }
