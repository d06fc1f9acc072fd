import type { GatedStep } from '../kernels/gated.ts';
import { fromInput, fromStates, planesOf } from '../kernels/gated_cell.ts';
import { quads } from '../kernels/sizes.ts';
import { barState } from '../neurons/adjoint.ts';
import { state } from '../neurons/definition.ts';
import { compile } from '../neurons/evaluate.ts';
import type { Expr } from '../neurons/expr.ts';
import type { Twin, TwinCall } from './twin.ts';

const noSpikes = (): number => {
  throw new Error('a gated cell does not spike');
};

/** Twin of gated_forward: step by step, unit by unit, sums over all units of the step before. */
export const gatedForward: Twin = (c) => {
  const { cell, adjoint, H, hasBias } = c.call.twin as GatedStep;
  const { gates, states, next } = cell;
  const { T, B, t0, t1 } = c.dims as Record<'T' | 'B' | 't0' | 't1', number>;
  const { pitch, row } = pitches(c);
  const [effective, values] = [c.of('effective'), c.of('gates')];
  const [hidden, carry] = [c.of('hidden'), c.of('carry')];
  const trace = adjoint ? c.of('trace') : null;
  const planes = planesOf(cell);
  const given = [...gates.map(fromInput), ...gates.map(fromStates), ...states.map(state)];
  const kept = gates.map((g) => cell.kept[g]!);
  const program = compile([...states.map((s) => next[s]!), ...kept, ...planes], given, noSpikes);
  const weights = 4 * c.constant('R');
  const bias = hasBias ? 4 * c.constant('BIAS') : null;

  for (let b = 0; b < B; b++) {
    const end = Math.max(t0, Math.min(t1, lengthOf(c, b)));
    let s = states.map((_, k) =>
      Float64Array.from({ length: H }, (_, n) => {
        const at = (k * B + b) * pitch + n;
        return t0 > 0 ? carry[at]! : c.flag('HAS_START') ? c.of('start')[at]! : 0;
      }),
    );
    for (let t = t0; t < end; t++) {
      const at = t * B + b;
      const after = states.map(() => new Float64Array(H));
      for (let n = 0; n < H; n++) {
        gates.forEach((g, i) => {
          let sum = bias === null ? 0 : effective[bias + i * H + n]!;
          for (let j = 0; j < H; j++) sum += s[0]![j]! * effective[weights + j * row + i * H + n]!;
          program.set(fromInput(g), values[at * row + i * H + n]!);
          program.set(fromStates(g), sum);
        });
        states.forEach((name, k) => {
          program.set(state(name), s[k]![n]!);
        });
        program.run();
        states.forEach((name, k) => {
          after[k]![n] = program.get(next[name]!);
        });
        hidden[at * pitch + n] = after[0]![n]!;
        if (!trace) continue;
        kept.forEach((e, i) => {
          values[at * row + i * H + n] = program.get(e);
        });
        planes.forEach((e, k) => {
          trace[(k * T * B + at) * pitch + n] = program.get(e);
        });
      }
      s = after;
    }
    // steps that the sample does not have, and lanes past H
    for (let t = t0; t < t1; t++) {
      for (let n = t < end ? H : 0; n < pitch; n++) {
        hidden[(t * B + b) * pitch + n] = 0;
        if (trace) for (let k = 0; k < planes.length; k++) trace[(k * T * B + t * B + b) * pitch + n] = 0;
      }
    }
    s.forEach((values, k) => {
      for (let n = 0; n < pitch; n++) carry[(k * B + b) * pitch + n] = values[n] ?? 0;
    });
  }
};

/** Twin of gated_backward. */
export const gatedBackward: Twin = (c) => {
  const { cell, adjoint, H } = c.call.twin as GatedStep;
  const { gates, states } = cell;
  const { T, B, t0, t1 } = c.dims as Record<'T' | 'B' | 't0' | 't1', number>;
  const { pitch, row } = pitches(c);
  const [effective, values] = [c.of('effective'), c.of('gates')];
  const [trace, carry] = [c.of('trace'), c.of('carry')];
  const apart = c.flag('APART') ? c.of('d_recurrent') : null;
  const gradOut = c.flag('HAS_GRAD_OUT') ? c.of('grad_out') : null;
  const planes = planesOf(cell);
  const { input, recurrent, before } = adjoint!;
  const kept = gates.map((g) => cell.kept[g]!);
  const given: Expr[] = [...kept, ...planes, ...states.map(barState)];
  const program = compile([...input, ...recurrent, ...before], given, noSpikes);
  const weights = 4 * c.constant('R');

  for (let b = 0; b < B; b++) {
    const end = Math.max(t0, Math.min(t1, lengthOf(c, b)));
    const d = states.map((_, k) =>
      Float64Array.from({ length: H }, (_, n) => (c.dims.resumed ? carry[(k * B + b) * pitch + n]! : 0)),
    );
    for (let t = end - 1; t >= t0; t--) {
      const at = t * B + b;
      const errors = gates.map(() => new Float64Array(H));
      for (let n = 0; n < H; n++) {
        kept.forEach((e, i) => {
          program.set(e, values[at * row + i * H + n]!);
        });
        planes.forEach((e, k) => {
          program.set(e, trace[(k * T * B + at) * pitch + n]!);
        });
        states.forEach((name, k) => {
          program.set(barState(name), d[k]![n]! + (k === 0 && gradOut ? gradOut[at * pitch + n]! : 0));
        });
        program.run();
        gates.forEach((_, i) => {
          values[at * row + i * H + n] = program.get(input[i]!);
          errors[i]![n] = program.get(recurrent[i]!);
          if (apart) apart[at * row + i * H + n] = errors[i]![n]!;
        });
        before.forEach((e, k) => {
          d[k]![n] = program.get(e);
        });
      }
      for (let j = 0; j < H; j++) {
        errors.forEach((error, i) => {
          for (let n = 0; n < H; n++) d[0]![j]! += error[n]! * effective[weights + (i * H + n) * pitch + j]!;
        });
      }
    }
    for (let t = t0; t < t1; t++) {
      for (let n = t < end ? gates.length * H : 0; n < row; n++) {
        values[(t * B + b) * row + n] = 0;
        if (apart) apart[(t * B + b) * row + n] = 0;
      }
    }
    d.forEach((values, k) => {
      for (let n = 0; n < pitch; n++) carry[(k * B + b) * pitch + n] = values[n] ?? 0;
    });
  }
};

/** Numbers of a row of units, and of a row of gates. */
function pitches(c: TwinCall): { pitch: number; row: number } {
  const { cell, H } = c.call.twin as GatedStep;
  return { pitch: 4 * quads(H), row: 4 * quads(cell.gates.length * H) };
}

const lengthOf = (c: TwinCall, b: number): number => (c.flag('HAS_LENGTHS') ? c.of('lengths')[b]! : c.dims.T!);
