"""snnTorch: its Leaky for LIF neurons and the readout, and an AHP neuron as its users write their own."""

from common import main, needed

with needed('snntorch'):
    import snntorch
    import torch
    from torch_common import TorchContender, Triangle, open_torch


class AHP(snntorch.SpikingNeuron):
    """v, a and the last spike are handed from step to step."""

    def __init__(self, c, spike_grad):
        super().__init__(c['threshold'], spike_grad)
        self.c = c

    def forward(self, current, state):
        v, a, z = state
        a = self.c['rho'] * a - self.c['beta'] * z
        v = self.c['alpha'] * v * (1 - z) + current + a
        z = self.fire(v)
        return z, (v, a, z)


def hidden_of(case, device):
    c = case.constants
    spike_grad = lambda x: Triangle.apply(x / c['threshold'], c['gamma'])
    if case.neuron == 'AHP':
        neurons = AHP(c, spike_grad).to(device)
    else:
        neurons = snntorch.Leaky(c['alpha'], c['threshold'], spike_grad).to(device)

    def hidden(current, recurrent):
        zero = torch.zeros_like(current[0])
        state = (zero, zero, zero) if case.neuron == 'AHP' else zero
        spikes, z = [], zero
        for now in current.unbind(0):
            if recurrent is not None:
                now = torch.addmm(now, z, recurrent.t())
            z, state = neurons(now, state)
            spikes.append(z)
        return torch.stack(spikes)

    return hidden


def readout_of(case, device):
    neurons = snntorch.Leaky(case.constants['alpha'], reset_mechanism='none').to(device)

    def readout(current):
        v, voltages = torch.zeros_like(current[0]), []
        for now in current.unbind(0):
            _, v = neurons(now, v)
            voltages.append(v)
        return torch.stack(voltages)

    return readout


def open_framework(kind):
    device, name = open_torch(kind)

    def settings(case):
        build = lambda: TorchContender(case, device, hidden_of(case, device), readout_of(case, device))
        return [('eager', build)]

    return snntorch.__version__, name, settings


if __name__ == '__main__':
    main('snntorch', open_framework)
