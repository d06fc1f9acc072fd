import { AHP, ALIF, CarriedState, crossEntropy, type Engine, LIF, Readout, Sequential, SGD } from 'spiketape';
import { assert, assertEqual } from '../harness/assert.ts';
import { gpuCase } from '../harness/case.ts';
import { ahpNet, small, spikes, withEngine } from './engine-support/nets.ts';

// State begins afresh with every step unless it is carried; a net may be used several times in one step.

const [B, inputs, N] = [3, 7, 33];

const deepNet = (): Sequential =>
  new Sequential(
    new AHP(inputs, N, { recurrent: true, weightGain: 3, beta: 0.2 }),
    new ALIF(N, N, { recurrent: true, weightGain: 30, tau: 5 }),
    new LIF(N, N, { recurrent: true, weightGain: 3, bias: true, reset: 'zero', resetMoment: 'next step after leak' }),
    new Readout(N, 4, { delay: 1, bias: true }),
  );

async function forward(
  engine: Engine,
  net: Sequential,
  x: Float32Array,
  state?: CarriedState,
): Promise<Float32Array[]> {
  const T = x.length / B / inputs;
  const tape = engine.tape({ training: false });
  const y = net.forward(tape.input(x, { shape: [T, B, inputs], form: 'bits' }), state ? { state } : {}).keep();
  const z = tape.cells.filter((c) => c.z).map((c) => c.z!.keep());
  await tape.run();
  return Promise.all([y, ...z].map((t) => t.read()));
}

const joined = (parts: readonly Float32Array[][]): Float32Array[] =>
  parts[0]!.map((_, i) => Float32Array.from(parts.flatMap((p) => Array.from(p[i]!))));

gpuCase('windows with the state carried over give the bits of the whole sequence', ({ gpu }) =>
  withEngine(gpu, async (engine) => {
    const T = 40;
    const net = deepNet();
    engine.bind(net);
    const x = spikes(T * B * inputs, 3);
    const whole = await forward(engine, net, x);
    for (const z of whole.slice(1)) assert(z.some((s) => s === 1) && z.some((s) => s === 0), 'every layer fires');

    for (const size of [20, 13, 1]) {
      const state = new CarriedState();
      const parts: Float32Array[][] = [];
      for (let t = 0; t < T; t += size) {
        parts.push(await forward(engine, net, x.subarray(t * B * inputs, Math.min(T, t + size) * B * inputs), state));
      }
      assertEqual(joined(parts), whole, `windows of ${size}`);
    }
  }),
);

gpuCase('without it, and after a reset of it, state begins afresh', ({ gpu }) =>
  withEngine(gpu, async (engine) => {
    const net = deepNet();
    engine.bind(net);
    const x = spikes(20 * B * inputs, 4);
    const first = await forward(engine, net, x);
    assertEqual(await forward(engine, net, x), first, 'the same input again');
    const state = new CarriedState();
    assertEqual(await forward(engine, net, x, state), first, 'the first window');
    const second = await forward(engine, net, x, state);
    assert(
      second[1]!.some((z, i) => z !== first[1]![i]),
      'the second window goes on from the first',
    );
    state.reset();
    assertEqual(await forward(engine, net, x, state), first, 'the window after a reset');
  }),
);

gpuCase('truncated backpropagation: windows with carried state train, and replay', ({ gpu }) =>
  withEngine(gpu, async (engine, device) => {
    const net = ahpNet(small);
    engine.bind(net);
    const state = new CarriedState();
    const optimizer = new SGD({ lr: 0.1 });
    const shape = [small.T, small.B, small.inputs];
    let made = 0;
    for (let i = 0; i < 6; i++) {
      const tape = engine.tape();
      const x = tape.input(spikes(small.T * small.B * small.inputs, i), { shape, form: 'bits' });
      const { loss } = crossEntropy(net.forward(x, { state }), [0, 1, 2]);
      loss.backward();
      await optimizer.step(tape);
      // the first window has no state to begin with, and is a form of its own
      if (i === 1) made = device.counters.buffers;
    }
    assertEqual(device.counters.buffers, made, 'buffers after the second window');
    await engine.pull(net);
    assert(
      net.parameters().every((p) => p.data.every(Number.isFinite)),
      'the weights are finite',
    );
  }),
);

gpuCase('a net used twice in a step has the sum of the two gradients', ({ gpu }) =>
  withEngine(gpu, async (engine) => {
    const net = ahpNet(small, { learn: ['tau', 'threshold'], bias: true });
    const arena = engine.bind(net);
    const batches = [
      { x: spikes(6 * 3 * 5, 1), T: 6, labels: [0, 1, 2] },
      { x: spikes(9 * 3 * 5, 2), T: 9, labels: [2, 2, 1] },
    ];
    const gradients = async (used: typeof batches): Promise<Map<string, Float32Array>> => {
      const tape = engine.tape();
      const losses = used.map(
        ({ x, T, labels }) => crossEntropy(net.forward(tape.input(x, { shape: [T, 3, 5], form: 'bits' })), labels).loss,
      );
      losses.reduce((a, b) => a.add(b)).backward();
      await tape.run();
      return arena.gradients();
    };
    const [first, second] = [await gradients([batches[0]!]), await gradients([batches[1]!])];
    const both = await gradients(batches);
    for (const [name, g] of both) {
      assert(
        g.some((x) => x !== 0),
        `${name} has a gradient`,
      );
      assertEqual(
        g,
        first.get(name)!.map((x, i) => x + second.get(name)![i]!),
        `gradient of ${name}`,
      );
    }
  }),
);

gpuCase('a parameter that a step does not use has gradient 0 in it, whatever the step before left', ({ gpu }) =>
  withEngine(gpu, async (engine) => {
    const [hidden, side] = [new LIF(5, 8, { weightGain: 3 }), new Readout(8, 3)];
    const net = new Sequential(hidden, side);
    const arena = engine.bind(net);
    const run = async (frozen: boolean): Promise<Map<string, Float32Array>> => {
      const tape = engine.tape();
      const x = tape.input(spikes(6 * 3 * 8, 1), { shape: [6, 3, 8], form: 'bits' });
      const y = frozen
        ? side.forward(x)
        : net.forward(tape.input(spikes(6 * 3 * 5, 2), { shape: [6, 3, 5], form: 'bits' }));
      crossEntropy(y, [0, 1, 2]).loss.backward();
      await tape.run();
      return arena.gradients();
    };
    assert(
      (await run(false)).get('0.weight')!.some((g) => g !== 0),
      'the whole net gives the first layer a gradient',
    );
    const g = await run(true);
    assertEqual(g.get('0.weight'), new Float32Array(40), 'gradient of the layer that was left out');
    assert(
      g.get('1.weight')!.some((x) => x !== 0),
      'the layer that was used has one',
    );
  }),
);
