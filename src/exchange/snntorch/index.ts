import { encodeSafetensors } from '../../io/safetensors.ts';
import type { Sequential } from '../../layers/sequential.ts';
import { onlyKnown } from '../../neurons/nearest.ts';
import type { Activity, Sample } from '../activity.ts';
import { type Exported, type Inspection, refuse, type Verdict } from '../exported.ts';
import { simulate } from '../simulate.ts';
import type { DecodeOptions } from './building.ts';
import { decode, ORDER } from './decode.ts';
import { readStateDict } from './keys.ts';
import { orderOf, tensorsOf } from './module.ts';
import { inOrder } from './order.ts';
import { planOf } from './plan.ts';
import { snntorchText } from './text.ts';

export type { DecodeOptions } from './building.ts';
export { decodeSnntorch } from './decode.ts';
export { isSnntorch } from './keys.ts';

export interface SnntorchOptions {
  /** How the files' names begin ('model'). */
  readonly name?: string;
}

/** What snnTorch's neurons make of a net. */
export function checkSnntorch(net: Sequential, options: SnntorchOptions = {}): Verdict {
  onlyKnown('snntorch', options, ['name']);
  const { refused, lost, notes } = planOf(net);
  return { refused, lost, notes };
}

/**
 * A net as a state_dict of snnTorch's modules (1.0), `NAME.safetensors`, and the module that it is loaded into,
 * `NAME_snntorch.py` (one `_snntorch` suffices): Linear, Conv2d, AvgPool2d, Flatten; LIF and IF as Leaky or RLeaky, CubaLIF as Synaptic or RSynaptic,
 * Alpha as Alpha, Readout as a Leaky whose voltage goes on. Decays, input gains and masks are computed into what snnTorch has.
 *
 * @throws when it cannot be held, naming the layers
 */
export async function encodeSnntorch(net: Sequential, options: SnntorchOptions = {}): Promise<Exported> {
  onlyKnown('snntorch', options, ['name']);
  const { name = 'model' } = options;
  const { modules, refused, lost, notes } = planOf(net);
  refuse('snnTorch', { refused });
  const metadata = { format: 'pt', [ORDER]: orderOf(modules) };
  return {
    files: [
      { name: `${name}.safetensors`, bytes: encodeSafetensors(tensorsOf(modules), metadata) },
      {
        name: `${name.replace(/_snntorch$/, '')}_snntorch.py`,
        bytes: new TextEncoder().encode(snntorchText(modules, name, net.inputs)),
      },
    ],
    refused,
    lost,
    notes,
  };
}

/**
 * What a state_dict makes of a sample, in float64: the file alone is read, by snnTorch's meaning. Layers have the labels that
 * the file says they had, if it was written here, and no voltage where snnTorch's is another than the one they recorded.
 */
export async function replaySnntorch(
  bytes: Uint8Array,
  sample: Sample,
  options: DecodeOptions = {},
): Promise<Activity> {
  const { net, origins } = decode(bytes, options, true);
  const { T, B, outputs, layers } = await simulate(net, sample);
  return {
    T,
    B,
    outputs,
    layers: layers.map((trace) => {
      const { label, voltage } = origins.get(trace.label.split(' ')[0]!)!;
      return { ...trace, label, voltage: voltage ? trace.voltage : null };
    }),
  };
}

/** A state_dict of snnTorch's modules as `inspect` shows it. @throws when it is none */
export function inspectSnntorch(bytes: Uint8Array): Inspection {
  const { groups, metadata } = readStateDict(bytes);
  const said = Object.hasOwn(metadata, ORDER) ? metadata[ORDER] : undefined;
  let order: readonly string[] | null = null;
  try {
    order = inOrder(groups, said).map((entry) => entry.name);
  } catch {
    // shown as the file has it
  }
  const named = new Map(groups.map((g) => [g.name, g]));
  const nodes = (order ?? groups.map((g) => g.name)).map((name, i) => {
    const group = named.get(name);
    const shape = group?.tensors.get('weight')?.shape ?? group?.tensors.get('recurrent.weight')?.shape;
    return {
      name: group ? name : `${name} ${i}`,
      type: group?.kind ?? name,
      shape: shape ? `[${shape.join(', ')}]` : '',
      detail: [...(group?.tensors ?? [])].flatMap(([n, t]) => describe(n, t.values)).join(', '),
      from: [] as string[],
    };
  });
  if (order) for (let i = 1; i < nodes.length; i++) nodes[i]!.from.push(nodes[i - 1]!.name);
  const numbers = groups.reduce((sum, g) => sum + [...g.tensors.values()].reduce((n, t) => n + t.values.length, 0), 0);
  return {
    format: 'snnTorch state_dict',
    facts: { modules: groups.length, numbers, order: order ? order.join(', ') : 'not told by the file' },
    nodes,
  };
}

const RESETS = ['subtract', 'zero', 'none'];

function describe(name: string, values: Float64Array): string[] {
  if (name === 'weight' || name.startsWith('recurrent.') || values.length === 0) return [];
  if (name === 'reset_mechanism_val') return [`reset ${RESETS[values[0]!] ?? values[0]}`];
  if (name === 'bias') return ['bias'];
  const [low, high] = values.reduce(([a, b], x) => [Math.min(a, x), Math.max(b, x)], [Infinity, -Infinity]);
  return [`${name} ${low === high ? low : `${low} .. ${high}`}`];
}
