import { concatenateFeatures } from '../autograd/ops/columns.ts';
import { add, dense } from '../autograd/ops/elementwise.ts';
import type { Tensor } from '../autograd/tensor.ts';
import { onlyKnown, suggest } from '../neurons/nearest.ts';
import { Container, checkLayers } from './container.ts';
import type { ForwardContext, Layer, LayerConfig } from './layer.ts';

const MERGES = ['concatenate', 'sum'] as const;

export interface ParallelOptions {
  /** What becomes of the branches' outputs: one beside the other (the default), or their sum. */
  merge?: (typeof MERGES)[number];
}

/**
 * Branches that all get the same input: [T, B, inputs] to [T, B, sum of their widths] or, with `merge: 'sum'`, [T, B, their
 * width], dense, spikes as 0 and 1. Parameters are named `0.weight`, `1.body.0.weight` by branch.
 */
export class Parallel extends Container {
  readonly children: Readonly<Record<string, Layer>>;
  readonly config: LayerConfig;
  readonly inputs: number;
  readonly outputs: number;

  /** @throws when the branches expect inputs of different widths, or outputs of different widths are to be summed */
  constructor(
    readonly branches: readonly Layer[],
    options: ParallelOptions = {},
  ) {
    super();
    if (!Array.isArray(branches) || branches.length === 0)
      throw new Error('Parallel: needs a list of at least one branch');
    onlyKnown('Parallel', options, ['merge']);
    const { merge = 'concatenate' } = options;
    if (!MERGES.includes(merge)) throw new Error(`Parallel: merge is '${merge}'${suggest(merge, MERGES)}`);
    checkLayers('Parallel', branches);
    const same = (what: 'inputs' | 'outputs'): void => {
      const odd = branches.findIndex((b) => b[what] !== branches[0]![what]);
      if (odd < 0) return;
      const say = (i: number): string => `branch ${i} (${branches[i]!.config.kind})`;
      throw new Error(
        `Parallel: ${say(odd)} has ${what} of width ${branches[odd]![what]}, ${say(0)} of width ${branches[0]![what]}`,
      );
    };
    same('inputs');
    if (merge === 'sum') same('outputs');
    this.label = 'Parallel';
    this.children = Object.fromEntries(branches.entries());
    this.inputs = branches[0]!.inputs;
    this.outputs = merge === 'sum' ? branches[0]!.outputs : branches.reduce((sum, b) => sum + b.outputs, 0);
    this.config = { kind: 'Parallel', merge };
  }

  forward(x: Tensor, context: ForwardContext = {}): Tensor {
    const { label } = this;
    const outputs = Object.keys(this.children).map((child) => dense(this.run(child, x, context)));
    return this.config.merge === 'sum' ? outputs.reduce(add) : concatenateFeatures(outputs, label);
  }
}
