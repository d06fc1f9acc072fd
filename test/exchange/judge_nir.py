"""NIR by the specification: the package reads and checks the file, and NumPy makes Euler steps of its equations."""

import nir
import numpy as np
import nir_graph
from common import Theirs, folder, judge, spike_sample

DT = 1e-4  # seconds; the file may say otherwise


def stepper(node, dt):
    """A function of the node's input in a step that gives its output and its voltages before and after the reset."""
    if isinstance(node, (nir.Input, nir.Output)):
        return lambda x: (x, {})
    if isinstance(node, nir.Affine):
        return lambda x: (x @ node.weight.T + node.bias, {})
    if isinstance(node, nir.Linear):
        return lambda x: (x @ node.weight.T, {})
    if isinstance(node, nir.Scale):
        return lambda x: (x * node.scale, {})
    if isinstance(node, nir.Threshold):
        return lambda x: ((x > node.threshold).astype(float), {})
    if isinstance(node, nir.Flatten):
        return lambda x: (x.reshape(len(x), -1), {})
    if isinstance(node, nir.Conv2d):
        return lambda x: (convolve(x, node), {})
    if isinstance(node, (nir.AvgPool2d, nir.SumPool2d)):
        scale = 1 / np.prod(node.kernel_size) if isinstance(node, nir.AvgPool2d) else 1
        return lambda x: (windows(x, node.kernel_size, node.stride, node.padding).sum((-1, -2)) * scale, {})
    if isinstance(node, nir.Delay):
        return Delay(np.round(np.asarray(node.delay) / dt).astype(int))
    return Neuron(node, dt)


def windows(x, kernel, stride, padding, dilation=(1, 1)):
    (kh, kw), (sh, sw), (ph, pw), (dh, dw) = (np.broadcast_to(v, 2) for v in (kernel, stride, padding, dilation))
    x = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    view = np.lib.stride_tricks.sliding_window_view(x, ((kh - 1) * dh + 1, (kw - 1) * dw + 1), (2, 3))
    return view[:, :, ::sh, ::sw, ::dh, ::dw]


def convolve(x, node):
    assert node.groups == 1, "groups are not judged here"
    padding = 0 if isinstance(node.padding, str) else node.padding
    view = windows(x, node.weight.shape[-2:], node.stride, padding, node.dilation)
    return np.einsum("bihwkl,oikl->bohw", view, node.weight) + node.bias[:, None, None]


class Delay:
    """Each channel late by its own number of steps."""

    def __init__(self, steps):
        self.steps = steps
        self.past = []

    def __call__(self, x):
        self.past.append(x)
        steps = np.broadcast_to(self.steps, x.shape[1:])
        y = np.zeros_like(x)
        for n in np.ndindex(steps.shape):
            if steps[n] < len(self.past):
                y[(slice(None), *n)] = self.past[-1 - steps[n]][(slice(None), *n)]
        return y, {}


class Neuron:
    def __init__(self, node, dt):
        self.node, self.dt = node, dt
        self.v = self.i = 0.0

    def __call__(self, x):
        n, dt = self.node, self.dt
        if isinstance(n, (nir.CubaLI, nir.CubaLIF)):
            self.i = self.i + dt / n.tau_syn * (n.w_in * x - self.i)
            x = self.i
        if isinstance(n, (nir.I, nir.IF)):
            v = self.v + dt * n.r * x
        else:
            tau = n.tau_mem if isinstance(n, (nir.CubaLI, nir.CubaLIF)) else n.tau
            v = self.v + dt / tau * (n.v_leak - self.v + n.r * x)
        if isinstance(n, (nir.I, nir.LI, nir.CubaLI)):
            self.v = v
            return v, {"before": v, "after": v}
        z = (v > n.v_threshold).astype(float)
        self.v = np.where(z > 0, n.v_reset, v)
        return z, {"before": v, "after": self.v}


