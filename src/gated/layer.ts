import { linear } from '../autograd/ops/linear.ts';
import { type Draw, Parameter } from '../autograd/parameter.ts';
import type { Tensor } from '../autograd/tensor.ts';
import type { GatedCell } from '../kernels/gated_cell.ts';
import { type Initializer, initializer } from '../layers/initialize.ts';
import { type ForwardContext, Layer, type LayerConfig, positiveInteger, trueOrFalse } from '../layers/layer.ts';
import { savedOptions } from '../layers/neurons.ts';
import { onlyKnown } from '../neurons/nearest.ts';
import { type GatedRun, gated } from './op.ts';

/** What every layer of gated cells can be told. */
export interface GatedOptions {
  /** Whether the gates have biases (default true). */
  bias?: boolean;
  /** How the weights, and those among the units, begin (default: uniform in +-1/sqrt(H), as PyTorch's). */
  init?: Initializer;
  recurrentInit?: Initializer;
  /** Factors on the initial weights (default 1). */
  weightGain?: number;
  recurrentGain?: number;
  /** Time steps per dispatch; chosen by the size of the layer by default. */
  chunk?: number;
}

const OPTIONS: Readonly<Record<keyof Required<GatedOptions>, true>> = {
  bias: true,
  init: true,
  recurrentInit: true,
  weightGain: true,
  recurrentGain: true,
  chunk: true,
};

let made = 0;

/** A layer of cells with gates and without spikes, in one direction: [T, B, inputs] spikes or dense to [T, B, H] dense. */
export abstract class Gated extends Layer {
  readonly params: Readonly<Record<string, Parameter>>;
  readonly config: LayerConfig;
  /** Names the carried state of a layer that stands in no net. */
  readonly #alone = `gated layer ${++made}`;

  /**
   * @param biases initial values of `bias`, and of `recurrent.bias` for a cell that needs one of its own, [gates H]
   * @param own names of the options that the layer has beside those of all
   */
  constructor(
    readonly cell: GatedCell,
    readonly inputs: number,
    readonly outputs: number,
    readonly options: GatedOptions,
    biases: Readonly<Record<string, ArrayLike<number> | number>>,
    own: readonly string[] = [],
  ) {
    super();
    const { name, gates } = cell;
    positiveInteger(name, 'inputs', inputs);
    positiveInteger(name, 'H', outputs);
    onlyKnown(name, options, [...own, ...Object.keys(OPTIONS)]);
    const { bias = true } = options;
    trueOrFalse(name, 'bias', bias);
    if (options.chunk !== undefined) positiveInteger(name, 'chunk', options.chunk);
    const rows = gates.length * outputs;
    const uniform = uniformOf(outputs);
    const init = initializer(name, 'init', options.init ?? uniform, options.weightGain);
    const recurrentInit = initializer(name, 'recurrentInit', options.recurrentInit ?? uniform, options.recurrentGain);
    this.params = {
      weight: new Parameter([rows, inputs], init),
      'recurrent.weight': new Parameter([rows, outputs], recurrentInit),
      ...(bias
        ? Object.fromEntries(Object.entries(biases).map(([n, fill]) => [n, new Parameter([rows], { fill })]))
        : {}),
    };
    this.config = { kind: name, inputs, outputs, options: savedOptions(options) };
    this.label = name;
  }

  /**
   * Records the layer on the tape of x with its final state.
   *
   * @param start [states, B, H] before the first step, in the order of the cell's states (LSTM: h, c); zeros by default
   */
  run(x: Tensor, start: Tensor | null = null): GatedRun {
    const { weight, bias, ...recurrent } = this.params as Record<string, Parameter | undefined>;
    const attrs = {
      cell: this.cell,
      recurrent: recurrent['recurrent.weight']!,
      bias: recurrent['recurrent.bias'] ?? null,
      chunk: this.options.chunk,
    };
    return gated(linear(x, weight!, bias, this.label), start, attrs, this.label);
  }

  forward(x: Tensor, { state, place = this.#alone }: ForwardContext = {}): Tensor {
    const before = state?.final.get(place);
    const shape = [this.cell.states.length, x.shape[1]!, this.outputs];
    // within one step the state is a tensor like any other, and the gradient goes through it
    const within = before && 'tape' in before && before.tape === x.tape ? before : null;
    const start = within ?? (before && x.tape.input(before, { shape, name: `${this.label} state` }));
    const { h, final } = this.run(x, start);
    if (state) state.final.set(place, final.keep());
    return h;
  }
}

const uniformOf =
  (H: number): Draw =>
  ({ shape }, random) =>
    Float64Array.from({ length: shape[0]! * shape[1]! }, () => (2 * random() - 1) / Math.sqrt(H));
