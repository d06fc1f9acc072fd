"""Norse: its LIFBoxCell and LIBoxCell, and an AHP neuron as a step function of the kind that Norse is made of.

Norse scales what arrives by dt/tau_mem; the current is divided by that factor, so that weights mean the same."""

from importlib.metadata import version
from typing import NamedTuple

from common import main, needed

with needed('norse'):
    import norse.torch as norse
    import torch
    from norse.torch.functional.leaky_integrator_box import LIBoxParameters
    from norse.torch.functional.lif_box import LIFBoxParameters
    from norse.torch.functional.reset import reset_subtract
    from norse.torch.functional.threshold import threshold
    from torch_common import TorchContender, open_torch


class AHPState(NamedTuple):
    z: torch.Tensor
    v: torch.Tensor
    a: torch.Tensor


def ahp_step(current, s, recurrent, c):
    a = c['rho'] * s.a - c['beta'] * s.z
    v = c['alpha'] * s.v * (1 - s.z) + current + a
    if recurrent is not None:
        v = torch.addmm(v, s.z, recurrent.t())
    z = threshold((v - c['threshold']) / c['threshold'], 'triangle', c['gamma'])
    return z, AHPState(z, v, a)


def hidden_of(case, device):
    c = case.constants
    if case.neuron == 'AHP':

        def hidden(current, recurrent):
            zero = torch.zeros_like(current[0])
            state, spikes = AHPState(zero, zero, zero), []
            for now in current.unbind(0):
                z, state = ahp_step(now, state, recurrent, c)
                spikes.append(z)
            return torch.stack(spikes)

        return hidden
    gain = 1 - c['alpha']
    on = lambda value: torch.tensor(value, device=device)
    p = LIFBoxParameters(
        tau_mem_inv=on(gain), v_leak=on(0.0), v_th=on(c['threshold']), v_reset=on(0.0),
        method='triangle', alpha=c['gamma'], reset_method=reset_subtract,
    )  # fmt: skip
    neurons = norse.Lift(norse.LIFBoxCell(p, dt=1))
    return lambda current, _: neurons(current / gain)[0]


def readout_of(case, device):
    gain = 1 - case.constants['alpha']
    on = lambda value: torch.tensor(value, device=device)
    neurons = norse.Lift(norse.LIBoxCell(LIBoxParameters(tau_mem_inv=on(gain), v_leak=on(0.0)), dt=1))
    return lambda current: neurons(current / gain)[0]


def open_framework(kind):
    device, name = open_torch(kind)

    def settings(case):
        build = lambda: TorchContender(case, device, hidden_of(case, device), readout_of(case, device))
        return [('eager', build)]

    return version('norse'), name, settings


if __name__ == '__main__':
    main('norse', open_framework)