def run_graph(graph, x, dt=DT):
    """What every node puts out on x [T, B, inputs], and its voltage: lists over time by path."""
    nodes, edges = nir_graph.flat(graph)
    order = list(nodes)
    steps = {name: stepper(node, dt) for name, node in nodes.items()}
    sources = {name: [a for a, b in edges if b == name] for name in order}
    entry = next(name for name in order if isinstance(nodes[name], nir.Input))
    shape = nir_graph.input_shape(graph)
    outputs, voltages = {name: [] for name in order}, {name: [] for name in order}
    for t in range(len(x)):
        for name in order:
            given = x[t].reshape(len(x[t]), *shape).astype(np.float64) if name == entry else 0.0
            for source in sources[name]:
                # a node further on in the file has not had its turn: its value of the step before counts
                there = outputs[source]
                given = given + (there[t] if len(there) > t else there[t - 1] if t else 0.0)
            out, v = steps[name](given)
            outputs[name].append(out)
            voltages[name].append(v)
    return outputs, voltages


def run(case, sample):
    graph = nir_graph.read(case, folder)
    x = sample["input"]
    outputs, voltages = run_graph(graph, x)
    last = next(name for name, node in graph.nodes.items() if isinstance(node, nir.Output))
    flat = lambda list_: np.array(list_).reshape(*x.shape[:2], -1)
    seen = {"output": flat(outputs[last])}
    for path, place in nir_graph.places(graph).items():
        if not isinstance(nir_graph.node(graph, path), (nir.LI, nir.CubaLI)):
            seen[f"spikes.{place}"] = flat(outputs[path])
        recorded = nir_graph.recorded(graph, path, case)
        if recorded in voltages[path][0]:
            seen[f"voltage.{place}"] = flat([v[recorded] for v in voltages[path]])
    return seen


def theirs():
    """Graphs made by hand with the package."""
    made = Theirs("nir")
    x = spike_sample()
    random = np.random.default_rng(1)
    N, M, alpha = 15, 7, np.linspace(0.8, 0.97, 15)
    ones, tau = np.ones(N), DT / (1 - alpha)
    W, R = random.normal(size=(N, 21)) / 4, random.normal(size=(N, N)) / 6
    np.fill_diagonal(R, 0)
    last = nir.LI(tau=np.full(M, 20 * DT), r=np.ones(M), v_leak=np.zeros(M))
    lif = lambda r: nir.LIF(tau=tau, r=r, v_leak=0 * ones, v_threshold=ones, v_reset=0 * ones)
    for id, how, r, gain in [("unit", "r = 1", ones, (1 - alpha)[:, None]), ("scaled", "r = tau/dt", tau / DT, 1.0)]:
        inner = nir.NIRGraph(
            {
                "input": nir.Input(np.array([N])),
                "lif": lif(r),
                "w_rec": nir.Linear(R / gain),
                "output": nir.Output(np.array([N])),
            },
            [("input", "lif"), ("lif", "w_rec"), ("w_rec", "lif"), ("lif", "output")],
        )
        graph = nir.NIRGraph(
            {
                "input": nir.Input(np.array([21])),
                "fc1": nir.Affine(W / gain, random.normal(size=N) / 20 / np.ravel(gain)),
                "rnn": inner,
                "fc2": nir.Linear(random.normal(size=(M, N)) * 5),
                "li": last,
                "output": nir.Output(np.array([M])),
            },
            [("input", "fc1"), ("fc1", "rnn"), ("rnn", "fc2"), ("fc2", "li"), ("li", "output")],
        )
        outputs, voltages = run_graph(graph, x)
        made.add(
            id,
            "LIF, recurrent, a tau for each neuron; LI",
            how,
            ".nir",
            lambda path: nir.write(path, graph),
            x,
            [outputs["rnn.lif"]],
            outputs["output"],
            voltage=[[v["after"] for v in voltages["rnn.lif"]]],
            after=True,
            options={"semantics": "nir", "dt": DT},
        )
    made.done()


judge("nir", ["nir", "h5py", "numpy"], run)
theirs()
