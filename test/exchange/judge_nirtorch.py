"""NIR in nirtorch with a node map of one's own: the primitives as modules of a few lines, Euler steps of 1e-4 s."""

import nir
import nir_graph
import nirtorch
import numpy as np
import torch
import torch_graph
from common import folder, judge

DT = 1e-4
tensor = lambda x: torch.as_tensor(np.asarray(x), dtype=torch.float32)


class Membrane(torch.nn.Module):
    """v = decay v + leak + gain x; spikes and resets where the node has a threshold."""

    def __init__(self, decay, leak, gain, node):
        super().__init__()
        self.decay, self.leak, self.gain = tensor(decay), tensor(leak), tensor(gain)
        spikes = hasattr(node, "v_threshold")
        self.threshold, self.reset = (tensor(node.v_threshold), tensor(node.v_reset)) if spikes else (None, None)

    def forward(self, x, state=None):
        v = self.decay * (0.0 if state is None else state["after"]) + self.leak + self.gain * x
        if self.threshold is None:
            return v, {"before": v, "after": v}
        z = (v > self.threshold).float()
        return z, {"before": v, "after": torch.where(z > 0, self.reset.expand_as(v), v)}


def leaky(node):
    """LI and LIF."""
    return membrane(node, node.tau)


def membrane(node, tau):
    return Membrane(1 - DT / tau, node.v_leak * DT / tau, node.r * DT / tau, node)


def integrate(node):
    """I and IF."""
    return Membrane(1.0, 0.0, node.r * DT, node)


class Cuba(torch.nn.Module):
    """CubaLI and CubaLIF: a current, then the same."""

    def __init__(self, node):
        super().__init__()
        self.keep, self.take = tensor(1 - DT / node.tau_syn), tensor(node.w_in * DT / node.tau_syn)
        self.membrane = membrane(node, node.tau_mem)
        self.threshold = self.membrane.threshold

    def forward(self, x, state=None):
        current = self.keep * (0.0 if state is None else state["current"]) + self.take * x
        z, state = self.membrane(current, state)
        return z, {**state, "current": current}


class Scale(torch.nn.Module):
    def __init__(self, node):
        super().__init__()
        self.scale = tensor(node.scale)

    def forward(self, x):
        return x * self.scale


class Threshold(torch.nn.Module):
    def __init__(self, node):
        super().__init__()
        self.threshold = tensor(node.threshold)

    def forward(self, x):
        return (x > self.threshold).float()


class Delay(torch.nn.Module):
    def __init__(self, node):
        super().__init__()
        steps = np.unique(np.round(np.asarray(node.delay) / DT))
        assert steps.size == 1, "one delay for all channels"
        self.steps = int(steps[0])

    def forward(self, x, state=None):
        past = ([torch.zeros_like(x)] * self.steps if state is None else state) + [x]
        return past[0], past[1:]


class SumPool(torch.nn.Module):
    def __init__(self, node):
        super().__init__()
        kernel, stride, padding = (tuple(map(int, v)) for v in (node.kernel_size, node.stride, node.padding))
        self.size = kernel[0] * kernel[1]
        self.pool = torch.nn.AvgPool2d(kernel, stride, padding)

    def forward(self, x):
        return self.pool(x) * self.size


def affine(node):
    layer = torch.nn.Linear(node.weight.shape[1], node.weight.shape[0])
    layer.weight.data, layer.bias.data = tensor(node.weight), tensor(node.bias)
    return layer


def flatten(node):
    return torch.nn.Flatten(*(int(d) + 1 if d >= 0 else int(d) for d in (node.start_dim, node.end_dim)))


def conv2d(node):
    layer = torch.nn.Conv2d(
        node.weight.shape[1] * int(node.groups),
        node.weight.shape[0],
        tuple(node.weight.shape[2:]),
        stride=tuple(map(int, node.stride)),
        padding=node.padding if isinstance(node.padding, str) else tuple(map(int, node.padding)),
        dilation=tuple(map(int, node.dilation)),
        groups=int(node.groups),
    )
    layer.weight.data, layer.bias.data = tensor(node.weight), tensor(node.bias)
    return layer


# nirtorch's own entry for Affine forgets the bias, that for Conv2d swaps the channels, that for Flatten counts the batch
NODES = {
    nir.Affine: affine,
    nir.Conv2d: conv2d,
    nir.CubaLI: Cuba,
    nir.CubaLIF: Cuba,
    nir.Delay: Delay,
    nir.Flatten: flatten,
    nir.I: integrate,
    nir.IF: integrate,
    nir.LI: leaky,
    nir.LIF: leaky,
    nir.Scale: Scale,
    nir.SumPool2d: SumPool,
    nir.Threshold: Threshold,
}


def read(module, output):
    if isinstance(module, Threshold):
        return output, {}
    z, voltages = output
    return (None if module.threshold is None else z), voltages


def run(case, sample):
    graph = nir_graph.read(case, folder)
    return torch_graph.run(lambda: nirtorch.nir_to_torch(graph, NODES), graph, case, sample["input"], read)


judge("nirtorch", ["nirtorch", "nir", "torch"], run)
