import type { Parameter } from '../../autograd/parameter.ts';
import { walk } from '../../layers/container.ts';
import type { Layer } from '../../layers/layer.ts';
import type { Sequential } from '../../layers/sequential.ts';
import { effectiveWeights } from '../weights.ts';
import { Constants, Scope, valueInfo } from './builder.ts';
import { TYPE, type ValueInfo } from './model.ts';
import type { OnnxOptions } from './options.ts';
import { tensorOf } from './tensors.ts';

/** A value between two layers: [T, B, width], in steps [B, width]. */
export interface Flow {
  readonly name: string;
  readonly width: number;
  /** Steps: as many as the input has ('time'), or a number of them. */
  readonly time: number | 'time';
}

/** What the file says of a layer of neurons, for those who want to see what it does. */
export interface LayerNote {
  readonly label: string;
  readonly N: number;
  /** Names of values: of the graph, or of the body of a Scan, one for each step. */
  readonly spikes: string | null;
  readonly voltage: string;
  /** Length of a step in ms where the layer says it. */
  readonly dt: number | null;
}

/** States in their order, with what each step makes of them. */
export interface Stepwise {
  readonly place: string;
  readonly width: number;
  readonly states: readonly string[];
  /** What else comes out of every step: names in the graph. */
  readonly puts: readonly string[];
  /**
   * Adds the nodes of one step.
   *
   * @param now what arrives in this step, [B, ...]
   * @param before the states, by name
   * @param own the name that a value of the graph has in this scope
   * @returns the states after the step and what is put out, in order; named as `own` says where they are nodes
   */
  step(
    scope: Scope,
    now: string,
    before: ReadonlyMap<string, string>,
    own: (name: string) => string,
  ): { readonly after: readonly string[]; readonly put: readonly string[] };
}

/** The graph of a net in the making: its inputs, outputs, states and parameters. */
export class NetGraph {
  readonly constants: Constants;
  readonly scope: Scope;
  readonly inputs: ValueInfo[] = [];
  readonly outputs: ValueInfo[] = [];
  readonly notes: LayerNote[] = [];
  readonly real: number;
  readonly #names: Map<Parameter, string>;
  readonly #homes = new Map<Layer, string>();
  /** The input that counts steps, once a layer asks for it. */
  #counter: string | null = null;
  #counted: string | null = null;

