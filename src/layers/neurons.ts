import { cell } from '../autograd/ops/cell.ts';
import type { CellRun } from '../autograd/ops/cell_node.ts';
import { linear } from '../autograd/ops/linear.ts';
import { Parameter } from '../autograd/parameter.ts';
import type { Tensor } from '../autograd/tensor.ts';
import type { NeuronDefinition } from '../neurons/definition.ts';
import { suggest } from '../neurons/nearest.ts';
import { OWN_WEIGHT, oneToOne } from '../neurons/recurrence.ts';
import { type Surrogate, surrogate } from '../neurons/surrogates.ts';
import { type ConnectionOptions, connect, requireInputs, savedConnections } from './connections.ts';
import { type Initializer, initializer } from './initialize.ts';
import { type ForwardContext, Layer, type LayerConfig, positiveInteger } from './layer.ts';

/** What every layer of neurons can be told. */
export interface NeuronOptions {
  /**
   * Connections among the layer's neurons, from the spikes of the step before: `true` or 'dense' from each neuron to every
   * other one, none to itself, weights [N, N]; 'one-to-one' from each neuron to itself alone, weights [N] (default false).
   */
  recurrent?: boolean | 'dense' | 'one-to-one';
  /** Trained with the weights: names of the neuron's constants, or `true` for all of them (default none). */
  learn?: boolean | readonly string[];
  /** Derivative that stands for the spike's: a name or a `Surrogate` (default 'triangle'). */
  surrogate?: string | Surrogate | { name: string; constants: Record<string, number> };
  /** A trained constant current per neuron (default false). Only with weights of its own. */
  bias?: boolean;
  /** How the weights, and those among the layer's neurons, begin (default 'normal', N(0, 1)/sqrt(fan-in)). */
  init?: Initializer;
  recurrentInit?: Initializer;
  /** Factors on the initial weights (default 1). */
  weightGain?: number;
  recurrentGain?: number;
  /** Which connections there are, and their signs: of the weights, and among the layer's neurons (default all, both). */
  connections?: ConnectionOptions;
  recurrentConnections?: ConnectionOptions;
  /** Time steps per dispatch; chosen by the size of the layer by default. */
  chunk?: number;
}

/** The names above. */
const COMMON: Readonly<Record<keyof Required<NeuronOptions>, true>> = {
  recurrent: true,
  learn: true,
  surrogate: true,
  bias: true,
  init: true,
  recurrentInit: true,
  weightGain: true,
  recurrentGain: true,
  connections: true,
  recurrentConnections: true,
  chunk: true,
};

/** A constant of a neuron: one value, or one per neuron. */
export type PerNeuron = number | readonly number[] | Float32Array;

/** A constant that is drawn for each neuron, between two values, from the net's seed. */
export interface Drawn {
  readonly uniform: readonly [low: number, high: number];
}

/**
 * A layer of neurons: `(inputs, N)` with weights of its own, or `(N)` after a layer that makes a current.
 *
 * [T, B, inputs] spikes or dense values to [T, B, N] spikes (for a neuron that does not spike, its voltage).
 */
