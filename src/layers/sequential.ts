import seedrandom from 'seedrandom';
import type { Parameter } from '../autograd/parameter.ts';
import { Tensor } from '../autograd/tensor.ts';
import { described } from '../neurons/nearest.ts';
import { Container, checkChain, checkLayers, edge, walk } from './container.ts';
import type { ForwardContext, Layer, LayerConfig } from './layer.ts';
import { summary } from './summary.ts';

/** The net that drew a parameter by itself, and what it drew. */
const drawn = new WeakMap<Parameter, { by: Sequential; sum: number }>();

/**
 * Layers one after another: a net, or a part of one. Weights that were neither drawn nor set are drawn with seed 0; a
 * layer that comes from another net keeps its weights and takes the names of the new one. A layer may stand in several places: it has
 * its parameters once, their gradients add up, and each place carries a state of its own.
 */
export class Sequential extends Container {
  readonly layers: readonly Layer[];
  readonly children: Readonly<Record<string, Layer>>;
  readonly config: LayerConfig = { kind: 'Sequential' };
  readonly inputs: number;
  readonly outputs: number;

  /** @throws when the width of a layer's input is not that of the output before it */
  constructor(...layers: Layer[]) {
    super();
    if (layers.length === 0) throw new Error('Sequential: needs at least one layer');
    checkLayers('Sequential', layers);
    this.label = 'Sequential';
    this.layers = layers;
    this.children = Object.fromEntries(layers.entries());
    checkChain('Sequential', this.children);
    this.inputs = layers[0]!.inputs;
    this.outputs = layers.at(-1)!.outputs;
    const within = new Set([...walk(this)].map(([, layer]) => layer));
    for (const [name, p] of this.namedParameters()) {
      p.name = name;
      // a part drew under names of its own, which other parts have as well: alike parts must not begin alike
      const before = drawn.get(p);
      const again = before && within.has(before.by) && before.sum === checksum(p.data);
      if ((p.drawn || p.data.some((x) => x !== 0)) && !again) {
        if (p.options.drawMask && p.options.mask!.data.every((there) => there === 0))
          throw new Error(
            `Sequential: '${name}' has numbers, but its connections were not drawn; put the numbers there after the net is made`,
          );
        continue;
      }
      p.initialize(seedrandom(`0/${name}`));
      drawn.set(p, { by: this, sum: checksum(p.data) });
    }
  }

  /** All parameters by name, in the order of the layers; a shared one once, under the first of its names. */
  namedParameters(): Map<string, Parameter> {
    const seen = new Set<Parameter>();
    return new Map(Object.entries(this.params).filter(([, p]) => !seen.has(p) && seen.add(p)));
  }

  /** All parameters, in the order of the layers, each once. */
  parameters(): Parameter[] {
    return [...this.namedParameters().values()];
  }

  /** Begins anew: draws the weights, each by the seed and its own name alone, and puts back what else was trained. */
  initialize(seed: number): this {
    // before any weights are drawn, and their masks with them
    for (const p of this.parameters()) p.reset();
    for (const [name, p] of this.namedParameters()) {
      p.initialize(seedrandom(`${seed}/${name}`));
      drawn.delete(p);
    }
    return this;
  }

  /**
   * Records the net on the tape of x. Its state starts at 0 with every call, unless one is carried over.
   *
   * @param x [T, B, inputs] spikes or dense
   * @param context `state` starts from the state that an earlier step with the same object left, and is left there
   */
  forward(x: Tensor, context: ForwardContext = {}): Tensor {
    const { label } = this;
    const owner = context.place === undefined ? 'net' : label;
    if (!(x instanceof Tensor))
      throw new Error(`${owner}: expects a tensor of the step, as tape.input(...) gives it, got ${described(x)}`);
    if (x.shape.length !== 3) throw new Error(`${owner}: expects [T, B, inputs], got ${x}`);
    if (x.shape[2] !== this.inputs)
      throw new Error(
        `${owner}: layer ${edge('0', this.layers[0]!, 'first')} expects inputs of width ${this.inputs}, got ${x}`,
      );
    return Object.keys(this.children).reduce((y, child) => this.run(child, y, context), x);
  }

  /** The net as a table: each layer's place, kind, widths and number of parameters, and their sum. */
  summary(): string {
    return summary(this);
  }

  override toString(): string {
    return this.summary();
  }
}

/** Tells whether numbers were changed (FNV-1a over their bits). */
function checksum(data: Float32Array): number {
  let sum = 0x811c9dc5;
  for (const word of new Uint32Array(data.buffer, data.byteOffset, data.length))
    sum = Math.imul(sum ^ word, 0x01000193) >>> 0;
  return sum;
}
