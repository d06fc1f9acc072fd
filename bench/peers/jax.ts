import { defaultDevice, init, jit, lax, nn, numpy as np, valueAndGrad } from '@jax-js/jax';
import type { BenchCase } from '../cases.ts';
import type { Contender, Runner } from '../contender.ts';
import { adam, type CaseData, constants } from '../data.ts';
import { sizesOf, transposed } from './matrix.ts';

type Arrays = Record<string, np.Array>;

const decay = Math.exp(-constants.dt / constants.tau);
const slowDecay = Math.exp(-constants.dt / constants.tauAhp);
const { beta, gamma } = constants;

/**
 * jax-js: the whole step, update included, as one compiled function. It has no scan, so the loop over time is unrolled.
 * Every use of an array but its last takes a `ref`.
 */
export const jax: Contender = {
  name: 'jax-js',
  async prepare(c, data) {
    const devices = await init('webgpu');
    if (!devices.includes('webgpu')) throw new Error('jax-js found no WebGPU');
    defaultDevice('webgpu');
    return run(c, data);
  },
};

function run(c: BenchCase, data: CaseData): Runner {
  const { T, B, inputs, hidden, outputs } = c;
  // [pre, post], so that nothing is transposed in a step
  const sizes = sizesOf(c);
  const map = <V>(make: (name: string) => V): Record<string, V> =>
    Object.fromEntries(Object.keys(data.weights).map((name) => [name, make(name)]));
  const matrix = (values: Float32Array, rows: number, columns: number): np.Array =>
    np.array(values as Float32Array<ArrayBuffer>).reshape([rows, columns]);
  let weights: Arrays = map((name) => {
    const [post, pre] = sizes[name]!;
    return matrix(transposed(data.weights[name]!, post, pre), pre, post);
  });
  const input = matrix(data.input, T * B, inputs);
  const labels = outputs > 0 ? matrix(oneHot(data.labels, outputs), B, outputs) : np.zeros([1]);
  const others = np.array(1).sub(np.eye(c.recurrent ? hidden : 1));

  const forward = (p: Arrays, x: np.Array, y: np.Array): np.Array => {
    const current = p.weight ? np.matmul(x, p.weight) : x;
    const currents = np.unstack(current.reshape([T, B, hidden]));
    const z = c.neuron === 'AHP' ? adaptive(currents, p.recurrent ?? null) : leaky(currents);
    if (!p.readout) {
      y.dispose();
      return np.mean(np.square(np.mean(np.stack(z), [0, 1])));
    }
    const arriving = np.unstack(np.matmul(np.concatenate(z), p.readout).reshape([T, B, outputs]));
    const o = [arriving[0]!];
    for (const i of arriving.slice(1)) o.push(o.at(-1)!.ref.mul(decay).add(i));
    return np.mean(np.sum(nn.logSoftmax(total(o).div(T)).mul(y).neg(), -1));
  };

  const gradient = valueAndGrad(forward);
  const ofCurrent = valueAndGrad((x: np.Array, y: np.Array) => forward({}, x, y));

  const [b1, b2] = adam.betas;
  /** Loss, weights or gradients, moments. */
  const compiled = jit(
    (p: Arrays, m: Arrays, s: Arrays, c1: np.Array, c2: np.Array, x: np.Array, y: np.Array, among: np.Array) => {
      const names = Object.keys(p);
      const kept = Object.fromEntries(names.map((n) => [n, p[n]!.ref]));
      const [loss, g] = gradient(p, x, y) as [np.Array, Arrays];
      // no neuron has a connection to itself: zero at first, without a gradient. A mask on the weights would be fused into the
      // product of every time step, and cost a tenth of the whole
      if (g.recurrent) g.recurrent = g.recurrent.mul(among);
      else among.dispose();
      const next: [Arrays, Arrays, Arrays] = [{}, {}, {}];
      for (const n of names) {
        const mean = m[n]!.mul(b1).add(g[n]!.ref.mul(1 - b1));
        const square = s[n]!.mul(b2).add(np.square(g[n]!).mul(1 - b2));
        const change = mean.ref.div(c1.ref).div(np.sqrt(square.ref.div(c2.ref)).add(adam.eps));
        next[0][n] = kept[n]!.sub(change.mul(c.lr));
        next[1][n] = mean;
        next[2][n] = square;
      }
      c1.dispose();
      c2.dispose();
      return [loss, ...next] as [np.Array, Arrays, Arrays, Arrays];
    },
  );
  const plain = jit((p: Arrays, x: np.Array, y: np.Array) => gradient(p, x, y) as [np.Array, Arrays]);
  const alone = jit((x: np.Array, y: np.Array) => ofCurrent(x, y) as [np.Array, np.Array]);

  const zeros = (): Arrays => map((name) => np.zeros([...sizes[name]!].reverse()));
  let moments: [Arrays, Arrays] = [zeros(), zeros()];
  let gradients: Arrays = {};
  let k = 0;

  const refs = (arrays: Arrays): Arrays => Object.fromEntries(Object.entries(arrays).map(([n, a]) => [n, a.ref]));
  const drop = (arrays: Arrays): void => Object.values(arrays).forEach((a) => a.dispose());

  const once = (): np.Array => {
    if (c.lr > 0) {
      k++;
      const [loss, w, m, s] = compiled(
        weights,
        ...moments,
        np.array(1 - b1 ** k),
        np.array(1 - b2 ** k),
        input.ref,
        labels.ref,
        others.ref,
      );
      weights = w;
      moments = [m, s];
      return loss;
    }
    drop(gradients);
    if (c.kind === 'neuron') {
      const [loss, current] = alone(input.ref, labels.ref);
      gradients = { current };
      return loss;
    }
    const [loss, g] = plain(refs(weights), input.ref, labels.ref);
    gradients = g;
    return loss;
  };

  return {
    async step() {
      let loss = once();
      for (let i = 1; i < c.batches; i++) {
        loss.dispose();
        loss = once();
      }
      return (await loss.data())[0]!;
    },
    async outcome() {
      const found = c.lr > 0 ? weights : gradients;
      const read = async ([name, a]: [string, np.Array]): Promise<[string, Float32Array]> => {
        const values = Float32Array.from(await a.ref.data());
        const [post, pre] = sizes[name] ?? [];
        return [name, post && pre ? transposed(values, pre, post) : values];
      };
      return Object.fromEntries(await Promise.all(Object.entries(found).map(read)));
    },
    dispose() {
      for (const arrays of [weights, gradients, ...moments]) drop(arrays);
      for (const a of [input, labels, others]) a.dispose();
      for (const f of [compiled, plain, alone]) f.dispose();
    },
  };
}

