import { add } from '../autograd/ops/elementwise.ts';
import type { Tensor } from '../autograd/tensor.ts';
import { onlyKnown } from '../neurons/nearest.ts';
import { Container, checkChain, checkLayers } from './container.ts';
import { type ForwardContext, Layer, type LayerConfig } from './layer.ts';

export interface ResidualOptions {
  /** What the input goes through on its way past the body; nothing by default, and the widths must then be equal. */
  projection?: Layer;
}

/**
 * x + f(x), f being the layers one after another: [T, B, inputs] to [T, B, outputs] dense. Over spikes the sum counts them
 * (0, 1, 2), which is the ADD form of spike-element-wise residual nets (Fang et al., NeurIPS 2021).
 *
 * `new Residual(new Linear(64, 64), new LIF(64))`, or with `{ projection: new Linear(32, 64) }` as the last argument.
 * Parameters are named `body.0.weight`, `projection.weight`.
 */
export class Residual extends Container {
  readonly children: Readonly<Record<string, Layer>>;
  readonly config: LayerConfig = { kind: 'Residual' };
  readonly inputs: number;
  readonly outputs: number;
  readonly #body: readonly string[];

  /** @throws when widths do not fit */
  constructor(...args: [...Layer[], ResidualOptions] | Layer[]) {
    super();
    const last = args.at(-1);
    const options = last instanceof Layer ? {} : ((last ?? {}) as ResidualOptions);
    const layers = (last instanceof Layer ? args : args.slice(0, -1)) as Layer[];
    onlyKnown('Residual', options, ['projection']);
    const { projection } = options;
    if (layers.length === 0) throw new Error('Residual: needs at least one layer');
    checkLayers('Residual', layers);
    if (projection !== undefined && !(projection instanceof Layer))
      throw new Error('Residual: projection must be a layer');
    const body = Object.fromEntries(layers.map((layer, i) => [`body.${i}`, layer]));
    checkChain('Residual', body);
    this.label = 'Residual';
    this.inputs = layers[0]!.inputs;
    this.outputs = layers.at(-1)!.outputs;
    const [from, to] = [projection?.inputs ?? this.inputs, projection?.outputs ?? this.inputs];
    if (from !== this.inputs || to !== this.outputs) {
      const past = projection ? `the projection takes ${from} to ${to}` : 'the input goes past it as it is';
      throw new Error(
        `Residual: the body takes ${this.inputs} to ${this.outputs}, ${past}; give a projection from ${this.inputs} to ${this.outputs}`,
      );
    }
    this.#body = Object.keys(body);
    this.children = projection ? { ...body, projection } : body;
  }

  forward(x: Tensor, context: ForwardContext = {}): Tensor {
    const y = this.#body.reduce((at, child) => this.run(child, at, context), x);
    return add(y, this.children.projection ? this.run('projection', x, context) : x);
  }
}
