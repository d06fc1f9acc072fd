"""SpikingJelly in multi-step mode. LIF: its LIFNode and FlexSN, whose time loops are Triton kernels on CUDA. A recurrent
AHP layer has a product in every step, which neither can hold: a neuron of its own, step by step."""

from importlib.metadata import version

from common import NotRun, main, needed

with needed('spikingjelly'):
    import torch
    from spikingjelly.activation_based import base, neuron, surrogate
    from torch_common import TorchContender, Triangle, open_torch, over_time


class AHP(base.MemoryModule):
    """With the recurrent weights, as `LinearRecurrentContainer` would add them, but in one operation."""

    def __init__(self, c):
        super().__init__()
        self.c = c
        self.step_mode = 'm'
        self.recurrent = None
        for name in ('v', 'a', 'z'):
            self.register_memory(name, None)

    def materialize_states(self, inputs, states, step_mode):
        if states[0] is not None:
            return states
        zero = torch.zeros_like(inputs[0] if step_mode == 's' else inputs[0][0])
        return zero, zero, zero

    def single_step_functional_forward(self, inputs, states, **_):
        c, (v, a, z) = self.c, states
        a = c['rho'] * a - c['beta'] * z
        v = c['alpha'] * v * (1 - z) + inputs[0] + a
        if self.recurrent is not None:
            v = torch.addmm(v, z, self.recurrent.t())
        z = Triangle.apply((v - c['threshold']) / c['threshold'], c['gamma'])
        return (z,), (v, a, z)


def ahp(case):
    neurons = AHP(case.constants)

    def hidden(current, recurrent):
        neurons.reset()
        neurons.recurrent = recurrent
        return neurons(current)

    return hidden


def stateless(module):
    """From a zero state every time."""

    def run(current, *_):
        module.reset()
        return module(current)

    return run


def lif_node(case):
    c = case.constants
    return stateless(
        neuron.LIFNode(
            tau=1 / (1 - c['alpha']), decay_input=False, v_threshold=float(c['threshold']), v_reset=None, step_mode='m',
            surrogate_function=surrogate.PiecewiseQuadratic(alpha=1.0),
        )
    )  # fmt: skip


def flex(case):
    alpha, theta = case.constants['alpha'], case.constants['threshold']

    def core(current, v):
        v = alpha * v + current
        z = surrogate.PiecewiseQuadratic.spiking_function(v - theta, 1.0)
        return z, v - theta * z

    return stateless(neuron.FlexSN(core=core, num_states=1, step_mode='m'))


def integrator(case):
    """The readout by FlexSN too."""
    alpha = case.constants['alpha']

    def core(current, v):
        v = alpha * v + current
        return 1.0 * v, v

    return stateless(neuron.FlexSN(core=core, num_states=1, step_mode='m'))


def loop(case):
    alpha = case.constants['alpha']

    def step(now, v):
        v = alpha * v + now
        return v, v

    return lambda current: over_time(step, torch.zeros_like(current[0]), current)


def open_framework(kind):
    device, name = open_torch(kind)

    def settings(case):
        if case.neuron == 'AHP':
            hidden = {'own neuron': ahp}
        else:
            # SpikingJelly's triangle has gamma 1, and its kernels know no other
            if case.constants['gamma'] != 1 or case.constants['threshold'] != 1:
                raise NotRun('the case asks for another surrogate than its kernels have')
            hidden = {'LIFNode': lif_node, 'FlexSN': flex}
        readouts = {', readout by FlexSN': integrator, ', readout step by step': loop} if case.outputs > 0 else {'': loop}
        return [
            (h + r, lambda neurons=neurons, readout=readout: TorchContender(case, device, neurons(case), readout(case)))
            for h, neurons in hidden.items()
            for r, readout in readouts.items()
        ]

    return version('spikingjelly'), name, settings


if __name__ == '__main__':
    main('spikingjelly', open_framework)
