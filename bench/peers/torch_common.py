"""What the peers on PyTorch share: weights, losses, Adam, and a whole step as a CUDA graph."""

import torch
from common import Contender, NotRun
from torch.nn import functional as F


def open_torch(device):
    """The device, and its name."""
    if device == 'cuda' and not torch.cuda.is_available():
        raise NotRun('PyTorch sees no CUDA device')
    # spiketape computes in float32, and so do all peers
    torch.set_float32_matmul_precision('highest')
    return torch.device(device), torch.cuda.get_device_name() if device == 'cuda' else 'CPU'


class Triangle(torch.autograd.Function):
    """[x > 0], with gamma max(0, 1 - |x|) for its derivative."""

    @staticmethod
    def forward(ctx, x, gamma):
        ctx.save_for_backward(x)
        ctx.gamma = gamma
        return (x > 0).to(x.dtype)

    @staticmethod
    def backward(ctx, dz):
        (x,) = ctx.saved_tensors
        return dz * ctx.gamma * (1 - x.abs()).clamp(min=0), None


class TorchContender(Contender):
    """
    A case with a framework's neurons.

    :param hidden: from the current [T, B, hidden] (input weights applied, for all steps at once) and the recurrent
        weights [hidden, hidden] or None to the spikes [T, B, hidden]
    :param readout: from the current [T, B, outputs] to the voltages
    :param graph: record the step once and replay it, so that no time goes into launching kernels one by one
    """

    def __init__(self, case, device, hidden, readout, graph=False):
        self.case, self.hidden, self.readout = case, hidden, readout
        on = lambda a: torch.tensor(a, device=device)
        self.start = {name: on(w) for name, w in case.weights.items()}
        self.x, self.labels = on(case.input), on(case.labels).long()
        if case.kind == 'neuron':
            self.start['current'] = self.x
        self.p = {name: w.clone().requires_grad_() for name, w in self.start.items()}
        self.others = 1 - torch.eye(case.hidden, device=device)
        cuda = device.type == 'cuda'
        self.update = None
        if case.lr > 0:
            self.update = torch.optim.Adam(
                self.p.values(), lr=case.lr, betas=tuple(case.adam['betas']), eps=case.adam['eps'],
                fused=cuda, capturable=graph,
            )  # fmt: skip
        self.graph = None
        if graph:
            self.record()

    def forward(self):
        case, p = self.case, self.p
        current = p['current'] if case.kind == 'neuron' else F.linear(self.x, p['weight'])
        z = self.hidden(current, p['recurrent'] * self.others if case.recurrent else None)
        if case.outputs == 0:
            return z.mean((0, 1)).square().mean()
        return F.cross_entropy(self.readout(F.linear(z, p['readout'])).mean(0), self.labels)

    def once(self):
        for w in self.p.values():
            w.grad = None
        loss = self.forward()
        loss.backward()
        if self.update:
            self.update.step()
        return loss.detach()

    def record(self):
        aside = torch.cuda.Stream()
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            for _ in range(3):
                self.once()
        torch.cuda.current_stream().wait_stream(aside)
        torch.cuda.synchronize()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self.loss = self.once()
        self.graph = graph

    def reset(self):
        with torch.no_grad():
            for name, w in self.p.items():
                w.copy_(self.start[name])
            for state in self.update.state.values() if self.update else []:
                for value in state.values():
                    value.zero_()

    def step(self):
        for _ in range(self.case.batches):
            if self.graph:
                self.graph.replay()
                loss = self.loss
            else:
                loss = self.once()
        return loss.item()  # waits for all that was asked of the device before it

    def gradients(self):
        return {name: w.grad.cpu().numpy() for name, w in self.p.items()}


def over_time(step, state, current):
    """Applies `step(current of a step, state) -> (output, state)` to all steps; the outputs, stacked."""
    outputs = []
    for now in current.unbind(0):
        output, state = step(now, state)
        outputs.append(output)
    return torch.stack(outputs)
