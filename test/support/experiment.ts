import type { Module } from '../../src/autograd/engine.ts';
import type { CellRun } from '../../src/autograd/ops/cell_node.ts';
import type { Parameter } from '../../src/autograd/parameter.ts';
import type { Tape } from '../../src/autograd/tape.ts';
import type { Tensor } from '../../src/autograd/tensor.ts';
import type { Layer } from '../../src/layers/layer.ts';
import type { Neurons } from '../../src/layers/neurons.ts';
import { Random } from './random.ts';

export type { Experiment, Recorded } from '../../src/check/experiment.ts';

/** Layers as one module; names as in a Sequential, every number drawn, biases too. */
export function moduleOf(layers: readonly Layer[], seed: string): Module {
  const parameters: Parameter[] = [];
  layers.forEach((layer, i) => {
    layer.label = `${i} ${layer.config.kind}`;
    for (const [name, p] of Object.entries(layer.params)) {
      p.name = `${i}.${name}`;
      const random = new Random(`${seed}/${p.name}`);
      p.initialize(random.uniform);
      if (name === 'bias') p.data.set(random.normals(p.data.length, 0.1));
      parameters.push(p);
    }
  });
  return { parameters: () => parameters };
}

/** A layer with an initial state that may require a gradient, and with all its outputs. */
export const runCell = (layer: Neurons, x: Tensor, start: Tensor | null = null): CellRun => layer.run(x, start);

/** A drawn initial state of a layer: states around 0, spikes 0 and 1. */
export function drawStart(tape: Tape, layer: Neurons, B: number, seed: string): Tensor {
  const random = new Random(seed);
  const N = layer.outputs;
  const states = random.normals(layer.definition.states.length * B * N, 0.4);
  const spikes = layer.definition.z ? random.spikes(B * N, 0.3) : [];
  return tape.input([...states, ...spikes], {
    shape: [layer.stateRows, B, N],
    requiresGrad: true,
    name: `${layer.label} start`,
  });
}
