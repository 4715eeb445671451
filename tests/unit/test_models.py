import copy

import numpy as np
import pytest
import torch
from sarfusion.core.errors import StudyError
from sarfusion.core.tiling import tiles
from sarfusion.fusion import checkpoint
from sarfusion.fusion.convolutions import (
    ConvTranspose2x2,
    SingleOutputConv2d,
    WinogradConv2d,
    winograd_matrices,
)
from sarfusion.fusion.networks import build, predict
from sarfusion.study.methods import networks

NETWORKS = [
    *((name, {}) for name in networks()),
    ("cnn", {"skip": True}),
    ("cae", {"skip": True}),
    ("cae", {"pooling": False}),
    ("unet", {"depth": 1}),
    ("unet", {"depth": 3}),
    ("unet", {"middle": 2}),
    ("unet", {"width": 16}),
    ("cgan", {"depth": 1}),
    ("residual", {"blocks": 2}),
    *((name, {"width": 8}) for name in ("dual_branch", "attention", "multiscale", "transformer")),
]

PLAIN = {"residual": False, "uncertainty": False}


def network(name, options, channels=2):
    torch.manual_seed(0)
    return build(name, channels, options).double().eval()


def test_parameter_counts_by_hand():
    def count(name, **options):
        return sum(p.numel() for p in build(name, 2, options).parameters())

    assert count("cnn") == (81 * 2 + 1) * 64 + (25 * 64 + 1) * 32 + 25 * 32 + 1
    assert count("cae") == (
        (9 * 2 + 1) * 32 + (9 * 32 + 1) * 64 + (9 * 64 + 1) * 128
        + (4 * 128 * 64 + 64) + (4 * 64 * 32 + 32) + 9 * 32 + 1
    )  # fmt: skip
    assert count("unet", width=16) == (
        (9 * 2 + 1) * 16 + (9 * 16 + 1) * 32 + (9 * 32 + 1) * 64
        + (4 * 64 * 32 + 32) + (9 * 64 + 1) * 32 + (4 * 32 * 16 + 16) + (9 * 32 + 1) * 16 + 16 + 1
    )  # fmt: skip


def test_parameter_counts_of_the_families_by_hand():
    def count(name):
        return sum(p.numel() for p in build(name, 3, {}, radar=[2]).parameters())

    conv = {(n, m): (9 * n + 1) * m for n in (1, 2, 3, 32, 48, 64) for m in (1, 32, 48, 64)}
    assert count("residual") == conv[3, 48] + 10 * conv[48, 48] + conv[48, 1]
    assert count("dual_branch") == (
        conv[2, 32] + conv[1, 32] + 2 * conv[32, 32] + 4 * conv[64, 64] + conv[64, 1]
    )
    scales, merge = 3 * conv[64, 32], (96 + 1) * 64
    assert count("multiscale") == (
        3 * conv[2, 32] + 3 * conv[1, 32] + (192 + 1) * 64
        + 2 * (scales + merge) + conv[64, 64] + 64 + 1
    )  # fmt: skip
    assert count("attention") == (
        conv[2, 32] + 4 * conv[32, 32]  # optical
        + conv[1, 32] + (25 + 1) * 32 + 4 * conv[32, 32] + (64 + 1) * 32  # SAR
        + (64 + 1) * 16 + (16 + 1) * 64 + 2 * 25 + 1  # weights of channels and of places
        + 2 * conv[64, 64] + conv[64, 1]
    )  # fmt: skip
    block = 3 * 2 * 64 + 4 * (64 + 1) * 64 + (64 + 1) * 128 + (128 + 1) * 64 + 4 * 15 * 15
    assert count("transformer") == (
        conv[2, 64] + conv[1, 64] + 2 * conv[64, 64] + 3 * block + conv[64, 64] + 64 + 1
    )
    assert count("cgan") == count("unet")


@pytest.mark.parametrize("width", [16, 32])
@pytest.mark.parametrize("channels", [2, 6])
@pytest.mark.parametrize("name", sorted(set(networks()) - {"cnn", "cae"}))
def test_families_have_as_many_parameters_as_the_unet_within_a_factor_of_1_5(name, channels, width):
    count, unet = (
        sum(p.numel() for p in build(each, channels, {"width": width}).parameters())
        for each in (name, "unet")
    )
    assert 1 / 1.5 < count / unet < 1.5


