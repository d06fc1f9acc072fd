import { decodeSafetensors, type StoredTensor } from '../../io/safetensors.ts';
import { halfValue } from '../../reference/half.ts';

/** What a state_dict has of one module, by the names within it. */
export interface Group {
  readonly name: string;
  readonly kind: 'Linear' | 'Conv2d' | 'Leaky' | 'RLeaky' | 'Synaptic' | 'RSynaptic';
  readonly tensors: ReadonlyMap<string, Values>;
}

/** Numbers of a tensor. */
export interface Values {
  readonly shape: readonly number[];
  readonly values: Float64Array;
}

export interface StateDict {
  readonly groups: readonly Group[];
  readonly metadata: Readonly<Record<string, string>>;
}

const SPIKING = ['threshold', 'graded_spikes_factor', 'reset_mechanism_val', 'beta'];
const WITHIN = new Set([...SPIKING, 'alpha', 'V', 'recurrent.weight', 'recurrent.bias', 'recurrent.V']);

/** Whether tensors of these names are a state_dict with snnTorch's neurons in it. */
export const isSnntorch = (names: readonly string[]): boolean =>
  names.some((name) => name === 'reset_mechanism_val' || name.endsWith('.reset_mechanism_val'));

/**
 * The modules of a state_dict in safetensors, told by the names and ranks of their tensors, in the order in which the file
 * names them. Takes no more memory than eight times the file's own size.
 *
 * @throws naming the tensor, when the file is none, or has one of a module that is not known
 */
export function readStateDict(bytes: Uint8Array): StateDict {
  const { tensors, metadata } = decodeSafetensors(bytes);
  const neurons = [...tensors.keys()]
    .filter((key) => key === 'reset_mechanism_val' || key.endsWith('.reset_mechanism_val'))
    .map((key) => key.slice(0, -'reset_mechanism_val'.length));
  const spiking = new Set(neurons);
  const parts = new Map<string, Map<string, Values>>();
  for (const [key, tensor] of tensors) {
    const prefix = prefixOf(key, spiking);
    const own = key.slice(prefix.length);
    if (!spiking.has(prefix) && own !== 'weight' && own !== 'bias')
      throw new Error(
        `snnTorch: tensor '${key}' belongs to no module that is known (Linear, Conv2d, Leaky, RLeaky, Synaptic, RSynaptic, Alpha)`,
      );
    if (spiking.has(prefix) && !WITHIN.has(own))
      throw new Error(`snnTorch: tensor '${key}' is none that Leaky, RLeaky, Synaptic, RSynaptic or Alpha have`);
    const group = parts.get(prefix) ?? new Map<string, Values>();
    group.set(own, { shape: tensor.shape, values: numbersOf(key, tensor) });
    parts.set(prefix, group);
  }
  const groups = [...parts].map(([prefix, own]) => {
    const name = prefix.replace(/\.$/, '');
    return { name, kind: kindOf(name, own, spiking.has(prefix)), tensors: own };
  });
  return { groups, metadata };
}

/** The module that a tensor belongs to, with the dot behind its name: what a neuron recurs through is its own. */
function prefixOf(key: string, spiking: ReadonlySet<string>): string {
  const within = /^(.*?)recurrent\.(weight|bias|V)$/s.exec(key);
  if (within && spiking.has(within[1]!)) return within[1]!;
  return key.slice(0, key.lastIndexOf('.') + 1);
}

function kindOf(name: string, own: ReadonlyMap<string, Values>, spiking: boolean): Group['kind'] {
  const fail = (what: string): never => {
    throw new Error(`snnTorch: module '${name}' ${what}`);
  };
  if (!spiking) {
    const weight = own.get('weight') ?? fail('has a bias and no weight');
    if (weight.shape.length === 2) return 'Linear';
    if (weight.shape.length === 4) return 'Conv2d';
    return fail(`has a weight of shape [${weight.shape.join(', ')}]; 2 sizes make a Linear, 4 a Conv2d`);
  }
  const missing = SPIKING.find((key) => !own.has(key));
  if (missing) fail(`has neurons, but no ${missing}`);
  const recurrent = own.has('recurrent.weight') || own.has('recurrent.V');
  if (recurrent) return own.has('alpha') ? 'RSynaptic' : 'RLeaky';
  // Alpha has the same names; which it is must be said
  return own.has('alpha') ? 'Synaptic' : 'Leaky';
}

function numbersOf(key: string, { dtype, data }: StoredTensor): Float64Array {
  const bad = (x: number): number => {
    if (!Number.isFinite(x)) throw new Error(`snnTorch: tensor '${key}' has ${x} among its numbers`);
    return x;
  };
  switch (dtype) {
    case 'F64':
    case 'F32':
    case 'I32':
    case 'I16':
    case 'I8':
    case 'U8':
      return Float64Array.from(data as Float32Array, bad);
    case 'I64':
      return Float64Array.from(data as BigInt64Array, (x) => Number(x));
    case 'F16':
      return Float64Array.from(data as Uint16Array, (x) => bad(halfValue(x)));
    case 'BF16': {
      const words = Uint32Array.from(data as Uint16Array, (x) => x << 16);
      return Float64Array.from(new Float32Array(words.buffer), bad);
    }
    default:
      throw new Error(`snnTorch: tensor '${key}' is of type ${dtype}; expected floats or whole numbers`);
  }
}
