"""JAX: lax.scan over time, the whole step under jit, its arguments given away so that updates are made in place."""

import functools
import os

from common import Contender, NotRun, main, needed

# spiketape has its memory on the same card
os.environ.setdefault('XLA_PYTHON_CLIENT_PREALLOCATE', 'false')

with needed('jax'):
    import jax
    import jax.numpy as jnp
    import numpy as np

"""Steps that the scan unrolls into one."""
UNROLLS = (1, 4, 16)


@functools.partial(jax.custom_jvp, nondiff_argnums=(1,))
def fire(x, gamma):
    return (x > 0).astype(x.dtype)


@fire.defjvp
def fire_jvp(gamma, primals, tangents):
    (x,), (dx,) = primals, tangents
    return fire(x, gamma), gamma * jnp.maximum(1 - jnp.abs(x), 0) * dx


def spikes(case, current, recurrent, unroll):
    c = case.constants
    theta, zero = c['threshold'], jnp.zeros_like(current[0])

    def ahp(state, now):
        v, a, z = state
        a = c['rho'] * a - c['beta'] * z
        v = c['alpha'] * v * (1 - z) + now + a
        if recurrent is not None:
            v = v + z @ recurrent.T
        z = fire((v - theta) / theta, c['gamma'])
        return (v, a, z), z

    def lif(v, now):
        v = c['alpha'] * v + now
        z = fire((v - theta) / theta, c['gamma'])
        return v - theta * z, z

    if case.neuron == 'AHP':
        return jax.lax.scan(ahp, (zero, zero, zero), current, unroll=unroll)[1]
    return jax.lax.scan(lif, zero, current, unroll=unroll)[1]


def voltages(case, current, unroll):
    def step(v, now):
        v = case.constants['alpha'] * v + now
        return v, v

    return jax.lax.scan(step, jnp.zeros_like(current[0]), current, unroll=unroll)[1]


def loss_of(case, p, x, labels, unroll):
    current = p['current'] if case.kind == 'neuron' else x @ p['weight'].T
    others = 1 - jnp.eye(case.hidden, dtype=jnp.float32)
    z = spikes(case, current, p['recurrent'] * others if case.recurrent else None, unroll)
    if case.outputs == 0:
        return jnp.square(z.mean((0, 1))).mean()
    log_p = jax.nn.log_softmax(voltages(case, z @ p['readout'].T, unroll).mean(0))
    return -log_p[jnp.arange(case.B), labels].mean()


def adam(case, p, g, state):
    """The rule of Kingma & Ba 2015, as spiketape and PyTorch have it."""
    b1, b2 = case.adam['betas']
    k = state['k'] + 1
    m = jax.tree.map(lambda m, g: b1 * m + (1 - b1) * g, state['m'], g)
    s = jax.tree.map(lambda s, g: b2 * s + (1 - b2) * g * g, state['s'], g)

    def moved(p, m, s):
        return p - case.lr * (m / (1 - b1**k)) / (jnp.sqrt(s / (1 - b2**k)) + case.adam['eps'])

    return jax.tree.map(moved, p, m, s), {'k': k, 'm': m, 's': s}


class JaxContender(Contender):
    def __init__(self, case, device, unroll):
        self.case, self.device = case, device
        on = lambda a: jax.device_put(np.array(a), device)
        self.x, self.labels = on(case.input), on(case.labels)
        self.start = {'current': case.input} if case.kind == 'neuron' else case.weights
        gradient = jax.value_and_grad(lambda p, x, labels: loss_of(case, p, x, labels, unroll))

        # the gradients are results, so that nothing may leave out their computation
        def still(p, x, labels):
            return gradient(p, x, labels)

        def training(p, state, x, labels):
            loss, g = gradient(p, x, labels)
            return loss, *adam(case, p, g, state)

        self.still = jax.jit(still)
        self.training = jax.jit(training, donate_argnums=(0, 1))
        self.reset()

    def reset(self):
        on = lambda a: jax.device_put(np.array(a), self.device)
        self.p = {name: on(w) for name, w in self.start.items()}
        zeros = {name: on(np.zeros_like(w)) for name, w in self.start.items()}
        more = {name: on(np.zeros_like(w)) for name, w in self.start.items()}
        self.state = {'k': on(np.float32(0)), 'm': zeros, 's': more}
        self.first = None

    def step(self):
        case = self.case
        if case.lr > 0:
            if self.first is None:  # for gradients(): the step itself gives its parameters away
                self.first = {name: np.array(w) for name, w in self.p.items()}
            for _ in range(case.batches):
                loss, self.p, self.state = self.training(self.p, self.state, self.x, self.labels)
        else:
            for _ in range(case.batches):
                loss, self.g = self.still(self.p, self.x, self.labels)
            jax.block_until_ready(self.g)
        jax.block_until_ready(self.p)
        return float(loss)

    def gradients(self):
        """Of the first step after a reset."""
        g = self.g if self.case.lr == 0 else self.still(self.first, self.x, self.labels)[1]
        return {name: np.array(a) for name, a in g.items()}


def open_framework(kind):
    # float32 in products too, as spiketape and PyTorch compute them
    jax.config.update('jax_default_matmul_precision', 'highest')
    try:
        device = jax.devices('gpu' if kind == 'cuda' else 'cpu')[0]
    except RuntimeError as error:
        raise NotRun(f'JAX sees no CUDA device ({str(error).splitlines()[0]})') from error

    def settings(case):
        build = lambda unroll: lambda: JaxContender(case, device, unroll)
        return [(f'scan, unrolled by {n}', build(n)) for n in UNROLLS if n <= case.T]

    return jax.__version__, device.device_kind, settings


if __name__ == '__main__':
    main('jax', open_framework)
