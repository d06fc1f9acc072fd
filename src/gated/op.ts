import type { Lowering } from '../autograd/lowering.ts';
import type { Node, Op } from '../autograd/op.ts';
import { biasGradient, weightGradient } from '../autograd/ops/linear.ts';
import type { Parameter } from '../autograd/parameter.ts';
import type { Tensor } from '../autograd/tensor.ts';
import type { Storage } from '../device/storage.ts';
import { chooseGatedPath, type GatedPath, type GatedStep, gatedBackward, gatedForward } from '../kernels/gated.ts';
import { deriveGated, type GatedCell, planesOf } from '../kernels/gated_cell.ts';
import { gatedBackwardRegions, gatedForwardRegions } from '../kernels/gated_regions.ts';
import { quads } from '../kernels/sizes.ts';

/** What a layer of gated cells is made of. */
export interface GatedAttrs {
  readonly cell: GatedCell;
  /** Recurrent weights [gates H, H]. */
  readonly recurrent: Parameter;
  /** What is added to the recurrent sums, [gates H]. */
  readonly bias: Parameter | null;
  readonly chunk: number | undefined;
}

/** What a layer of gated cells puts out. */
export interface GatedRun {
  /** The output of each step, [T, B, H]. */
  readonly h: Tensor;
  /** The states after the last step of each sample, [states, B, H]. */
  readonly final: Tensor;
}

/** What forward and backward of one node share. */
interface Plan {
  readonly step: GatedStep;
  readonly path: GatedPath;
  readonly T: number;
  readonly B: number;
  readonly H: number;
  readonly Q: number;
  /** First what the inputs give to the gates; in training what the cell keeps of each gate, then the gradients. */
  readonly gates: Storage;
  readonly lengths: Storage | null;
  /** Whether the forward pass keeps anything. */
  readonly keep: boolean;
  readonly constants: Readonly<Record<string, number | boolean>>;
}

const op: Op<GatedAttrs> = {
  name: 'gated',
  key: ({ cell, bias, chunk }) => [cell.key, bias ? 'b' : '', chunk].join(';'),
  cost({ attrs: { cell, recurrent, bias } }) {
    const units = recurrent.shape[1]!;
    return {
      multiplyAccumulates: recurrent.data.length,
      adds: bias ? bias.data.length : 0,
      equations: cell.states.map((name) => cell.next[name]!),
      units,
      states: cell.states.length * units,
    };
  },
  forward(low, node) {
    const { step, path, T, B, H, gates, lengths, keep, constants } = planOf(low, node);
    const { cell, recurrent, bias } = node.attrs;
    const [start, [h, final, before]] = [node.inputs[1] ?? null, node.outputs as [Tensor, Tensor, Tensor]];
    const variant = {
      constants: {
        ...constants,
        R: low.weights(recurrent, 'pre', 'packed'),
        BIAS: bias ? low.constants([bias], bias.data.length) : 0,
        HAS_START: start !== null,
      },
      regions: {
        ...gatedForwardRegions(cell, {
          samples: path.samples,
          software: low.limits.software === true,
          bias: step.hasBias,
          keep,
        }),
        ...low.packing,
      },
    };
    const buffers = {
      effective: low.effective,
      start: start && low.of(start),
      lengths,
      gates,
      trace: keep ? low.give(before, low.make(`${node.label} trace`, 'f32', [planesOf(cell).length, T, B, H])) : null,
      hidden: low.give(h, low.make(h.name, 'f32', h.shape)),
      carry: low.give(final, low.make(final.name, 'f32', final.shape)),
    };
    for (let t0 = 0; t0 < T; t0 += path.chunk)
      low.call(gatedForward, `${node.label} forward`, {
        variant,
        dims: { T, B, t0, t1: Math.min(T, t0 + path.chunk), units: H },
        buffers,
        groups: [Math.ceil(B / path.samples), 1, 1],
        work: path.work * Math.min(path.chunk, T - t0),
        twin: step,
      });
  },
  backward(low, node) {
    const { step, path, T, B, H, Q, gates, lengths, keep, constants } = planOf(low, node);
    const { cell, recurrent, bias } = node.attrs;
    const [current, start = null] = node.inputs as [Tensor, Tensor | null];
    const [h, final, before] = node.outputs as [Tensor, Tensor, Tensor];
    const [dh, dFinal] = [low.gradient(h), low.gradient(final)];
    if (!keep || (!dh && !dFinal)) return;
    const { alike } = step.adjoint!;
    const count = cell.states.length * B * Q;
    const carry = low.make(`${node.label} backward carry`, 'f32', final.shape);
    if (dFinal) low.copy(dFinal, carry, { count, label: `${node.label} final states` });
    const apart = alike ? null : low.make(`${node.label} recurrent gradient`, 'f32', [T, B, cell.gates.length * H]);
    const variant = {
      constants: {
        ...constants,
        GATES: cell.gates.length,
        R: low.weights(recurrent, 'post', 'packed'),
        HAS_GRAD_OUT: dh !== null,
        APART: !alike,
      },
      regions: {
        ...gatedBackwardRegions(cell, step.adjoint!, { samples: path.samples, software: low.limits.software === true }),
        ...low.packing,
      },
    };
    for (let t0 = Math.floor((T - 1) / path.chunk) * path.chunk; t0 >= 0; t0 -= path.chunk)
      low.call(gatedBackward, `${node.label} backward`, {
        variant,
        dims: {
          T,
          B,
          t0,
          t1: Math.min(T, t0 + path.chunk),
          units: H,
          resumed: dFinal || t0 + path.chunk < T ? 1 : 0,
        },
        buffers: {
          effective: low.effective,
          grad_out: dh,
          lengths,
          trace: low.of(before),
          gates,
          d_recurrent: apart,
          carry,
        },
        groups: [Math.ceil(B / path.samples), 1, 1],
        work: path.work * Math.min(path.chunk, T - t0),
        twin: step,
      });
    // of steps that a sample does not have the gradients are 0
    weightGradient(low, `${node.label} recurrent`, { x: before, dy: apart ?? gates, weight: recurrent });
    if (bias) biasGradient(low, `${node.label} recurrent`, { dy: apart ?? gates, M: T * B, bias });
    if (low.needs(current)) low.addGradient(current, gates);
    if (low.needs(start)) low.addGradient(start, carry);
  },
};

