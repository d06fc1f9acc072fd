import type { CellStep } from '../kernels/cell.ts';
import { penaltySum } from '../kernels/cell.ts';
import { quads } from '../kernels/sizes.ts';
import { input, lastSpike, state } from '../neurons/definition.ts';
import { lengthOf, programOf, setConstants, setNeuron, startOf } from './neuron.ts';
import { spikeValue } from './spike.ts';
import type { Twin, TwinCall } from './twin.ts';

/** Twin of cell_forward: step by step, neuron by neuron, sums over every presynaptic neuron. */
export const cellForward: Twin = (c) => {
  const plan = c.call.twin as CellStep;
  const { def, B, N, Q, carried } = plan;
  const planes = c.call.buffers.trace ? plan.planes : [];
  const { t0, t1, row0, rows, first } = c.dims as Record<'t0' | 't1' | 'row0' | 'rows' | 'first', number>;
  const [pitch, stats, replay] = [4 * Q, c.flag('STATS'), c.flag('REPLAY')];
  const penalty = penaltySum(
    def,
    plan.attrs.extras.penalties.map((p) => p.penalty),
  );
  const distance = def.z ? programOf(plan, [def.z.args[0]!]) : null;
  const equations = programOf(plan, [
    ...def.states.map((s) => def.next[s]!),
    def.v,
    penalty,
    ...planes.map((p) => p.node),
  ]);
  const programs = distance ? [distance, equations] : [equations];
  for (const p of programs) setConstants(p, plan, c);
  const spike = distance && spikeValue(plan, c);
  const carry = c.of('carry');
  const trace = planes.length ? c.of('trace') : null;
  const traceAt = (k: number, t: number, b: number, n: number): number => ((k * rows + t - row0) * B + b) * pitch + n;
  const spikes = def.z ? c.of('spikes') : null;
  // states are read and written where the call says; last spikes and sums stand behind those after the last step
  const carryAt = (row: number, b: number, n: number, states = 0): number =>
    (row < def.states.length ? 4 * states : 0) + (row * B + b) * pitch + n;

  for (let b = 0; b < B; b++) {
    const end = Math.min(t1, lengthOf(c, b));
    const load = (k: number): Float64Array =>
      rowOf(N, (n) => (first ? startOf(c, plan, k, b, n) : carry[carryAt(k, b, n, c.dims.carry_in)]!));
    const s = def.states.map((_, k) => load(k));
    let z = def.z ? load(def.states.length) : new Float64Array(N);
    if (replay && spikes && t0 > 0) z = rowOf(N, (n) => spikes[((t0 - 1) * B + b) * pitch + n]!);
    const sums = [0, 3e38, -3e38, 0].map((begin, row) =>
      rowOf(N, (n) => (stats && !first ? carry[carryAt(carried + row, b, n)]! : begin)),
    ) as [Float64Array, Float64Array, Float64Array, Float64Array];

    for (let t = t0; t < end; t++) {
      const zLast = z;
      z = new Float64Array(N);
      for (let n = 0; n < N; n++) {
        const current = arriving(c, plan, t, b, n, zLast);
        for (const p of programs) {
          setNeuron(p, plan, c, n);
          p.set(input, current);
          p.set(lastSpike, zLast[n]!);
          def.states.forEach((name, k) => {
            p.set(state(name), s[k]![n]!);
          });
        }
        if (replay && spikes) {
          z[n] = spikes[(t * B + b) * pitch + n]!;
          equations.set(def.z!, z[n]!);
        } else if (distance && spike && spikes) {
          distance.run();
          z[n] = spike(distance.get(def.z!.args[0]!), (t * B + b) * N + n);
          spikes[(t * B + b) * pitch + n] = z[n]!;
          equations.set(def.z!, z[n]!);
        }
        equations.run();
        planes.forEach((plane, k) => {
          trace![traceAt(k, t, b, n)] = equations.get(plane.node);
        });
        sums[0][n]! += z[n]!;
        sums[1][n] = Math.min(sums[1][n]!, equations.get(def.v));
        sums[2][n] = Math.max(sums[2][n]!, equations.get(def.v));
        sums[3][n]! += equations.get(penalty);
        def.states.forEach((name, k) => {
          s[k]![n] = equations.get(def.next[name]!);
        });
      }
      // lanes past N are 0 in every tensor
      for (let n = N; n < pitch; n++) {
        if (spikes) spikes[(t * B + b) * pitch + n] = 0;
        for (let k = 0; k < planes.length; k++) trace![traceAt(k, t, b, n)] = 0;
      }
    }
    // steps that the sample does not have: no spikes, traces 0, states stay
    for (let t = Math.max(t0, end); t < t1; t++) {
      for (let n = 0; n < pitch; n++) {
        if (spikes) spikes[(t * B + b) * pitch + n] = 0;
        for (let k = 0; k < planes.length; k++) trace![traceAt(k, t, b, n)] = 0;
      }
    }
    const kept = [...s, ...(def.z ? [z] : []), ...(stats ? sums : [])];
    if (replay) continue;
    kept.forEach((row, k) => {
      for (let n = 0; n < pitch; n++) carry[carryAt(k, b, n, c.dims.carry_out)] = n < N ? row[n]! : 0;
    });
  }
};

/** The current that arrives at neuron n of sample b at step t. */
function arriving(c: TwinCall, plan: CellStep, t: number, b: number, n: number, zLast: Float64Array): number {
  const { B, N, Q, attrs } = plan;
  const pitch = 4 * Q;
  const effective = c.of('effective');
  let sum = c.flag('HAS_BIAS') ? effective[4 * c.constant('BIAS') + n]! : 0;
  if (plan.dense) {
    const { inputs, weights } = plan.dense;
    const from = (t * B + b) * 4 * quads(inputs);
    for (let k = 0; k < inputs; k++) sum += c.of('current')[from + k]! * effective[4 * weights + k * pitch + n]!;
  }
  if (c.flag('CURRENT_IN_TRACE')) sum += c.of('trace')[((t - c.dims.row0!) * B + b) * pitch + n]!;
  if (c.flag('HAS_CURRENT')) sum += c.of('current')[(t * B + b) * pitch + n - 4 * c.dims.current_first!]!;
  if (c.flag('HAS_INPUT')) {
    const K = attrs.weight!.shape[1]!;
    const z = c.of('in_bits');
    const from = (t * B + b) * 4 * quads(K);
    for (let k = 0; k < K; k++) sum += z[from + k]! * effective[4 * c.constant('W_IN') + k * pitch + n]!;
  }
  if (c.flag('RECURRENT')) {
    const from = 4 * c.constant('W_REC') + n;
    for (let j = 0; j < N; j++) sum += zLast[j]! * effective[from + j * pitch]!;
  }
  return sum;
}

function rowOf(length: number, of: (n: number) => number): Float64Array {
  return Float64Array.from({ length }, (_, n) => of(n));
}
