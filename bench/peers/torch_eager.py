"""PyTorch alone, operation by operation: the base of the other peers that are built on it."""

from common import main, needed

with needed('torch'):
    import torch
    from torch_common import TorchContender, Triangle, open_torch, over_time


def ahp_step(current, state, c, recurrent):
    v, a, z = state
    a = c['rho'] * a - c['beta'] * z
    v = c['alpha'] * v * (1 - z) + current + a
    if recurrent is not None:
        v = torch.addmm(v, z, recurrent.t())
    z = Triangle.apply((v - c['threshold']) / c['threshold'], c['gamma'])
    return z, (v, a, z)


def lif_step(current, v, c):
    v = c['alpha'] * v + current
    z = Triangle.apply((v - c['threshold']) / c['threshold'], c['gamma'])
    return z, v - c['threshold'] * z


def integrate_step(current, v, c):
    v = c['alpha'] * v + current
    return v, v


def start(case, current):
    zero = torch.zeros_like(current[0])
    return (zero, zero, zero) if case.neuron == 'AHP' else zero


def hidden_of(case):
    c = case.constants

    def hidden(current, recurrent):
        if case.neuron == 'AHP':
            step = lambda now, state: ahp_step(now, state, c, recurrent)
        else:
            step = lambda now, state: lif_step(now, state, c)
        return over_time(step, start(case, current), current)

    return hidden


def readout_of(case):
    c = case.constants
    step = lambda now, state: integrate_step(now, state, c)
    return lambda current: over_time(step, torch.zeros_like(current[0]), current)


def open_framework(kind):
    device, name = open_torch(kind)

    def settings(case):
        return [('eager', lambda: TorchContender(case, device, hidden_of(case), readout_of(case)))]

    return torch.__version__, name, settings


if __name__ == '__main__':
    main('torch', open_framework)