export class Neurons extends Layer {
  readonly params: Readonly<Record<string, Parameter>>;
  /** The neuron, with its own last spike among its inputs if the layer is recurrent one to one. */
  readonly definition: NeuronDefinition;
  readonly recurrence: 'dense' | 'one-to-one' | null;
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
    definition: NeuronDefinition,
    sizes: readonly number[],
    constants: Readonly<Record<string, PerNeuron | Drawn | undefined>>,
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
    const { bias = false, weightGain = 1, recurrentGain = 1 } = options;
    const learn = options.learn === true ? Object.keys(params) : options.learn || [];
    if (!Array.isArray(learn))
      throw new Error(`${name}: learn must be true, false or a list of names, got ${JSON.stringify(learn)}`);
    const unknown = learn.find((n) => !Object.hasOwn(params, n));
    if (unknown !== undefined)
      throw new Error(`${name}: learn names '${unknown}'${suggest(unknown, Object.keys(params))}`);
    for (const [what, gain] of Object.entries({ weightGain, recurrentGain })) {
      if (!Number.isFinite(gain)) throw new Error(`${name}: ${what} must be a finite number, got ${gain}`);
    }
    if (bias && inputs === null)
      throw new Error(`${name}: bias needs weights of the layer's own; give it to the layer before`);
    this.recurrence = recurrenceOf(name, options.recurrent);
    if (this.recurrence && !definition.z) throw new Error(`${name}: does not spike and cannot be recurrent`);
    this.definition = this.recurrence === 'one-to-one' ? oneToOne(definition) : definition;
    this.surrogate = definition.z ? surrogate(options.surrogate ?? 'triangle') : null;
    for (const [what, there] of [
      ['init', inputs !== null],
      ['connections', inputs !== null],
      ['recurrentInit', this.recurrence !== null],
      ['recurrentConnections', this.recurrence === 'dense'],
    ] as const) {
      if (!there && options[what] !== undefined)
        throw new Error(`${name}: ${what} is given, but there are no such weights`);
    }
    const init = initializer(name, 'init', options.init, weightGain);
    const recurrentInit = initializer(name, 'recurrentInit', options.recurrentInit, recurrentGain);
    const weights =
      inputs === null ? null : connect(name, 'connections', 'weight', [N, inputs], options.connections, init);
    const among =
      this.recurrence === 'dense'
        ? connect(
            name,
            'recurrentConnections',
            'recurrent.weight',
            [N, N],
            options.recurrentConnections,
            recurrentInit,
            true,
          )
        : null;
    if (weights) requireInputs(name, N, [weights, among]);
    this.params = {
      ...weights?.params,
      ...(bias ? { bias: new Parameter([N], { fill: 0 }) } : {}),
      ...(this.recurrence === 'one-to-one' ? { 'recurrent.weight': new Parameter([N], recurrentInit) } : {}),
      ...among?.params,
      ...Object.fromEntries(
        Object.entries(params).map(([n, spec]) => {
          const value = constants[n] ?? spec.default;
          const drawn = typeof value === 'object' && 'uniform' in value ? value.uniform : null;
          const values = drawn ?? (typeof value === 'number' ? [value] : Array.from(value as ArrayLike<number>));
          if (!drawn && values.length !== 1 && values.length !== N)
            throw new Error(`${name}: ${n} must be one number or ${N} (one per neuron), got ${values.length}`);
          const bad = values.find((x) => !(x >= spec.min && x <= spec.max));
          if (bad !== undefined)
            throw new Error(
              `${name}: ${n} must be in ${spec.min} .. ${spec.max}${spec.unit && ` ${spec.unit}`}, got ${bad}`,
            );
          return [
            n,
            new Parameter(
              [drawn ? N : values.length],
              drawn ? { draw: (_, random) => between(N, drawn, random) } : { fill: values },
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

  /** The neuron's constants as the kernels read them, in the definition's order. */
  get constants(): Parameter[] {
    return Object.keys(this.definition.params).map((n) => this.params[n === OWN_WEIGHT ? 'recurrent.weight' : n]!);
  }

  /**
   * Records the layer on the tape of x with all that it puts out: spikes, voltage, every state, the final ones.
   *
   * @param x [T, B, inputs], or a current [T, B, N] for a layer without weights
   * @param start [states (+ 1), B, N]: the states before the first step in the definition's order, then the last spikes;
   *   zeros by default
   */
  run(x: Tensor, start: Tensor | null = null): CellRun {
    const { weight = null, bias = null } = this.params as Record<string, Parameter | undefined>;
    const { definition, label } = this;
    const current = this.current(x);
    const spikes = current ? null : x;
    const attrs = {
      definition,
      surrogate: this.surrogate,
      N: this.outputs,
      constants: this.constants,
      weight: spikes && weight,
      recurrent: this.recurrence === 'dense' ? this.params['recurrent.weight']! : null,
      bias: spikes && bias,
      chunk: this.options.chunk,
    };
    return cell({ current, spikes, start }, attrs, label);
  }

  /** What arrives from outside as a dense current; null for spikes that the time loop gathers itself. */
  protected current(x: Tensor): Tensor | null {
    const { weight, bias } = this.params as Record<string, Parameter | undefined>;
    if (weight) return x.form === 'bits' ? null : linear(x, weight, bias, this.label);
    if (x.form !== 'f32')
      throw new Error(`${this.label}: a layer without weights needs a current, got spikes; put a Linear before it`);
    return x;
  }

  forward(x: Tensor, { state, place = this.label }: ForwardContext = {}): Tensor {
    const B = x.shape[1]!;
    const before = state?.final.get(place);
    const shape = [this.stateRows, B, this.outputs];
    // within one step the state is a tensor like any other, and the gradient goes through it
    const within = before && 'tape' in before && before.tape === x.tape ? before : null;
    const start = within ?? (before && x.tape.input(before, { shape, name: `${this.label} state` }));
    const run = this.run(x, start);
    if (state) state.final.set(place, run.final.keep());
    return run.z ?? run.v;
  }
}

/**
 * Separates `(inputs, N, options)` from `(N, options)`.
 *
 * @param names of the options that the layer has beside those of all layers of neurons
 * @throws on an option that it does not have
 */
export function sizesAndOptions<O extends object>(
  args: readonly [number, number, O?] | readonly [number, O?],
  kind?: string,
  names?: Readonly<Record<Exclude<keyof O, keyof NeuronOptions>, true>>,
): { sizes: number[]; options: O } {
  const sizes = args.filter((a): a is number => typeof a === 'number');
  const options = (args.find((a) => typeof a === 'object') ?? {}) as O;
  if (kind !== undefined && names) {
    const known = Object.keys({ ...names, ...COMMON });
    const unknown = Object.keys(options).find((name) => !known.includes(name));
    if (unknown !== undefined) throw new Error(`${kind}: there is no option '${unknown}'${suggest(unknown, known)}`);
  }
  return { sizes, options };
}

/**
 * The decays among `[time constant, decay]` pairs that are parameters: those that are given or learned.
 *
 * @throws when a time constant is given or learned beside its decay
 */
export function decaysOf<O extends NeuronOptions>(
  kind: string,
  options: O,
  pairs: readonly (readonly [tau: keyof O & string, decay: keyof O & string])[],
): string[] {
  const asked = (name: keyof O & string): boolean =>
    options[name] !== undefined || (Array.isArray(options.learn) && options.learn.includes(name));
  return pairs
    .filter(([tau, decay]) => {
      if (asked(tau) && asked(decay))
        throw new Error(`${kind}: ${tau} and ${decay} are two names of one constant; give one of them`);
      return asked(decay);
    })
    .map(([, decay]) => decay);
}

function recurrenceOf(kind: string, recurrent: NeuronOptions['recurrent'] = false): 'dense' | 'one-to-one' | null {
  if (recurrent === false) return null;
  if (recurrent === true) return 'dense';
  if (recurrent === 'dense' || recurrent === 'one-to-one') return recurrent;
  throw new Error(
    `${kind}: recurrent must be true, false, 'dense' or 'one-to-one', got '${recurrent}'${suggest(String(recurrent), ['dense', 'one-to-one'])}`,
  );
}

const between = (N: number, [low, high]: Drawn['uniform'], random: () => number): number[] =>
  Array.from({ length: N }, () => low + (high - low) * random());

/** The options of a layer as plain data, for its config. */
export function savedOptions(options: NeuronOptions): Record<string, unknown> {
  const plain = Object.entries(options).map(([name, value]) => {
    if (name === 'surrogate' && typeof value === 'object')
      return [name, { name: value.name, constants: value.constants }];
    if (/onnections$/.test(name)) return [name, savedConnections(value as ConnectionOptions)];
    // a function cannot be saved, and need not be: a net that is loaded has its weights
    if (typeof value === 'function') return [name, undefined];
    return [name, value instanceof Float32Array ? Array.from(value) : value];
  });
  return Object.fromEntries(plain.filter(([, value]) => value !== undefined));
}
