import type { NamedTensor } from '../../io/safetensors.ts';

/** A module of snnTorch's or PyTorch's, as a net is written in. */
export interface Module {
  /** Its class: `Linear`, `RLeaky`, ... */
  readonly kind: string;
  /** Arguments of its constructor, as Python. */
  readonly args: readonly string[];
  /** Its part of the state_dict, by the names within the module; numbers that are still to be rounded. */
  readonly tensors: Map<string, { shape: readonly number[]; values: Float64Array; dtype: 'F32' | 'I64' }>;
  /** What its part of the state_dict does not say, for `order`: `reset_delay=False`, `output=mem`. */
  readonly said: readonly string[];
  /** The place of the layer of neurons that it stands for, and its kind: `1.body.0 LIF`. */
  readonly label?: string;
  /** Whether its voltage goes on, not its spikes. */
  readonly voltage?: boolean;
}

/** Says of a module that its mem is not the voltage that the layer records. */
export const SPIKES_ONLY = 'compare=spikes';

/** A number as Python has floats. */
export const float = (x: number): string => {
  const text = String(x).replace('e+', 'e');
  return /[.en]/.test(text) ? text : `${text}.0`;
};

/** Sizes as a tuple, or the one that all of them are. */
export const size = (sizes: readonly number[]): string =>
  sizes.every((n) => n === sizes[0]) ? String(sizes[0]) : `(${sizes.join(', ')})`;

/** The state_dict of modules that stand in an nn.Sequential. */
export const tensorsOf = (modules: readonly Module[]): NamedTensor[] =>
  modules.flatMap((m, i) =>
    [...m.tensors].map(([name, { shape, values, dtype }]) => ({
      name: `${i}.${name}`,
      dtype,
      shape,
      data: dtype === 'I64' ? BigInt64Array.from(values, (x) => BigInt(x)) : Float32Array.from(values),
    })),
  );

/** The modules in order, as `decodeSnntorch` takes it: what a state_dict leaves open is said. */
export const orderOf = (modules: readonly Module[]): string =>
  modules
    .map((m, i) => {
      const said = [...m.said, ...(m.label ? [`as=${m.label}`] : [])];
      return `${m.tensors.size ? i : m.kind}${said.length ? `(${said.join(', ')})` : ''}`;
    })
    .join(', ');
