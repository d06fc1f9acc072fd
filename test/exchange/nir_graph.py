"""What the judges of NIR share."""

import nir
import numpy as np


def read(case, folder):
    return nir.read(str(folder / case["files"][0]))


# what a layer of neurons of ours ends with; matrices before it have its label too
NEURONS = (nir.IF, nir.LI, nir.LIF, nir.CubaLI, nir.CubaLIF, nir.Threshold)


def text(node, key):
    value = node.metadata.get(key)
    return value.decode() if isinstance(value, bytes) else value


def places(graph, prefix=""):
    """Where the layers of neurons of ours are: path of the node -> place of the layer."""
    found = {}
    for name, node in graph.nodes.items():
        if isinstance(node, nir.NIRGraph):
            found |= places(node, f"{prefix}{name}.")
        elif isinstance(node, NEURONS) and text(node, "spiketape.label"):
            found[f"{prefix}{name}"] = text(node, "spiketape.label").split()[0]
    return found


def recorded(graph, path, case):
    """The voltage that our layer records, or None where the node has another one."""
    if text(node(graph, path), "spiketape.voltage") == "none":
        return None
    return case["recorded"].get(places(graph)[path])


def input_shape(graph):
    """Without time and batch."""
    node = next(node for node in graph.nodes.values() if isinstance(node, nir.Input))
    return tuple(int(n) for n in next(iter(node.input_type.values())))


def flat(graph, prefix=""):
    """Nodes and edges of a graph with the graphs within it taken apart; the ends of those become plain sums."""
    nodes, edges = {}, []
    inner = {name: node for name, node in graph.nodes.items() if isinstance(node, nir.NIRGraph)}

    def end(name, kind):
        if name not in inner:
            return prefix + name
        found = [n for n, node in inner[name].nodes.items() if isinstance(node, kind)]
        assert len(found) == 1, f"{name} must have one {kind.__name__}"
        return f"{prefix}{name}.{found[0]}"

    for name, node in graph.nodes.items():
        if name in inner:
            more, between = flat(node, f"{prefix}{name}.")
            nodes |= more
            edges += between
        else:
            nodes[prefix + name] = node
    edges += [(end(a, nir.Output), end(b, nir.Input)) for a, b in graph.edges]
    return nodes, edges


def node(graph, path):
    for name in path.split("."):
        graph = graph.nodes[name]
    return graph
