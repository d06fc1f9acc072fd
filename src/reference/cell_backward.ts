import type { CellStep } from '../kernels/cell.ts';
import { quads } from '../kernels/sizes.ts';
import { barRecord, barSpike, barState } from '../neurons/adjoint.ts';
import { lastSpike, state } from '../neurons/definition.ts';
import { lengthOf, programOf, setConstants, setNeuron, startOf } from './neuron.ts';
import type { Twin, TwinCall } from './twin.ts';

/** Twin of cell_backward: the derived adjoint, step by step from the last one, neuron by neuron. */
export const cellBackward: Twin = (c) => {
  const plan = c.call.twin as CellStep;
  const { def, B, N, Q, carried } = plan;
  const adjoint = plan.adjoint!;
  const { t0, t1, row0, rows, last } = c.dims as Record<'t0' | 't1' | 'row0' | 'rows' | 'last', number>;
  const pitch = 4 * Q;
  const planes = adjoint.planes.map((p) => ({ ...p, k: plan.planes.findIndex((saved) => saved.node === p.node) }));
  const nodes = planes.map((p) => p.node);
  const previous = programOf(
    plan,
    adjoint.previous.map((p) => p.node),
    nodes,
  );
  const params = adjoint.params.map((p) => p.node);
  const equations = programOf(plan, [adjoint.input, adjoint.lastSpike, ...adjoint.states, ...params], nodes);
  const programs = [previous, equations];
  for (const p of programs) setConstants(p, plan, c);

  const carry = c.of('carry');
  const trace = planes.length ? c.of('trace') : null;
  const spikes = def.z ? c.of('spikes') : null;
  const inPlace = c.flag('IN_PLACE');
  const gradIn = c.of(inPlace ? 'trace' : 'grad_in');
  const traceAt = (k: number, t: number, b: number): number => ((k * rows + t - row0) * B + b) * pitch;
  const gradAt = (t: number, b: number): number => (inPlace ? traceAt(0, t, b) : (t * B + b) * pitch);
  const carryAt = (row: number, b: number, n: number): number => pitch + (row * B + b) * pitch + n;
  const passedAt = (t: number, b: number): number => carryAt(carried + params.length + (t % 2), b, 0);
  const resumed = !last || c.flag('HAS_FINAL');

  for (let b = 0; b < B; b++) {
    const length = lengthOf(c, b);
    const end = Math.min(t1, length);
    const load = (row: number, there: boolean): Float64Array =>
      Float64Array.from({ length: N }, (_, n) => (there ? carry[carryAt(row, b, n)]! : 0));
    const d = Array.from({ length: carried }, (_, k) => load(k, resumed));
    const dSpike = def.z ? d[def.states.length]! : new Float64Array(N);
    const sums = params.map((_, i) => load(carried + i, !last));

    for (let t = Math.max(t0, end); t < t1; t++) gradIn.fill(0, gradAt(t, b), gradAt(t, b) + pitch);
    // dI of the step after
    let later = carry.slice(passedAt(t1, b), passedAt(t1, b) + pitch);
    for (let t = end - 1; t >= t0; t--) {
      const rowAt = (t * B + b) * pitch;
      const current = new Float64Array(pitch);
      for (let n = 0; n < N; n++) {
        const at = rowAt + n;
        const before = at - B * pitch;
        const previousStates = t > row0;
        for (const p of programs) setNeuron(p, plan, c, n);
        if (previousStates) {
          for (const { node, k } of planes) previous.set(node, trace![traceAt(k, t - 1, b) + n]!);
          if (spikes) previous.set(def.z!, spikes[before]!);
          previous.run();
        }
        adjoint.previous.forEach(({ name, node }) => {
          const known = previousStates ? previous.get(node) : startOf(c, plan, def.states.indexOf(name), b, n);
          equations.set(state(name), known);
        });
        for (const { node, k } of planes) equations.set(node, trace![traceAt(k, t, b) + n]!);
        if (spikes) {
          equations.set(def.z!, spikes[at]!);
          equations.set(lastSpike, t > 0 ? spikes[before]! : startOf(c, plan, def.states.length, b, n));
        }
        def.states.forEach((name, k) => {
          equations.set(barState(name), d[k]![n]!);
        });
        equations.set(barRecord, c.flag('HAS_GRAD_RECORD') ? c.of('grad_out')[4 * c.dims.grad_record! + at]! : 0);
        let toSpike = dSpike[n]!;
        if (c.flag('RECURRENT') && t + 1 < length) toSpike += sentBack(c, plan, later, n);
        if (plan.above) toSpike += fromAbove(c, plan, t, b, n);
        else if (c.flag('HAS_GRAD_SPIKES')) toSpike += c.of('grad_out')[at - 4 * c.dims.grad_first!]!;
        if (c.flag('HAS_RATE')) toSpike += carry[n]!;
        equations.set(barSpike, toSpike);
        equations.run();

        current[n] = equations.get(adjoint.input);
        adjoint.states.forEach((e, k) => {
          d[k]![n] = equations.get(e);
        });
        params.forEach((e, i) => {
          sums[i]![n]! += equations.get(e);
        });
        if (def.z) dSpike[n] = equations.get(adjoint.lastSpike);
      }
      gradIn.set(current, gradAt(t, b));
      later = current;
    }
    if (c.flag('RECURRENT') && end > t0) carry.set(later, passedAt(t0, b));
    // an empty chunk at step 0: what the recurrent weights send back to the spikes before the first step
    if (c.flag('RECURRENT') && t1 === 0 && length > 0) {
      for (let n = 0; n < N; n++) dSpike[n]! += sentBack(c, plan, later, n);
    }
    [...d, ...sums].forEach((row, k) => {
      for (let n = 0; n < pitch; n++) carry[carryAt(k, b, n)] = n < N ? row[n]! : 0;
    });
  }
};

/** What the current gradients of a step, `later`, send back to the spike of neuron n at the step before. */
function sentBack(c: TwinCall, { N, Q }: CellStep, later: Float64Array, n: number): number {
  const effective = c.of('effective');
  const [from, stride] = c.constant('ROWS') ? [4 * Q * n, 1] : [n, 4 * Q];
  let sum = 0;
  for (let j = 0; j < N; j++) sum += later[j]! * effective[4 * c.constant('W_REC') + from + j * stride]!;
  return sum;
}

/** What the layer above sends back to the spike of neuron n. */
function fromAbove(c: TwinCall, { B, Q, above }: CellStep, t: number, b: number, n: number): number {
  const { neurons, weights } = above!;
  const [errors, effective] = [c.of('grad_out'), c.of('effective')];
  const from = (t * B + b) * 4 * quads(neurons);
  let sum = 0;
  for (let k = 0; k < neurons; k++) sum += errors[from + k]! * effective[4 * (weights + k * Q) + n]!;
  return sum;
}