/** Spikes where v is above 1; the triangle stands for their derivative. */
function spike(v: np.Array): np.Array {
  const x = v.sub(1);
  const fired = np.where(np.greater(lax.stopGradient(x.ref), 0), 1, 0);
  const slope = np.maximum(np.array(1).sub(np.abs(lax.stopGradient(x.ref))), 0).mul(gamma);
  // x - x is 0; its derivative is 1
  return fired.add(slope.mul(x.ref.sub(lax.stopGradient(x))));
}

function adaptive(currents: np.Array[], recurrent: np.Array | null): np.Array[] {
  let v = currents[0]!;
  let z = spike(v.ref);
  let a: np.Array | null = null;
  const spikes = [z.ref];
  for (const i of currents.slice(1)) {
    const taken: np.Array = z.ref.mul(-beta);
    a = a ? a.mul(slowDecay).add(taken) : taken;
    const before = v.mul(decay).mul(np.array(1).sub(z.ref));
    const arriving: np.Array = recurrent ? i.add(np.matmul(z, recurrent.ref)) : i;
    v = before.add(arriving).add(a.ref);
    z = spike(v.ref);
    spikes.push(z.ref);
  }
  for (const left of [v, z, a, recurrent]) left?.dispose();
  return spikes;
}

function leaky(currents: np.Array[]): np.Array[] {
  let v = currents[0]!;
  let z = spike(v.ref);
  const spikes = [z.ref];
  for (const i of currents.slice(1)) {
    v = v.sub(z).mul(decay).add(i);
    z = spike(v.ref);
    spikes.push(z.ref);
  }
  v.dispose();
  z.dispose();
  return spikes;
}

/** Two by two: fused into one expression, a sum one after the other nests deeper than WGSL allows. */
function total(terms: np.Array[]): np.Array {
  if (terms.length === 1) return terms[0]!;
  const half = terms.length >> 1;
  return total(terms.slice(0, half)).add(total(terms.slice(half)));
}

function oneHot(labels: Uint32Array, classes: number): Float32Array {
  const out = new Float32Array(labels.length * classes);
  for (const [b, label] of labels.entries()) out[b * classes + label] = 1;
  return out;
}
