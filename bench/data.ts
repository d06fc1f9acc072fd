import type { BenchCase } from './cases.ts';
import { normal, random } from './random.ts';

/** What all contenders of a case start from. */
export interface CaseData {
  /** Matrices [post, pre] by name: `weight`, and where the case has them `recurrent` (diagonal 0) and `readout`. */
  readonly weights: Readonly<Record<string, Float32Array>>;
  /** [T, B, inputs], 0 and 1; for a case of neurons alone their current [T, B, hidden]. */
  readonly input: Float32Array;
  /** [B] classes; empty where there is no readout. */
  readonly labels: Uint32Array;
}

/** Adam as all contenders compute it. */
export const adam = { betas: [0.9, 0.999], eps: 1e-8 } as const;

/** Constants of the neurons: ms a step, decays and threshold; gamma of the triangle as surrogate. */
export const constants = { dt: 1, tau: 20, tauAhp: 700, beta: 96 / (127 * 64), threshold: 1, gamma: 0.3 } as const;

/** Weights, inputs and labels of a case: a function of its sizes, so that sizes alone tell contenders all they need. */
export function dataOf(c: BenchCase): CaseData {
  const from = (what: string): (() => number) => random(`${what} ${c.inputs} ${c.hidden} ${c.outputs}`);
  const matrix = (what: string, post: number, pre: number): Float32Array => {
    const next = from(what);
    return Float32Array.from({ length: post * pre }, () => normal(next) / Math.sqrt(pre));
  };
  const weights: Record<string, Float32Array> = {};
  if (c.kind !== 'neuron') weights.weight = matrix('weight', c.hidden, c.inputs);
  if (c.recurrent) {
    weights.recurrent = matrix('recurrent', c.hidden, c.hidden);
    for (let i = 0; i < c.hidden; i++) weights.recurrent[i * c.hidden + i] = 0;
  }
  if (c.outputs > 0) weights.readout = matrix('readout', c.outputs, c.hidden);

  const next = from('input');
  const value = c.kind === 'neuron' ? () => 0.2 * next() : () => (next() < c.rate ? 1 : 0);
  const input = Float32Array.from({ length: c.T * c.B * c.inputs }, value);
  const label = from('labels');
  const labels = Uint32Array.from({ length: c.outputs > 0 ? c.B : 0 }, () => Math.floor(label() * c.outputs));
  return { weights, input, labels };
}