@pytest.mark.parametrize(("name", "options"), NETWORKS)
def test_radius_is_the_true_reach_of_an_output_pixel(name, options):
    net = network(name, options).train()  # with plain convolutions: 0 is then exactly 0
    net.requires_grad_(False)  # only the gradients of the input are needed
    start = -(-(net.radius + 3) // net.multiple) * net.multiple
    size, cell = 2 * start + net.multiple, range(start, start + net.multiple)
    reached = torch.zeros(net.multiple, size, size, dtype=torch.bool)
    for _ in range(4):  # a ReLU or a pooling may hide an input once, not each time
        x = torch.rand(1, 2, size, size, dtype=torch.double, requires_grad=True)
        output = net(x)[0, 0]
        for place, row in enumerate(cell):  # every place within a cell of the poolings
            (gradient,) = torch.autograd.grad(output[row, row], x, retain_graph=True)
            reached[place] |= gradient[0].abs().sum(dim=0) > 0
    reach = max(
        (torch.nonzero(found) - row).abs().max().item()
        for found, row in zip(reached, cell, strict=True)
    )
    assert reach == net.radius


@pytest.mark.parametrize(("name", "options"), NETWORKS)
@pytest.mark.parametrize("shape", [(50, 67), (64, 64), (33, 90)])
def test_tiles_equal_one_pass_over_the_whole_scene(name, options, shape):
    net = network(name, options)
    inputs = torch.rand(2, *shape, dtype=torch.double)
    whole = predict(net, inputs)[0]
    tiled = torch.full(shape, torch.nan, dtype=torch.double)
    for tile in tiles(shape, 18, net.radius, net.multiple):
        part = inputs[:, *tile.read]
        tiled[tile.written] = predict(net, part)[0][tile.inner]
    assert (tiled - whole).abs().max() < 1e-12


def test_a_halo_one_pixel_short_leaves_seams():
    net = network("cnn", {})
    inputs = torch.rand(2, 40, 40, dtype=torch.double)
    tile = next(iter(tiles((40, 40), 20, net.radius - 1, 1)))
    part = predict(net, inputs[:, *tile.read])[0]
    assert (part[tile.inner] - predict(net, inputs)[0, :20, :20]).abs().max() > 1e-9


def test_an_unknown_option_is_said():
    with pytest.raises(StudyError, match="'cnn': .*'depth'"):
        build("cnn", 2, {"depth": 3})
    with pytest.raises(StudyError, match="'unet': depth is 0 to 6"):
        build("unet", 2, {"depth": 9})
    for name in ("residual", "dual_branch", "attention", "multiscale"):
        with pytest.raises(StudyError, match="width is a multiple of 2"):
            build(name, 2, {"width": 15})
    with pytest.raises(StudyError, match="'transformer': width is a multiple of 8"):
        build("transformer", 2, {"width": 12})
    with pytest.raises(StudyError, match="'residual': blocks is 1 to 64"):
        build("residual", 2, {"blocks": 0})
    with pytest.raises(StudyError, match="'dual_branch': .*'radar'"):
        build("dual_branch", 2, {"radar": [1]})


@pytest.mark.parametrize("name", networks())
def test_a_residual_starts_as_the_band_that_is_given(name):
    net = build(name, 2, {}, starts=[0], uncertain=True)
    x = torch.rand(1, 2, 32, 32)
    band, log_variance = net(x)[0]
    assert torch.equal(band, x[0, 0])
    assert (log_variance == 0).all()
    (net(x)[:, 1].sum()).backward()
    assert net.log_variance.weight.grad.abs().sum() > 0
    assert all((p.grad == 0).all() for p in net.body.parameters())  # the variance leaves them alone


def test_a_residual_may_start_from_a_sum_of_channels():
    x = torch.rand(2, 3, 8, 8)
    assert torch.equal(build("unet", 3, {"depth": 1}, starts=[0, 2])(x), x[:, :1] + x[:, 2:])


def test_a_deep_network_reaches_thirty_pixels():
    assert build("unet", 2, {"depth": 3, "middle": 2}).radius == 37


def test_a_checkpoint_gives_the_same_network_back(tmp_path):
    net = network("cae", {"skip": True}).float()
    record = PLAIN | {"network": "cae", "options": {"skip": True}, "channels": ["red", "ratio_db"]}
    files = tmp_path / "seed1.safetensors", tmp_path / "seed1.json"
    checkpoint.save(net, record, *files)
    again, found = checkpoint.load(*files)
    assert found == record
    x = torch.rand(1, 2, 16, 16)
    assert torch.equal(net(x), again(x))


def test_weights_of_another_network_or_cut_short_are_refused(tmp_path):
    files = tmp_path / "seed1.safetensors", tmp_path / "seed1.json"
    record = PLAIN | {"network": "cnn", "options": {}, "channels": ["red"]}
    checkpoint.save(network("cae", {}).float(), record, *files)
    with pytest.raises(StudyError, match="not the weights that .*seed1.json describes"):
        checkpoint.load(*files)
    checkpoint.save(network("cnn", {}, 1).float(), record, *files)
    files[0].write_bytes(files[0].read_bytes()[:1000])
    with pytest.raises(StudyError, match="not the weights"):
        checkpoint.load(*files)


def test_models_do_not_share_randomness_with_numpy():
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    build("cnn", 2, {})
    assert np.array_equal(state, np.random.get_state()[1])  # noqa: NPY002


def test_doubling_is_the_transposed_convolution():
    torch.manual_seed(0)
    ours, known = ConvTranspose2x2(5, 3), torch.nn.ConvTranspose2d(5, 3, 2, stride=2)
    known.load_state_dict(ours.state_dict())
    inputs = [torch.rand(2, 5, 4, 7, requires_grad=True) for _ in range(2)]
    with torch.no_grad():
        inputs[1].copy_(inputs[0])
    outputs = [net(x) for net, x in zip((ours, known), inputs, strict=True)]
    weights = torch.rand(outputs[0].shape)
    for output in outputs:
        (weights * output).sum().backward()
    assert outputs[0].shape == (2, 3, 8, 14)
    for one, other in (
        outputs,
        [x.grad for x in inputs],
        *zip(*([p.grad for p in net.parameters()] for net in (ours, known)), strict=True),
    ):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("size", [1, 3, 5])
@pytest.mark.parametrize("shape", [(2, 4, 6, 9), (1, 4, 1, 2)])
def test_narrowing_is_the_convolution(size, shape):
    torch.manual_seed(0)
    ours = SingleOutputConv2d(4, size).double()
    known = torch.nn.Conv2d(4, 1, size, padding="same").double()
    known.load_state_dict(ours.state_dict())
    inputs = torch.rand(shape, dtype=torch.float64)
    torch.testing.assert_close(ours(inputs), known(inputs), rtol=0, atol=1e-14)


@pytest.mark.parametrize("size", [3, 5])
@pytest.mark.parametrize("shape", [(2, 4, 6, 9), (1, 4, 1, 2), (1, 4, 16, 3), (3, 4, 17, 5)])
def test_filtering_is_the_convolution_whether_it_trains_or_predicts(size, shape):
    torch.manual_seed(0)
    ours = WinogradConv2d(4, 3, size).double()
    known = torch.nn.Conv2d(4, 3, size, padding="same").double()
    known.load_state_dict(ours.state_dict())
    inputs = torch.rand(shape, dtype=torch.float64)
    assert torch.equal(ours.train()(inputs), known(inputs))
    torch.testing.assert_close(ours.eval()(inputs), known(inputs), rtol=0, atol=1e-14)


@pytest.mark.parametrize("size", [3, 5])
def test_winograd_matrices_of_whole_numbers_by_hand(size):
    of_kernel, of_rows, of_products = winograd_matrices(size, torch.float64)
    kernel, rows = torch.arange(1.0, size + 1).double(), torch.arange(size + 3).double() ** 2
    found = of_products @ ((of_kernel @ kernel) * (of_rows @ rows))
    wanted = [sum((j + 1) * (i + j) ** 2 for j in range(size)) for i in range(4)]
    assert found.tolist() == pytest.approx(wanted, rel=1e-13)


def test_filtering_in_float32_is_as_near_as_its_last_digits():
    torch.manual_seed(0)
    layer = WinogradConv2d(64, 32, 5).eval()
    inputs = torch.randn(1, 64, 40, 40)
    exact = copy.deepcopy(layer).double().train()(inputs.double())
    assert (layer(inputs) - exact).abs().max() < 1e-4 * exact.std()
