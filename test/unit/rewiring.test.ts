import { describe, expect, it } from 'vitest';
import { Engine } from '../../src/autograd/engine.ts';
import type { Call } from '../../src/device/device.ts';
import { pcg, randomBits } from '../../src/kernels/random.ts';
import type { ConnectionOptions } from '../../src/layers/connections.ts';
import { LIF } from '../../src/layers/lif.ts';
import { Linear } from '../../src/layers/linear.ts';
import { Readout } from '../../src/layers/readout.ts';
import { Sequential } from '../../src/layers/sequential.ts';
import { crossEntropy } from '../../src/loss/cross_entropy.ts';
import { Adam } from '../../src/optim/adam.ts';
import { SGD } from '../../src/optim/sgd.ts';
import { rewire } from '../../src/reference/constraints.ts';
import { ReferenceDevice } from '../../src/reference/device.ts';
import { Random } from '../support/random.ts';

interface Matrix {
  weight: number[];
  mask: number[];
  signs?: number[];
  moments?: number[];
  pre: number;
  noDiagonal?: boolean;
  connections: number;
  l1?: number;
  noise?: number;
  seed?: number;
  step?: number;
}

/** One call of the reference's twin on one matrix. */
function once(m: Matrix): { weight: number[]; mask: number[]; moments: number[] } {
  const n = m.weight.length;
  const params = Float64Array.from([...m.weight, ...m.mask, ...(m.signs ?? [])]);
  const moments = Float64Array.from(m.moments ?? []);
  const settings = new Uint32Array(Float32Array.of(m.l1 ?? 0, m.noise ?? 0).buffer);
  const table = Float64Array.from([
    ...[0, n, m.signs ? 2 * n : 0xffffffff, n, m.pre, m.noDiagonal ? 1 : 0, m.connections, 0x80000000],
    ...settings,
  ]);
  const memory: Record<string, Float64Array> = { table, params, moments };
  rewire({
    call: {} as Call,
    dims: { slabs: moments.length / n, trainable: n },
    seed: m.seed ?? 0,
    step: m.step ?? 0,
    constant: () => 0,
    flag: () => moments.length > 0,
    of: (name) => memory[name]!,
    slot: () => 0,
    spikes: { smooth: false, forced: () => undefined, compared: () => undefined },
  });
  return { weight: [...params.slice(0, n)], mask: [...params.slice(n, 2 * n)], moments: [...moments] };
}

const count = (x: ArrayLike<number>): number => Array.from(x).filter((v) => v !== 0).length;