  constructor(
    net: Sequential,
    readonly options: Required<OnnxOptions>,
  ) {
    this.real = options.double ? TYPE.double : TYPE.float;
    this.constants = new Constants(this.real);
    this.scope = new Scope(this.constants);
    this.#names = new Map([...net.namedParameters()].map(([name, p]) => [p, name]));
    for (const [place, layer] of walk(net)) if (!this.#homes.has(layer)) this.#homes.set(layer, place);
  }

  /** In steps there is no time, and what is done is done in the graph itself. */
  get stepping(): boolean {
    return this.options.mode === 'step';
  }

  /** The first place of a layer that stands in several. */
  home(layer: Layer): string {
    return this.#homes.get(layer)!;
  }

  /** A parameter as kernels read it, under the name that the net has for it. */
  parameter(layer: Layer, name: string): string {
    const p = layer.params[name]!;
    return this.constants.reals(this.#names.get(p)!, p.shape, effectiveWeights(layer, name));
  }

  /** x W^T + b. */
  product(layer: Layer, x: string, name?: string): string {
    const weight = this.scope.add('Transpose', [this.parameter(layer, 'weight')], { perm: [1, 0] });
    if (!layer.params.bias) return this.scope.add('MatMul', [x, weight], {}, name);
    return this.scope.add('Add', [this.scope.add('MatMul', [x, weight]), this.parameter(layer, 'bias')], {}, name);
  }

  /** The shape of values before and after a layer: names of sizes that are open. */
  shape({ width, time }: Pick<Flow, 'width' | 'time'>): (number | string)[] {
    return this.stepping ? ['batch', width] : [time, 'batch', width];
  }

  output(name: string, flow: Pick<Flow, 'width' | 'time'>): void {
    this.outputs.push(valueInfo(name, this.real, this.shape(flow)));
  }

  /** The numbers of the steps at hand, from that where the sequence began: [T], in steps [1]. */
  steps(x: Flow): string {
    const { scope, constants } = this;
    this.#counter ??= this.#stepInput();
    if (this.stepping) {
      this.#counted = this.#counter;
      return this.#counter;
    }
    const range = scope.add('Range', [constants.ints(0), scope.sizeOf(x.name, 0), constants.ints(1)]);
    this.#counted = scope.add('Add', [this.#counter, range]);
    return this.#counted;
  }

  /** After the last layer: what is to be given to the next call. */
  finish(): void {
    if (!this.#counter || !this.#counted) return;
    const { scope, constants } = this;
    scope.place = '';
    const last = this.stepping ? this.#counted : scope.add('Gather', [this.#counted, constants.ints([-1])]);
    scope.add('Add', [last, constants.ints(1)], {}, 'state.step.next');
    this.outputs.push(valueInfo('state.step.next', TYPE.int64, [1]));
  }

  #stepInput(): string {
    const name = this.constants.name('state.step');
    this.inputs.push(valueInfo(name, TYPE.int64, [1]));
    this.constants.name('state.step.next');
    if (this.options.states === 'optional') this.constants.tensors.push(tensorOf(name, TYPE.int64, [1], [0]));
    return name;
  }

  /** A state as an input of the graph. @returns its value, [B, N] */
  #stateInput(name: string, width: number): string {
    const optional = this.options.states === 'optional';
    this.constants.name(name);
    this.inputs.push(valueInfo(name, this.real, [optional ? 'batch or 1' : 'batch', width]));
    this.outputs.push(valueInfo(`${name}.next`, this.real, ['batch', width]));
    this.constants.name(`${name}.next`);
    if (!optional) return name;
    this.constants.tensors.push(tensorOf(name, this.real, [1, width], new Float64Array(width)));
    const { scope, constants } = this;
    const batch = scope.sizeOf('input', [this.stepping ? 0 : 1]);
    return scope.add('Expand', [name, scope.add('Concat', [batch, constants.ints([width])], { axis: 0 })]);
  }

  /**
   * Runs a layer over time: in sequences a Scan, in steps once.
   *
   * @param x what arrives from outside, with all products made
   * @returns names of what is put out, [T, B, width] or [B, width]
   */
  overTime(x: Flow, layer: Stepwise): readonly string[] {
    const { constants, scope } = this;
    const { place, width, states, puts } = layer;
    const inputs = states.map((s) => `state.${place}.${s}`);
    const starts = inputs.map((name) => this.#stateInput(name, width));
    const nexts = inputs.map((name) => `${name}.next`);
    for (const name of puts) constants.name(name);
    if (this.stepping) {
      const made = layer.step(scope, x.name, new Map(states.map((s, i) => [s, starts[i]!])), (name) => name);
      settle(scope, [...nexts, ...puts], [...made.after, ...made.put]);
      return puts;
    }
    const own = (name: string): string => `${name} now`;
    const body = new Scope(constants);
    body.place = place;
    const now = constants.name(`${place}.input now`);
    const before = states.map((s) => constants.name(`${place}.${s} before`));
    const results = [...nexts, ...puts].map(own);
    for (const name of results) constants.name(name);
    const made = layer.step(body, now, new Map(states.map((s, i) => [s, before[i]!])), own);
    settle(body, results, [...made.after, ...made.put]);
    const info = (name: string, n: number) => valueInfo(name, this.real, ['batch', n]);
    scope.addWith(
      'Scan',
      [...starts, x.name],
      {
        num_scan_inputs: 1,
        body: {
          name: `${place} step`,
          doc: '',
          nodes: body.nodes,
          initializers: [],
          inputs: [...before.map((name) => info(name, width)), info(now, x.width)],
          outputs: results.map((name) => info(name, width)),
        },
      },
      [...nexts, ...puts],
    );
    return puts;
  }
}

/** Gives results their names: a value that has another one, or stands for two of them, goes through an Identity. */
function settle(scope: Scope, names: readonly string[], values: readonly string[]): void {
  values.forEach((value, i) => {
    scope.named(value, names[i]!);
  });
}
