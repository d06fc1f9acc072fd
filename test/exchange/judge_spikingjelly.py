"""NIR in SpikingJelly: its own importer, and its own exporter."""

import nir_graph
import torch
import torch_graph
from common import Theirs, folder, judge, spike_sample
from spikingjelly.activation_based import functional, layer, neuron, nir_exchange

DT = 1e-4


def read(module, output):
    z, state = output
    return z, {"after": state[0]}


def run(case, sample):
    graph = nir_graph.read(case, folder)
    make = lambda: nir_exchange.import_from_nir(graph, dt=DT)
    return torch_graph.run(make, graph, case, sample["input"], read)


def theirs():
    made = Theirs("spikingjelly")
    torch.manual_seed(0)
    x = spike_sample()
    kinds = {
        "decay": ("LIFNode, two layers", lambda: neuron.LIFNode(tau=10.0, v_threshold=0.3, decay_input=True)),
        "plain": ("LIFNode, decay_input=False", lambda: neuron.LIFNode(tau=10.0, decay_input=False)),
        "if": ("IFNode, two layers", lambda: neuron.IFNode()),
    }
    for id, (title, make) in kinds.items():
        net = torch.nn.Sequential(layer.Linear(21, 15), make(), layer.Linear(15, 7), make())
        with torch.no_grad():
            for linear in (net[0], net[2]):
                linear.weight *= 4
        spikes, voltages = ([], []), ([], [])
        functional.reset_net(net)
        with torch.no_grad():
            for now in torch.as_tensor(x):
                y = now
                for i, part in enumerate(net):
                    y = part(y)
                    if i % 2:
                        spikes[i // 2].append(y.numpy())
                        voltages[i // 2].append(part.v.numpy().copy())
        functional.reset_net(net)
        made.add(
            id,
            title,
            "export_to_nir",
            ".nir",
            lambda path: nir_exchange.export_to_nir(net, torch.as_tensor(x[0]), save_path=path, dt=DT),
            x,
            spikes,
            spikes[1],
            voltage=voltages,
            options={"semantics": "spikingjelly", "dt": DT},
            after=True,
        )
    made.done()


judge("spikingjelly", ["spikingjelly", "nirtorch", "torch"], run)
theirs()
