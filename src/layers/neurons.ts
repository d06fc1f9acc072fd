import { cell } from '../autograd/ops/cell.ts';
import { linear } from '../autograd/ops/linear.ts';
import { Parameter } from '../autograd/parameter.ts';
import type { Tensor } from '../autograd/tensor.ts';
import type { NeuronDefinition } from '../neurons/definition.ts';
import { suggest } from '../neurons/nearest.ts';
import { type Surrogate, surrogate } from '../neurons/surrogates.ts';
import { type ForwardContext, Layer, type LayerConfig, positiveInteger } from './layer.ts';

/** What every layer of neurons can be told. */
export interface NeuronOptions {
  /** Dense connections among the layer's neurons, from the spikes of the step before; none from a neuron to itself. */
  recurrent?: boolean;
  /** Trained with the weights: names of the neuron's constants (default none). */
  learn?: readonly string[];
  /** Derivative that stands for the spike's: a name or a `Surrogate` (default 'triangle'). */
  surrogate?: string | Surrogate | { name: string; constants: Record<string, number> };
  /** A trained constant current per neuron (default false). Only with weights of its own. */
  bias?: boolean;
  /** Factors on the initial weights, N(0, 1)/sqrt(fan-in) (default 1). */
  weightGain?: number;
  recurrentGain?: number;
  /** Time steps per dispatch; chosen by the size of the layer by default. */
  chunk?: number;
}

/** A constant of a neuron: one value, or one per neuron. */
export type PerNeuron = number | readonly number[] | Float32Array;

/**
 * A layer of neurons: `(inputs, N)` with weights of its own, or `(N)` after a layer that makes a current.
 *
 * [T, B, inputs] spikes or dense values to [T, B, N] spikes (for a neuron that does not spike, its voltage).
 */
export class Neurons extends Layer {
  readonly params: Readonly<Record<string, Parameter>>;
  readonly surrogate: Surrogate | null;
  readonly inputs: number;
  readonly outputs: number;
  readonly config: LayerConfig;

  /**
   * @param definition the neuron
   * @param sizes [inputs, N], or [N] for a layer without weights
   * @param constants values that differ from the definition's defaults
   */
  constructor(
    readonly definition: NeuronDefinition,
    sizes: readonly number[],
    constants: Readonly<Record<string, PerNeuron | undefined>>,
    readonly options: NeuronOptions,
    config: LayerConfig,
  ) {
    super();
    const { name, params } = definition;
    const [inputs, N] = sizes.length === 2 ? (sizes as [number, number]) : [null, sizes[0]!];
    if (inputs !== null) positiveInteger(name, 'inputs', inputs);
    positiveInteger(name, 'N', N);
    this.inputs = inputs ?? N;
    this.outputs = N;
    const { recurrent = false, learn = [], bias = false, weightGain = 1, recurrentGain = 1 } = options;
    const unknown = learn.find((n) => !Object.hasOwn(params, n));
    if (unknown !== undefined)
      throw new Error(`${name}: learn names '${unknown}'${suggest(unknown, Object.keys(params))}`);
    for (const [what, gain] of Object.entries({ weightGain, recurrentGain })) {
      if (!Number.isFinite(gain)) throw new Error(`${name}: ${what} must be a finite number, got ${gain}`);
    }
    if (bias && inputs === null)
      throw new Error(`${name}: bias needs weights of the layer's own; give it to the layer before`);
    if (recurrent && !definition.z) throw new Error(`${name}: does not spike and cannot be recurrent`);
    this.surrogate = definition.z ? surrogate(options.surrogate ?? 'triangle') : null;
    this.params = {
      ...(inputs === null ? {} : { weight: new Parameter([N, inputs], { normal: weightGain / Math.sqrt(inputs) }) }),
      ...(bias ? { bias: new Parameter([N], { fill: 0 }) } : {}),
      ...(recurrent
        ? { 'recurrent.weight': new Parameter([N, N], { normal: recurrentGain / Math.sqrt(N) }, { noDiagonal: true }) }
        : {}),
      ...Object.fromEntries(
        Object.entries(params).map(([n, spec]) => {
          const value = constants[n] ?? spec.default;
          const values = typeof value === 'number' ? [value] : Array.from(value);
          if (values.length !== 1 && values.length !== N)
            throw new Error(`${name}: ${n} must be one number or ${N} (one per neuron), got ${values.length}`);
          const bad = values.find((x) => !(x >= spec.min && x <= spec.max));
          if (bad !== undefined)
            throw new Error(
              `${name}: ${n} must be in ${spec.min} .. ${spec.max}${spec.unit && ` ${spec.unit}`}, got ${bad}`,
            );
          return [
            n,
            new Parameter(
              [values.length],
              { fill: values },
              { trainable: learn.includes(n), min: spec.min, max: spec.max },
            ),
          ];
        }),
      ),
    };
    this.config = config;
    this.label = name;
  }

  /** Rows of a state: the neuron's states, and the last spikes of one that spikes. */
  get stateRows(): number {
    return this.definition.states.length + (this.definition.z ? 1 : 0);
  }

  forward(x: Tensor, { carried }: ForwardContext): Tensor {
    const {
      weight = null,
      bias = null,
      'recurrent.weight': recurrent = null,
    } = this.params as Record<string, Parameter | undefined>;
    const { definition, label, surrogate: s } = this;
    const spikes = weight && x.form === 'bits' ? x : null;
    const current = spikes ? null : weight ? linear(x, weight, bias ?? undefined, label) : x;
    if (current && current.form !== 'f32')
      throw new Error(`${label}: a layer without weights needs a current, got spikes; put a Linear before it`);
    const B = x.shape[1]!;
    const before = carried?.final.get(this);
    const shape = [this.stateRows, B, this.outputs];
    // within one step the state is a tensor like any other, and the gradient goes through it
    const start = before && (before.tape === x.tape ? before : x.tape.input(before, { shape, name: `${label} state` }));
    const constants = Object.keys(definition.params).map((n) => this.params[n]!);
    const attrs = {
      definition,
      surrogate: s,
      N: this.outputs,
      constants,
      weight: spikes && weight,
      recurrent,
      bias: spikes && bias,
      chunk: this.options.chunk,
    };
    const run = cell({ current, spikes, start }, attrs, label);
    if (carried) carried.final.set(this, run.final.keep());
    return run.z ?? run.v;
  }
}

/** Separates `(inputs, N, options)` from `(N, options)`. */
export function sizesAndOptions<O extends object>(
  args: readonly [number, number, O?] | readonly [number, O?],
): { sizes: number[]; options: O } {
  const sizes = args.filter((a): a is number => typeof a === 'number');
  return { sizes, options: (args.find((a) => typeof a === 'object') ?? {}) as O };
}

/** The options of a layer as plain data, for its config. */
export function savedOptions(options: NeuronOptions): Record<string, unknown> {
  const plain = Object.entries(options).map(([name, value]) => {
    if (name === 'surrogate' && typeof value === 'object')
      return [name, { name: value.name, constants: value.constants }];
    return [name, value instanceof Float32Array ? Array.from(value) : value];
  });
  return Object.fromEntries(plain.filter(([, value]) => value !== undefined));
}