function planOf(low: Lowering, node: Node<GatedAttrs>): Plan {
  const { cell, bias, chunk } = node.attrs;
  const [current, h] = [node.inputs[0]!, node.outputs[0]!];
  const [T, B, H] = h.shape as [number, number, number];
  const keep = low.training && h.requiresGrad;
  const path = chooseGatedPath(cell, { H, B, T }, low.limits, { chunk, label: node.label });
  const lengths = h.lengths ? low.of(h.lengths.tensor) : null;
  return {
    step: { cell, adjoint: keep ? deriveGated(cell) : null, H, hasBias: bias !== null },
    path,
    T,
    B,
    H,
    Q: quads(H),
    gates: low.of(current),
    lengths,
    keep,
    constants: {
      H,
      Q: quads(H),
      ROW: quads(cell.gates.length * H),
      SAMPLES: path.samples,
      WORKGROUP: path.workgroup,
      HAS_LENGTHS: lengths !== null,
    },
  };
}

/**
 * Runs a layer of gated cells over all time steps.
 *
 * @param current [T, B, gates H], what the inputs give to the gates: nobody else may read it, its memory is used again
 * @param start [states, B, H], zeros by default
 */
export function gated(current: Tensor, start: Tensor | null, attrs: GatedAttrs, label: string): GatedRun {
  const { cell, recurrent, bias } = attrs;
  const [T, B] = current.shape as [number, number, number];
  const H = recurrent.shape[1]!;
  const shape = [cell.states.length, B, H];
  if (start && (start.form !== 'f32' || start.shape.join() !== shape.join()))
    throw new Error(`${label}: the initial state must be f32[${shape.join(', ')}], got ${start}`);
  const params = bias ? [recurrent, bias] : [recurrent];
  const requiresGrad = params.some((p) => p.trainable) || [current, start].some((t) => t?.requiresGrad);
  const [h, final] = current.tape.record(
    op,
    [current, start],
    params,
    attrs,
    [
      { form: 'f32', shape: [T, B, H], requiresGrad, name: `${label} output`, lengths: current.lengths },
      { form: 'f32', shape, requiresGrad, name: `${label} final state` },
      { form: 'f32', shape: [T, B, H], requiresGrad: false, name: `${label} output before` },
    ],
    label,
  ) as [Tensor, Tensor, Tensor];
  return { h, final };
}
