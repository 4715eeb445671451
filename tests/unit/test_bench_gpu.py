"""The benchmark of a GPU, on a small scale on the CPU: seeds trained at once equal single ones."""

import copy
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from sarfusion.fusion.losses import SquaredError
from sarfusion.fusion.networks import build
from sarfusion.fusion.training import fit
from sarfusion.study.config import read_study, resolve
from sarfusion.study.layout import Layout
from sarfusion.study.schemas import CONFIG

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"
sys.path.append(str(BENCHMARKS))

import bench_gpu  # noqa: E402
from seeds_at_once import Stacked, Streams  # noqa: E402

UPDATES, SEEDS, BATCH, SIZE = 4, 2, 3, 16


def drawn_batches(seed):
    generator = torch.Generator().manual_seed(seed)
    return [
        tuple(torch.randn(BATCH, channels, SIZE, SIZE, generator=generator) for channels in (2, 1))
        for _ in range(UPDATES)
    ]


@pytest.mark.parametrize("way_class", [Stacked, Streams])
@pytest.mark.parametrize("network", bench_gpu.NETWORKS)
def test_all_seeds_at_once_make_the_updates_of_fit(network, way_class):
    networks = []
    for seed in range(SEEDS):
        torch.manual_seed(seed)
        networks.append(build(network, 2, {}))
    batches = [drawn_batches(seed) for seed in range(SEEDS)]
    way = way_class(networks, 1e-3, bfloat16=False)
    for each in zip(*batches, strict=True):
        way.update(*(torch.stack(part) for part in zip(*each, strict=True)))

    inputs = drawn_batches(SEEDS)[0][0]
    for seed, net in enumerate(networks):
        before = copy.deepcopy(net)
        fit(
            net,
            iter(batches[seed]),
            batches[seed][:1],
            loss=SquaredError(),
            updates=UPDATES,
            learning_rate=1e-3,
            decay="none",
            validate_every=UPDATES,
            device=torch.device("cpu"),
            precision="float32",
            progress=iter,
        )
        with torch.no_grad():
            expected, ours = net(inputs), way.output(seed, inputs)
            assert (before(inputs) - expected).abs().max() > 0.01
            torch.testing.assert_close(ours, expected, rtol=0, atol=1e-5)


@pytest.mark.second_tier
def test_everything_runs_in_small():
    command = [sys.executable, str(BENCHMARKS / "bench_gpu.py"), "--tiny"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "failed" not in done.stdout, done.stderr
    for network in bench_gpu.NETWORKS:
        assert f"| {network.upper()}, " in done.stdout
        assert f"| {network.upper()}, float32 | " in done.stdout


def test_without_a_gpu_nothing_is_said_to_be_measured(monkeypatch, capsys):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    bench_gpu.main(tiny=False)
    assert capsys.readouterr().out == "Not measured: PyTorch finds no GPU here.\n"


def test_the_default_study_has_as_many_trainings():
    study = Layout(resolve(read_study(CONFIG / "hanoi.yaml")))
    models = [model for name in study.protocols for _, model, *_ in study.learned_runs(name)]
    assert {model: models.count(model) for model in models} == dict.fromkeys(
        bench_gpu.NETWORKS, bench_gpu.TRAININGS
    )
    assert study.study["training"]["updates"] == bench_gpu.UPDATES
    for network, (patch, batch) in bench_gpu.NETWORKS.items():
        model = study.study["models"][network]
        assert (model["patch_px"], model["batch"]) == (patch, batch)
