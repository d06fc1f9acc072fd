"""NIR in Norse: its own importer; and its own cells in nirtorch's newer executor, since the importer of 1.1.0 has no LI."""

import nir
import nir_graph
import nirtorch
import numpy as np
import torch
import torch_graph
from common import Theirs, folder, judge, spike_sample
from norse.torch.module.leaky_integrator_box import LIBoxCell, LIBoxParameters
from norse.torch.module.lif_box import LIFBoxCell, LIFBoxParameters
from norse.torch.utils.export_nir import to_nir
from norse.torch.utils.import_nir import from_nir

DT = 1e-4
tensor = lambda x: torch.as_tensor(np.asarray(x), dtype=torch.float32)


def read(module, output):
    spikes, state = output[0], output[1]
    if isinstance(module, LIBoxCell):
        return None, {"before": spikes, "after": spikes}
    # of CubaLIF the membrane's state is the second
    state = state if hasattr(state, "v") else state[1]
    return spikes, {"after": state.v}


def affine(node):
    layer = torch.nn.Linear(node.weight.shape[1], node.weight.shape[0])
    layer.weight.data, layer.bias.data = tensor(node.weight), tensor(node.bias)
    return layer


def lif(node):
    assert np.allclose(node.r, 1), "norse's LIFBoxCell has no r"
    return LIFBoxCell(LIFBoxParameters(1 / tensor(node.tau), tensor(node.v_leak), tensor(node.v_threshold)), dt=DT)


def li(node):
    assert np.allclose(node.r, 1), "norse's LIBoxCell has no r"
    return LIBoxCell(LIBoxParameters(1 / tensor(node.tau), tensor(node.v_leak)), dt=DT)


def whole(module, graph):
    """The importer says nothing of nodes that it does not know."""
    there = dict(module.named_modules())
    for path, node in nir_graph.flat(graph)[0].items():
        if path not in there and not isinstance(node, (nir.Input, nir.Output)):
            raise NotImplementedError(f"leaves out {path}, of type {type(node).__name__}, which it does not know")
    return module


def run(case, sample):
    graph = nir_graph.read(case, folder)
    cells = lambda: nirtorch.nir_to_torch(graph, {nir.Affine: affine, nir.LIF: lif, nir.LI: li})
    importer = lambda: whole(from_nir(graph, dt=DT, ignore_warnings=True), graph)
    return torch_graph.run(cells if case["variant"] == "cells" else importer, graph, case, sample["input"], read)


class Cells(torch.nn.Module):
    """Linear and cells by turns; their states go by hand, since nothing may stand between them when norse exports."""

    def __init__(self, *cells):
        super().__init__()
        self.cells = torch.nn.ModuleList(cells)

    def forward(self, x, states=None):
        states = states or [None] * len(self.cells)
        new = []
        for cell, state in zip(self.cells, states):
            if isinstance(cell, torch.nn.Linear):
                x, state = cell(x), None
            else:
                x, state = cell(x, state)
            new.append((x, state))
        return x, new


def theirs():
    made = Theirs("norse")
    torch.manual_seed(0)
    N, M = 15, 7
    tau = torch.linspace(5, 40, N) * DT
    net = Cells(
        torch.nn.Linear(21, N),
        LIFBoxCell(LIFBoxParameters(1 / tau, torch.zeros(N), torch.full((N,), 0.3), torch.zeros(N)), dt=DT),
        torch.nn.Linear(N, M),
        LIBoxCell(LIBoxParameters(1 / torch.full((M,), 20 * DT), torch.zeros(M)), dt=DT),
    )
    with torch.no_grad():
        net.cells[0].weight *= 8
    x = spike_sample()
    states, spikes, voltages, outputs = None, [], [], []
    with torch.no_grad():
        for now in torch.as_tensor(x):
            y, new = net(now, states)
            states = [state for _, state in new]
            spikes.append(new[1][0].numpy())
            voltages.append(new[1][1].v.numpy())
            outputs.append(y.numpy())
    # 1.1.0 writes dt/(1/tau): its dt must be 1 for the time constants to be seconds
    graph = to_nir(net, torch.as_tensor(x[0, 0]), dt=1.0)
    made.add(
        "cells",
        "LIFBoxCell, a tau for each neuron; LIBoxCell",
        "to_nir with dt = 1",
        ".nir",
        lambda path: nir.write(path, graph),
        x,
        [spikes],
        outputs,
        voltage=[voltages],
        options={"semantics": "norse", "dt": DT},
        after=True,
    )
    made.done()


judge("norse", ["norse", "nirtorch", "torch"], run)
theirs()
