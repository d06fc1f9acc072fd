import { cell } from '../autograd/ops/cell.ts';
import type { CellRun } from '../autograd/ops/cell_node.ts';
import { dense } from '../autograd/ops/elementwise.ts';
import { linear } from '../autograd/ops/linear.ts';
import { Parameter } from '../autograd/parameter.ts';
import type { Tensor } from '../autograd/tensor.ts';
import { FEW_INPUTS } from '../kernels/cell.ts';
import type { NeuronDefinition } from '../neurons/definition.ts';
import { onlyKnown, suggest } from '../neurons/nearest.ts';
import { OWN_WEIGHT, oneToOne } from '../neurons/recurrence.ts';
import { type Surrogate, type SurrogateChoice, surrogate } from '../neurons/surrogates.ts';
import { type ConnectionOptions, connect, requireInputs, savedConnections } from './connections.ts';
import { type Initializer, initializer } from './initialize.ts';
import { type ForwardContext, Layer, type LayerConfig, positiveInteger, trueOrFalse } from './layer.ts';

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
  surrogate?: SurrogateChoice;
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

/** What a layer takes as the value of a constant. */
export type Constant = PerNeuron | Drawn;

/** The ends between which a constant is drawn, if it is. */
export const endsOf = (value: Constant | undefined): readonly number[] | null =>
  typeof value === 'object' && value !== null && 'uniform' in value ? value.uniform : null;

let made = 0;

/**
 * A layer of neurons: `(inputs, N)` with weights of its own, or `(N)` after a layer that makes a current; spikes that come
 * without weights are currents of 1.
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
  /** Names the carried state of a layer that stands in no net. */
  readonly #alone = `layer ${++made}`;

  /**
   * @param definition the neuron
   * @param sizes [inputs, N], or [N] for a layer without weights
   * @param constants values that differ from the definition's defaults
   */
  constructor(
    definition: NeuronDefinition,
    sizes: readonly number[],
    constants: Readonly<Record<string, Constant | undefined>>,
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
    const { bias = false } = options;
    const learn = learnedOf(name, options.learn, Object.keys(params));
    trueOrFalse(name, 'bias', bias);
    if (options.chunk !== undefined) positiveInteger(name, 'chunk', options.chunk);
    if (bias && inputs === null)
      throw new Error(`${name}: bias needs weights of the layer's own; give it to the layer before`);
    this.recurrence = recurrenceOf(name, options.recurrent);
    if (this.recurrence && !definition.z) throw new Error(`${name}: does not spike and cannot be recurrent`);
    this.definition = this.recurrence === 'one-to-one' ? oneToOne(definition) : definition;
    if (options.surrogate !== undefined && !definition.z)
      throw new Error(`${name}: does not spike and has no surrogate`);
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
    const init = initializer(name, 'init', options.init, options.weightGain);
    const recurrentInit = initializer(name, 'recurrentInit', options.recurrentInit, options.recurrentGain);
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
          const value = (Object.hasOwn(constants, n) ? constants[n] : null) ?? spec.default;
          const drawn = endsOf(value);
          const values = drawn ?? (typeof value === 'number' ? [value] : [...(value as readonly number[])]);
          if (drawn && values.length !== 2)
            throw new Error(`${name}: ${n} must be drawn from uniform [low, high], got [${values.join(', ')}]`);
          if (!drawn && values.length !== 1 && values.length !== N)
            throw new Error(`${name}: ${n} must be one number or ${N} (one per neuron), got ${values.length}`);
          // as float32 has them: a trained value at the end of its range may be given again
          const [min, max] = [Math.fround(spec.min), Math.fround(spec.max)];
          const bad = values.find((x) => !(Math.fround(x) >= min && Math.fround(x) <= max));
          if (bad !== undefined)
            throw new Error(
              `${name}: ${n} must be in ${spec.min} .. ${spec.max}${spec.unit ? ` ${spec.unit}` : ''}, got ${bad}`,
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

  /** What the layer keeps for the backward pass besides what its cells save: a value a neuron and step each. */
  get keptBeside(): readonly string[] {
    return [];
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

  /** What arrives from outside as a dense current; null for spikes and few dense inputs, which the time loop adds up itself. */
  protected current(x: Tensor): Tensor | null {
    const { weight, bias } = this.params as Record<string, Parameter | undefined>;
    if (weight) return x.form === 'bits' || isSmall(x, this.inputs) ? null : linear(x, weight, bias, this.label);
    return x.form === 'bits' ? dense(x) : x;
  }

  forward(x: Tensor, { state, place = this.#alone }: ForwardContext = {}): Tensor {
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

const isSmall = (x: Tensor, inputs: number): boolean => x.form === 'f32' && inputs <= FEW_INPUTS;

/**
 * Separates `(inputs, N, options)` from `(N, options)`.
 *
 * @param names of the options that the layer has beside those of all layers of neurons
 * @throws on arguments in another order, and on an option that it does not have
 */
export function sizesAndOptions<O extends object>(
  args: readonly [number, number, O?] | readonly [number, O?],
  kind: string,
  names: Readonly<Record<Exclude<keyof O, keyof NeuronOptions>, true>>,
): { sizes: number[]; options: O } {
  const sizes = args.slice(0, typeof args[1] === 'number' ? 2 : 1) as number[];
  const [given, ...more] = args.slice(sizes.length) as unknown[];
  const options = (given ?? {}) as O;
  if (typeof options !== 'object' || more.length > 0)
    throw new Error(`${kind}: expected (inputs, N, options) or (N, options), got (${args.map(String).join(', ')})`);
  onlyKnown(kind, options, Object.keys({ ...names, ...COMMON }));
  return { sizes, options };
}

/** The names of what is trained. @throws when `learn` is no list, or names what is not there */
export function learnedOf(kind: string, learn: NeuronOptions['learn'], names: readonly string[]): readonly string[] {
  const learned = learn === true ? names : learn || [];
  if (!Array.isArray(learned))
    throw new Error(`${kind}: learn must be true, false or a list of names, got ${JSON.stringify(learn)}`);
  const unknown = learned.find((n) => !names.includes(n));
  if (unknown !== undefined) throw new Error(`${kind}: learn names '${unknown}'${suggest(unknown, names)}`);
  return learned;
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

const between = (N: number, ends: readonly number[], random: () => number): number[] =>
  Array.from({ length: N }, () => ends[0]! + (ends[1]! - ends[0]!) * random());

/** Numbers as JSON can have them. */
export const plainData = (value: unknown): unknown =>
  ArrayBuffer.isView(value) ? Array.from(value as Float32Array) : value;

/** The options of a layer as plain data, for its config. */
export function savedOptions(options: NeuronOptions): Record<string, unknown> {
  const plain = Object.entries(options).map(([name, value]) => {
    if (name === 'surrogate' && typeof value === 'object')
      return [name, { name: value.name, constants: value.constants }];
    if (/onnections$/.test(name)) return [name, savedConnections(value as ConnectionOptions)];
    // a function cannot be saved, and need not be: a net that is loaded has its weights
    if (typeof value === 'function') return [name, undefined];
    return [name, plainData(value)];
  });
  return Object.fromEntries(plain.filter(([, value]) => value !== undefined));
}
