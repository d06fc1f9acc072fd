"""What the judges share that run a NIR graph on PyTorch."""

import nir_graph
import numpy as np
import torch


def part(module, path):
    found = module.get_submodule(path)
    # snnTorch's importer makes a graph of a flat recurrence, and names it after the neurons in it
    inside = isinstance(found, torch.fx.GraphModule)
    return found.get_submodule(path.split(".")[-1]) if inside else found


def run(make, graph, case, x, read):
    """Steps through x [T, B, inputs] with the module that `make()` builds.

    `read(module, output)` gives what a module did in its step: spikes or None, and the voltages 'before' and 'after' the
    reset, those of them that there are. With the variant 'single' the samples go one by one, without a batch.
    """
    T, B = x.shape[:2]
    if case["variant"] == "single":
        parts = [steps(make(), graph, case, x[:, b], read) for b in range(B)]
        seen = {name: np.stack([part[name] for part in parts], 1) for name in parts[0]}
    else:
        seen = steps(make(), graph, case, x, read)
    return {name: value.reshape(T, B, -1) for name, value in seen.items()}


def steps(module, graph, case, x, read):
    seen = {}

    def watch(place, recorded):
        def hook(module, args, output):
            spikes, voltages = read(module, output)
            for name, value in (("spikes", spikes), ("voltage", voltages.get(recorded))):
                if value is not None:
                    seen.setdefault(f"{name}.{place}", []).append(value.detach().double().numpy().copy())

        return hook

    for path, place in nir_graph.places(graph).items():
        part(module, path).register_forward_hook(watch(place, nir_graph.recorded(graph, path, case)))
    shape = nir_graph.input_shape(graph)
    state, outputs = None, []
    with torch.no_grad():
        for now in torch.as_tensor(x):
            now = now.reshape(*now.shape[:-1], *shape)
            output, state = module(now) if state is None else module(now, state)
            outputs.append(output.double().numpy().copy())
    return {name: np.array(values) for name, values in {"output": outputs, **seen}.items()}
