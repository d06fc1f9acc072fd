import type { BenchCase } from './cases.ts';
import { type CaseData, constants } from './data.ts';

/** Beyond so many additions it would take longer than what it judges. */
const MOST = 3e9;

/**
 * The loss of a case before any update, in float64 and with the plainest loops: the judge of all contenders.
 *
 * @returns null where that would take too long
 */
export function lossOf(c: BenchCase, data: CaseData): number | null {
  const { T, B, inputs, hidden, outputs } = c;
  if (c.kind !== 'neuron' && T * B * inputs * c.rate * hidden > MOST) return null;
  const { dt, tau, tauAhp, beta, threshold } = constants;
  const [alpha, rho] = [Math.exp(-dt / tau), Math.exp(-dt / tauAhp)];
  const rows = (name: string, pre: number, post: number): Float64Array[] => columnsOf(data.weights[name], pre, post);
  const [into, among, out] = [
    rows('weight', inputs, hidden),
    rows('recurrent', hidden, hidden),
    rows('readout', hidden, outputs),
  ];
  const counts = new Float64Array(hidden);
  let loss = 0;
  for (let b = 0; b < B; b++) {
    const [v, a, z] = [new Float64Array(hidden), new Float64Array(hidden), new Uint8Array(hidden)];
    const [o, sum] = [new Float64Array(outputs), new Float64Array(outputs)];
    const current = new Float64Array(hidden);
    for (let t = 0; t < T; t++) {
      const at = (t * B + b) * inputs;
      if (c.kind === 'neuron') current.set(data.input.subarray(at, at + inputs));
      else {
        current.fill(0);
        for (let i = 0; i < inputs; i++) if (data.input[at + i]) add(current, into[i]!);
      }
      if (c.recurrent) for (let i = 0; i < hidden; i++) if (z[i]) add(current, among[i]!);
      for (let n = 0; n < hidden; n++) {
        if (c.neuron === 'AHP') {
          a[n] = rho * a[n]! - beta * z[n]!;
          v[n] = alpha * v[n]! * (1 - z[n]!) + current[n]! + a[n]!;
        } else v[n] = alpha * (v[n]! - threshold * z[n]!) + current[n]!;
        z[n] = v[n]! > threshold ? 1 : 0;
        counts[n]! += z[n]!;
      }
      for (let k = 0; k < outputs; k++) o[k]! *= alpha;
      if (outputs > 0) for (let n = 0; n < hidden; n++) if (z[n]) add(o, out[n]!);
      add(sum, o);
    }
    if (outputs > 0) loss += crossEntropy(sum, T, data.labels[b]!) / B;
  }
  return outputs > 0 ? loss : counts.reduce((all, n) => all + (n / (T * B)) ** 2, 0) / hidden;
}

function crossEntropy(sum: Float64Array, T: number, label: number): number {
  const most = Math.max(...sum) / T;
  return most + Math.log(sum.reduce((all, x) => all + Math.exp(x / T - most), 0)) - sum[label]! / T;
}

/** [post, pre] as a row for each presynaptic neuron. */
function columnsOf(matrix: Float32Array | undefined, pre: number, post: number): Float64Array[] {
  if (!matrix) return [];
  return Array.from({ length: pre }, (_, i) => Float64Array.from({ length: post }, (_, n) => matrix[n * pre + i]!));
}

function add(to: Float64Array, row: Float64Array): void {
  for (let i = 0; i < to.length; i++) to[i]! += row[i]!;
}