describe('one update by hand', () => {
  it('nothing crossed 0: nothing changes; a weight of 0 is no crossing', () => {
    const mask = [1, -1, 0, 1];
    expect(once({ weight: [0.5, -2, 0, 0], mask, pre: 2, connections: 3 })).toMatchObject({
      weight: [0.5, -2, 0, 0],
      mask,
    });
  });

  it('a crossed connection goes, another comes: the dormant one with the smallest random number, with weight 0', () => {
    const [seed, step] = [7, 3];
    const bits = Array.from({ length: 6 }, (_, i) => randomBits(seed, 0x80000000, step, i));
    const dormant = [1, 2, 4]; // 1 crosses 0, 2 and 4 were dormant
    const comes = dormant.sort((a, b) => bits[a]! - bits[b]!)[0]!;
    const { weight, mask } = once({
      weight: [0.5, 0.1, 9, -3, 9, 1],
      mask: [1, -1, 0, -1, 0, 1],
      pre: 3,
      connections: 4,
      seed,
      step,
    });
    expect(weight).toEqual([0.5, 0, 0, -3, 0, 1]);
    const expected = [1, 0, 0, -1, 0, 1];
    expected[comes] = pcg(bits[comes]!) & 1 ? 1 : -1;
    expect(mask).toEqual(expected);
  });

  it('with signs, what comes has that of its presynaptic neuron; the diagonal stays empty', () => {
    for (let step = 0; step < 30; step++) {
      const { mask } = once({
        weight: new Array(16).fill(0),
        mask: new Array(16).fill(0),
        signs: [1, -1, -1, 1],
        pre: 4,
        noDiagonal: true,
        connections: 5,
        step,
      });
      expect(count(mask)).toBe(5);
      mask.forEach((m, i) => {
        if (m !== 0) expect([m, Math.floor(i / 4) !== i % 4]).toEqual([[1, -1, -1, 1][i % 4], true]);
      });
    }
  });

  it('l1 is taken off the magnitude, and takes away what is smaller', () => {
    const { weight, mask } = once({
      weight: [0.5, -0.3, 0.1, -2],
      mask: [1, -1, 1, -1],
      pre: 4,
      connections: 3,
      l1: 0.25,
    });
    [0.25, -0.05, 0, -1.75].forEach((w, i) => expect(weight[i]).toBeCloseTo(w, 7));
    expect(mask).toEqual([1, -1, 0, -1]);
  });

  it('noise has the given deviation and mean 0, is new at every step and leaves dormant weights alone', () => {
    const [n, size] = [20000, 100];
    const matrix = {
      weight: Array.from({ length: n }, (_, i) => (i % 2 ? size : 0)),
      pre: n,
      connections: n / 2,
      noise: 0.5,
    };
    const run = (step: number): number[] => {
      const mask = matrix.weight.map((w) => (w ? 1 : 0));
      const { weight } = once({ ...matrix, mask, step });
      expect(weight.filter((_, i) => i % 2 === 0).every((w) => w === 0)).toBe(true);
      return weight.filter((_, i) => i % 2 === 1).map((w) => w - size);
    };
    const [a, b] = [run(0), run(1)];
    const mean = a.reduce((x, y) => x + y, 0) / a.length;
    const deviation = Math.sqrt(a.reduce((x, y) => x + (y - mean) ** 2, 0) / a.length);
    expect(Math.abs(mean)).toBeLessThan(0.02);
    expect(Math.abs(deviation - 0.5)).toBeLessThan(0.02);
    expect(Math.abs(a.reduce((s, x, i) => s + x * b[i]!, 0) / a.length)).toBeLessThan(0.01);
  });

  it('what the optimiser remembers of a lost connection is forgotten, of others not', () => {
    const { moments } = once({
      weight: [0.5, -0.1, 0, 1],
      mask: [1, 1, 0, 1],
      moments: [1, 2, 3, 4, 5, 6, 7, 8],
      pre: 4,
      connections: 3,
    });
    expect(moments).toEqual([1, 0, 3, 4, 5, 0, 7, 8]);
  });

  it('which ones come is uniform over the dormant ones, and so are their signs', () => {
    const [came, positive] = [new Float64Array(12), new Float64Array(12)];
    for (let step = 0; step < 3000; step++) {
      const { mask } = once({
        weight: new Array(12).fill(0),
        mask: new Array(12).fill(0),
        pre: 4,
        connections: 3,
        step,
      });
      mask.forEach((m, i) => {
        if (m !== 0) came[i]!++;
        if (m > 0) positive[i]!++;
      });
    }
    // 750 of 3,000 each, deviation 24; half of them positive, deviation 14
    for (const n of came) expect(Math.abs(n - 750)).toBeLessThan(120);
    for (const n of positive) expect(Math.abs(n - 375)).toBeLessThan(80);
  });

  it('the random numbers of a matrix are all different', () => {
    const seen = new Set(Array.from({ length: 60000 }, (_, i) => randomBits(1, 0x80000003, 5, i)));
    expect(seen.size).toBe(60000);
  });
});

/** Which of the inputs spikes early tells the class, through a net with 20 % of its connections. */
const [T, B, K, N] = [8, 9, 12, 20];
const task = (i: number): { x: Float32Array; labels: number[] } => {
  const random = new Random(`task ${i}`);
  const labels = Array.from({ length: B }, () => Math.floor(3 * random.uniform()));
  const x = new Float32Array(T * B * K);
  for (let t = 0; t < T; t++)
    for (let b = 0; b < B; b++)
      for (let k = 0; k < K; k++) x[(t * B + b) * K + k] = random.uniform() < (k % 3 === labels[b] ? 0.5 : 0.1) ? 1 : 0;
  return { x, labels };
};

const sparse = (connections: ConnectionOptions, recurrentConnections: ConnectionOptions, seed = 1): Sequential =>
  new Sequential(
    new LIF(K, N, { recurrent: true, tau: 10, connections, recurrentConnections, weightGain: 2 }),
    new Readout(N, 3, { tau: 10, connections: { rewire: { density: 0.2, l1: 1e-3 } } }),
  ).initialize(seed);

