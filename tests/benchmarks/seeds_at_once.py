"""Ways to train the networks of several seeds in one process, for the benchmark of a GPU.

Each makes the updates that `fit` makes: mean squared error, Adam, and convolutions in bfloat16 or
float32. A batch is inputs (seeds, batch, channels, rows, columns) and target (seeds, batch, 1,
rows, columns), on the device of the networks.
"""

import copy

import torch
from sarfusion.fusion.optimiser import Adam
from torch.func import functional_call, stack_module_state


class Stacked:
    """One network whose weights have an axis of seeds, by torch.vmap.

    A convolution then has one group for each seed. The gradient of the sum of the losses is that
    of each loss, since no seed's loss depends on another's weights.
    """

    def __init__(self, networks, learning_rate, bfloat16=True):
        self._bfloat16 = bfloat16
        self._network = copy.deepcopy(networks[0])
        self._weights = {
            name: weights.detach().clone().requires_grad_()
            for name, weights in stack_module_state(networks)[0].items()
        }
        self.optimisers = [Adam(self._weights.values(), learning_rate)]

    def update(self, inputs, target):
        """Make one update of every seed."""
        with torch.autocast(inputs.device.type, torch.bfloat16, enabled=self._bfloat16):
            output = torch.vmap(self._output)(self._weights, inputs)
        self.optimisers[0].zero_grad()
        ((output.float() - target) ** 2).mean(dim=(1, 2, 3, 4)).sum().backward()
        self.optimisers[0].step()

    def output(self, seed, inputs):
        """Return the output of the network of `seed` (from 0) for `inputs`."""
        return self._output({name: each[seed] for name, each in self._weights.items()}, inputs)

    def _output(self, weights, inputs):
        return functional_call(self._network, weights, (inputs,))


class Streams:
    """The unchanged networks; on a GPU, each runs in its own stream, so that kernels overlap."""

    def __init__(self, networks, learning_rate, bfloat16=True):
        self._bfloat16 = bfloat16
        self._networks = [copy.deepcopy(network) for network in networks]
        self.optimisers = [Adam(each.parameters(), learning_rate) for each in self._networks]
        on_gpu = next(networks[0].parameters()).is_cuda
        self._streams = [torch.cuda.Stream() for _ in networks] if on_gpu else []

    def update(self, inputs, target):
        """Make one update of every seed."""
        if not self._streams:
            for seed in range(len(self._networks)):
                self._update(seed, inputs[seed], target[seed])
        for seed, own in enumerate(self._streams):
            own.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(own):
                self._update(seed, inputs[seed], target[seed])
        for own in self._streams:
            torch.cuda.current_stream().wait_stream(own)

    def _update(self, seed, inputs, target):
        with torch.autocast(inputs.device.type, torch.bfloat16, enabled=self._bfloat16):
            output = self.output(seed, inputs)
        self.optimisers[seed].zero_grad()
        ((output.float() - target) ** 2).mean().backward()
        self.optimisers[seed].step()

    def output(self, seed, inputs):
        """Return the output of the network of `seed` (from 0) for `inputs`."""
        return self._networks[seed](inputs.contiguous(memory_format=torch.channels_last))


class Graph:
    """The update of another way as a CUDA graph: one call from Python instead of one per kernel."""

    def __init__(self, way, inputs, target):
        self.output = way.output
        self._batch = inputs.clone(), target.clone()
        self._graph = torch.cuda.CUDAGraph()
        state = [values for optimiser in way.optimisers for values in state_of(optimiser)]
        before = [values.detach().clone() for values in state]
        aside = torch.cuda.Stream()
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            for _ in range(3):  # cuDNN and cuBLAS set themselves up, which cannot be captured
                way.update(*self._batch)
        torch.cuda.synchronize()
        with torch.cuda.graph(self._graph):
            way.update(*self._batch)
        with torch.no_grad():
            for values, first in zip(state, before, strict=True):
                values.copy_(first)

    def update(self, inputs, target):
        """Make one update of every seed."""
        for part, values in zip(self._batch, (inputs, target), strict=True):
            part.copy_(values)
        self._graph.replay()


def state_of(optimiser):
    """Return the tensors that an update by `optimiser` changes."""
    lists = (optimiser._parameters, optimiser._means, optimiser._squares, optimiser._steps)
    return [values for each in lists for values in each]
