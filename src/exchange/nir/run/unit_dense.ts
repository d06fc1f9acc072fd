import type { NirNode } from '../file/graph.ts';
import { numbersOf, sizeOf } from '../file/values.ts';
import { activation, type Setting, type Unit } from './unit.ts';

/** Affine and Linear: y = W x + b over the last dimension; each place in those before it has a matrix of its own. */
export function matrixUnit(place: string, node: NirNode, { B, output }: Setting): Unit {
  const { data: w, shape } = numbersOf(place, node, 'weight');
  const [outputs, inputs] = shape.slice(-2) as [number, number];
  const matrices = sizeOf(shape.slice(0, -2));
  const bias = node.type === 'Affine' ? numbersOf(place, node, 'bias').data : null;
  const out = activation(place, sizeOf(output), B);
  return {
    out,
    step(x) {
      for (let b = 0; b < B * matrices; b++) {
        const m = b % matrices;
        for (let o = 0; o < outputs; o++) {
          let sum = bias ? bias[(m * outputs + o) % bias.length]! : 0;
          const row = (m * outputs + o) * inputs;
          for (let i = 0; i < inputs; i++) {
            const value = x[b * inputs + i]!;
            if (value !== 0) sum += w[row + i]! * value;
          }
          out[b * outputs + o] = sum;
        }
      }
    },
  };
}

/** Scale: y = s x. */
export function scaleUnit(place: string, node: NirNode, { B }: Setting): Unit {
  const { data } = numbersOf(place, node, 'scale');
  const out = activation(place, data.length, B);
  return {
    out,
    step(x) {
      for (let i = 0; i < out.length; i++) out[i] = data[i % data.length]! * x[i]!;
    },
  };
}

/** Input, Output and Flatten: the numbers as they are. */
export function passUnit(place: string, { B, output }: Setting): Unit {
  const out = activation(place, sizeOf(output), B);
  return { out, step: (x) => out.set(x) };
}

/** Delay: y(t) = x(t - delay), rounded to whole steps, zeros before. */
export function delayUnit(place: string, node: NirNode, { B, dt }: Setting): Unit {
  const { data } = numbersOf(place, node, 'delay');
  const N = data.length;
  const steps = data.map((d) => Math.round(d / dt));
  const rows = steps.reduce((a, b) => Math.max(a, b), 0) + 1;
  const out = activation(place, N, B);
  const past = activation(place, rows * N, B);
  let t = 0;
  return {
    out,
    step(x) {
      past.set(x, (t % rows) * B * N);
      for (let i = 0; i < out.length; i++) {
        const from = t - steps[i % N]!;
        out[i] = from < 0 ? 0 : past[(from % rows) * B * N + i]!;
      }
      t++;
    },
  };
}