async function train(
  net: Sequential,
  steps: number,
  optimizer: Adam | SGD,
  look: (i: number) => void = () => undefined,
): Promise<number[]> {
  const engine = new Engine(new ReferenceDevice());
  engine.bind(net);
  const losses: number[] = [];
  for (let i = 0; i < steps; i++) {
    const { x, labels } = task(i);
    const tape = engine.tape({ seed: 5, step: i });
    const { loss } = crossEntropy(net.forward(tape.input(x, { shape: [T, B, K], form: 'bits' })), labels, {
      at: 'mean',
    });
    loss.backward();
    await optimizer.step(tape);
    losses.push(await loss.value());
    await engine.pull(net);
    look(i);
  }
  return losses;
}

describe('DEEP R in training', () => {
  const values = (net: Sequential, name: string): Float32Array => net.namedParameters().get(name)!.data.slice();

  it('learns at 20 % connectivity; the number of connections is exact after every step, dormant weights are 0, signs hold', async () => {
    const net = sparse(
      { rewire: { density: 0.2, l1: 1e-3 } },
      { rewire: { density: 0.2, l1: 1e-4, noise: 1e-3 }, excitatory: 0.75 },
    );
    const names = ['0.weight', '0.recurrent.weight', '1.weight'];
    const counts = [Math.round(0.2 * K * N), Math.round(0.2 * N * (N - 1)), Math.round(0.2 * 3 * N)];
    const masks = names.map((name) => values(net, `${name}_mask`));
    const changes = [0, 0, 0];
    const look = (): void =>
      names.forEach((name, m) => {
        const [mask, weight, before] = [values(net, `${name}_mask`), values(net, name), masks[m]!];
        expect(count(mask), name).toBe(counts[m]);
        mask.forEach((s, i) => {
          const w = weight[i]!;
          if (!(s === 0 ? w === 0 : w * s >= 0)) throw new Error(`${name}[${i}]: weight ${w} at sign ${s}`);
          if (s !== before[i]) changes[m]!++;
        });
        masks[m] = mask;
      });
    look();
    const losses = await train(net, 50, new Adam({ lr: 0.03 }), look);
    masks[1]!.forEach((s, i) => {
      const [post, pre] = [Math.floor(i / N), i % N];
      if (s !== 0) expect([post !== pre, s]).toEqual([true, pre < 15 ? 1 : -1]);
    });
    for (const n of changes) expect(n).toBeGreaterThan(10);
    const mean = (list: number[]): number => list.reduce((a, b) => a + b, 0) / list.length;
    expect(mean(losses.slice(0, 5))).toBeGreaterThan(1);
    expect(mean(losses.slice(-10))).toBeLessThan(0.5);
  });

  it('same seed, same bits; in place layer by layer as well', async () => {
    const run = async (layerwise: boolean, seed: number): Promise<number[]> => {
      const net = sparse({ rewire: { density: 0.2, noise: 0.01 } }, { rewire: { density: 0.3, l1: 1e-3 } }, seed);
      await train(net, 8, new SGD({ lr: 0.5, momentum: 0.9, layerwise }));
      return net.parameters().flatMap((p) => [...p.data]);
    };
    const first = await run(false, 1);
    expect(await run(false, 1)).toEqual(first);
    expect(await run(true, 1)).toEqual(first);
    expect(await run(false, 2)).not.toEqual(first);
  });

  it('a net that is saved and loaded goes on as one that was not', async () => {
    const { loadModel, saveModel } = await import('../../src/io/model.ts');
    const net = sparse({ rewire: { density: 0.2 } }, { density: 0.5, excitatory: 0.5 });
    await train(net, 3, new SGD({ lr: 0.5 }));
    const copy = loadModel(saveModel(net));
    await train(net, 3, new SGD({ lr: 0.5 }));
    await train(copy, 3, new SGD({ lr: 0.5 }));
    expect(copy.parameters().map((p) => [...p.data])).toEqual(net.parameters().map((p) => [...p.data]));
  });

  it('a layer without rewiring beside it is left alone', async () => {
    const net = new Sequential(
      new LIF(K, N, { connections: { rewire: { density: 0.2, l1: 0.01 } } }),
      new Linear(N, 3, { connections: { density: 0.5 } }),
    );
    const before = [values(net, '0.weight_mask'), values(net, '1.weight_mask')];
    await train(net, 5, new Adam({ lr: 1e-3 }));
    expect(values(net, '0.weight_mask')).not.toEqual(before[0]);
    expect(values(net, '1.weight_mask')).toEqual(before[1]);
  });
});
