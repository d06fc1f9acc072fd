import type { Node } from '../autograd/op.ts';
import type { CellAttrs } from '../autograd/ops/cell_node.ts';
import type { Tape } from '../autograd/tape.ts';
import type { Tensor } from '../autograd/tensor.ts';
import { unpackSpikes } from '../device/storage.ts';
import { ACTIVITY } from '../kernels/activity.ts';
import type { Sliding } from '../kernels/conv.ts';
import { OWN_WEIGHT } from '../neurons/recurrence.ts';
import { pooled } from './connections.ts';

/** Spikes of each neuron over all samples and their valid steps; known when the step has run. */
export type SpikeCounts = () => Promise<Float64Array>;

/** That a tensor is made of spikes: each of its values is `unit` times a number of them. */
export interface Events {
  /** NaN where neurons differ in it. */
  readonly unit: number;
  readonly counts: SpikeCounts;
}

/**
 * Which tensors of a step carry spikes, and how many. Sums of spikes are spikes still, as poolings, residual sums and
 * concatenations make them: what comes after can take each for itself, since what it does is linear. Counts go through these
 * without a look at the values. Called before the step runs, it has the step leave what is counted.
 */
export function eventsOf(tape: Tape): ReadonlyMap<Tensor, Events> {
  const found = new Map<Tensor, Events>();
  for (const t of tape.tensors) {
    const data = tape.data.get(t.id);
    if (t.form !== 'bits' || !data) continue;
    found.set(t, ArrayBuffer.isView(data) ? given(t, data as Uint32Array) : readLater(t, 1));
  }
  for (const node of tape.nodes) {
    const [first] = node.outputs;
    const made = first && madeBy(node, (t) => (t ? found.get(t) : undefined));
    if (made) found.set(first, made);
  }
  return found;
}

/** Spikes from outside, which are at hand. */
function given(t: Tensor, packed: Uint32Array): Events {
  const shape = t.shape as [number, number, number];
  return { unit: 1, counts: once(async () => counted(unpackSpikes(packed, shape), shape, t.lengths?.values, 1)) };
}

/** Spikes that go through a layer's own connections, at the step after: those of a sample's last step do not. */
export function recurrentCounts(node: Node<CellAttrs>): SpikeCounts {
  const { N, definition } = node.attrs;
  const [, , final, activity] = node.outputs as [Tensor, Tensor, Tensor, Tensor];
  return once(async () => {
    const rows = await activity.read();
    const last = await final.read();
    const B = final.shape[1]!;
    const result = Float64Array.from(rows.subarray(ACTIVITY.spikes * N, (ACTIVITY.spikes + 1) * N));
    const from = definition.states.length * B * N;
    for (let i = 0; i < B * N; i++) result[i % N]! -= last[from + i]!;
    return result;
  });
}

function madeBy(node: Node, of: (t: Tensor | null | undefined) => Events | undefined): Events | null {
  const [a, b] = node.inputs;
  const [y] = node.outputs as [Tensor];
  const x = of(a);
  switch (node.op.name) {
    case 'cell':
      return cellSpikes(node as Node<CellAttrs>);
    case 'dense':
      return x ? { ...x, unit: x.unit * (node.attrs as { scale: number }).scale } : null;
    case 'dropout':
      return x ?? null;
    case 'pool2d': {
      const { window, scale } = node.attrs as { window: Sliding; scale: number };
      return x ? { unit: x.unit * scale, counts: once(async () => pooled(await x.counts(), window)) } : null;
    }
    case 'add': {
      const other = of(b);
      if (!x || !other || x.unit !== other.unit) return null;
      const counts = once(async () => {
        const others = await other.counts();
        return (await x.counts()).map((n, i) => n + others[i]!);
      });
      return { unit: x.unit, counts };
    }
    case 'columns': {
      const all = node.inputs.map(of);
      if (!all.every((e) => e !== undefined)) return null;
      const unit = all.every((e) => e.unit === x!.unit) ? x!.unit : Number.NaN;
      const counts = once(async () => {
        const lists = await Promise.all(all.map((e) => e.counts()));
        return Float64Array.from(lists.flatMap((list) => Array.from(list)));
      });
      return { unit, counts };
    }
    case 'rows':
    case 'lengths':
      return sums(node, of);
    default:
      if (y.form === 'bits') return readLater(y, 1);
      return node.op.cost?.(node).sums ? sums(node, of) : null;
  }
}

/** Spikes, if all that is added up is. */
function sums(node: Node, of: (t: Tensor) => Events | undefined): Events | null {
  const added = node.inputs.filter((t) => t !== null && t.form !== 'words') as Tensor[];
  const units = added.map((t) => of(t)?.unit ?? Number.NaN);
  return units.length > 0 && units.every((u) => u === units[0]) ? readLater(node.outputs[0]!, units[0]!) : null;
}

function cellSpikes(node: Node<CellAttrs>): Events | null {
  const { definition, recurrent, extras, N } = node.attrs;
  if (!definition.z) return null;
  const [, , final, activity] = node.outputs as [Tensor, Tensor, Tensor, Tensor];
  extras.monitored = true;
  activity.keep();
  if (recurrent || Object.hasOwn(definition.params, OWN_WEIGHT)) final.keep();
  const counts = once(async () => {
    const rows = await activity.read();
    return Float64Array.from(rows.subarray(ACTIVITY.spikes * N, (ACTIVITY.spikes + 1) * N));
  });
  return { unit: 1, counts };
}

function readLater(t: Tensor, unit: number): Events {
  t.keep();
  return { unit, counts: once(async () => counted(await t.read(), t.shape, t.lengths?.values, unit)) };
}

function counted(
  values: ArrayLike<number>,
  [T, B, N]: readonly number[],
  lengths: ArrayLike<number> | undefined,
  unit: number,
): Float64Array {
  const result = new Float64Array(N!);
  for (let t = 0; t < T!; t++)
    for (let b = 0; b < B!; b++) {
      if (lengths && t >= lengths[b]!) continue;
      const at = (t * B! + b) * N!;
      for (let n = 0; n < N!; n++) result[n]! += Math.round(values[at + n]! / unit);
    }
  return result;
}

function once(make: SpikeCounts): SpikeCounts {
  let made: Promise<Float64Array> | null = null;
  return () => {
    made ??= make();
    return made;
  };
}
