"""snnTorch: NIR through its own importer, state_dicts as safetensors through the generated builder, and its own exports."""

import nir
import nir_graph
import numpy as np
import safetensors.torch
import snntorch as snn
import torch
import torch_graph
from common import Theirs, folder, generated, judge, spike_sample
from snntorch import utils
from snntorch.export_nir import export_to_nir
from snntorch.import_nir import import_from_nir


def run(case, sample):
    return from_nir(case, sample) if case["format"] == "nir" else from_state_dict(case, sample)


def from_nir(case, sample):
    graph = nir_graph.read(case, folder)
    parts = {path: nir_graph.node(graph, path) for path in nir_graph.places(graph)}
    # the importer changes the graph that it is given
    make = lambda: scaled(import_from_nir(nir_graph.read(case, folder)), parts)
    read = lambda part, z: (z, {"after": part.mem * part.scale})
    return torch_graph.run(make, graph, case, sample["input"], read)


def scaled(module, parts):
    """The importer scales thresholds in place of inputs, and with them the voltages: by how much."""
    for path, node in parts.items():
        part = torch_graph.part(module, path)
        part.scale = torch.as_tensor(np.asarray(node.v_threshold), dtype=torch.float32) / part.threshold
    utils.reset(module)
    return module


def from_state_dict(case, sample):
    weights, script = case["files"]
    module = generated(case, script)
    net = module.load(str(folder / weights))
    record = {}
    with torch.no_grad():
        output, _ = module.run(net, torch.as_tensor(sample["input"]), record)
    seen = {"output": output.numpy(), **{name: value.numpy() for name, value in record.items()}}
    return {name: value for name, value in seen.items() if name[8:] not in module.AFTER_RESET or name[0] == "s"}


def theirs():
    made = Theirs("snntorch")
    torch.manual_seed(0)
    x = spike_sample()
    N, M = 15, 7
    ones = torch.ones
    hard = dict(init_hidden=True, reset_mechanism="zero", reset_delay=False)
    various = torch.linspace(0.8, 0.97, N)
    rleaky = dict(linear_features=N, threshold=ones(N), **hard)
    nets = {
        "leaky": ("Leaky, a beta for each neuron", lambda: (leaky(various, N), leaky(0.9 * ones(M), M))),
        "rleaky": ("RLeaky, without a recurrent bias", lambda: (snn.RLeaky(beta=0.9 * ones(N), **rleaky), leaky(0.9 * ones(M), M))),
        "synaptic": ("Synaptic", lambda: (synaptic(N), synaptic(M))),
    }
    leaky = lambda beta, n: snn.Leaky(beta=beta, threshold=ones(n), **hard)
    synaptic = lambda n: snn.Synaptic(alpha=0.7 * ones(n), beta=0.8 * ones(n), threshold=ones(n), **hard)
    for id, (title, make) in nets.items():
        one, two = make()
        net = torch.nn.Sequential(torch.nn.Linear(21, N), one, torch.nn.Linear(N, M), two)
        with torch.no_grad():
            for linear in (net[0], net[2]):
                linear.weight *= 3
            if id == "rleaky":
                net[1].recurrent.weight.fill_diagonal_(0)
                # snnTorch adds it in the first step too, in which nothing comes back yet in NIR
                net[1].recurrent.bias.zero_()
        spikes, voltages = record(net, x)
        made.add(
            id,
            title,
            "export_to_nir, read as NIR" if id == "rleaky" else "export_to_nir",
            ".nir",
            lambda path: nir.write(path, export(net, x)),
            x,
            spikes,
            spikes[-1],
            voltage=voltages,
            # its importer does not get recurrence right that its exporter wrote
            options={"semantics": "nir", "dt": 1e-4} if id == "rleaky" else {"semantics": "snntorch"},
            after=True,
        )
    soft = {
        "soft": ("Leaky, its defaults", [torch.nn.Linear(21, N), snn.Leaky(beta=0.9), torch.nn.Linear(N, M), snn.Leaky(beta=0.8)]),
        "softrleaky": ("RLeaky, its defaults", [torch.nn.Linear(21, N), snn.RLeaky(beta=0.9, linear_features=N)]),
        "softsynaptic": ("Synaptic, its defaults", [torch.nn.Linear(21, N), snn.Synaptic(alpha=0.7, beta=0.8)]),
        "softalpha": ("Alpha, its defaults", [torch.nn.Linear(21, N), snn.Alpha(alpha=0.9, beta=0.8, threshold=0.3)]),
    }
    for id, (title, parts) in soft.items():
        for part in parts:
            part.init_hidden = not isinstance(part, torch.nn.Linear)
        net = torch.nn.Sequential(*parts)
        with torch.no_grad():
            net[0].weight *= 3
            if id == "softrleaky":
                net[1].recurrent.weight.fill_diagonal_(0)
        spikes, voltages = record(net, x)
        made.add(
            id,
            title,
            "state_dict",
            ".safetensors",
            lambda path: safetensors.torch.save_file(net.state_dict(), path),
            x,
            spikes,
            spikes[-1],
            voltage=voltages,
            # Alpha's tensors have Synaptic's names
            options={"order": "0, 1(kind=Alpha)"} if id == "softalpha" else {},
        )
    made.done()


def record(net, x):
    """Spikes and voltages of its neurons, over time."""
    neurons = [part for part in net if isinstance(part, snn.SpikingNeuron)]
    spikes, voltages = [[] for _ in neurons], [[] for _ in neurons]
    utils.reset(net)
    with torch.no_grad():
        for now in torch.as_tensor(x):
            for part in net:
                now = part(now)
                if part in neurons:
                    spikes[neurons.index(part)].append(now.numpy())
                    voltages[neurons.index(part)].append(part.mem.numpy().copy())
    return spikes, voltages


def export(net, x):
    utils.reset(net)
    return export_to_nir(net, torch.as_tensor(x[0, 0]))


judge("snntorch", ["snntorch", "nirtorch", "torch"], run)
theirs()
