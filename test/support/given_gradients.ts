import type { Module } from '../../src/autograd/engine.ts';
import { Loss } from '../../src/autograd/loss.ts';
import type { Op } from '../../src/autograd/op.ts';
import { Parameter } from '../../src/autograd/parameter.ts';
import type { Tape } from '../../src/autograd/tape.ts';
import { defineKernel } from '../../src/kernels/kernel.ts';
import type { Twin } from '../../src/reference/twin.ts';

// Parameters whose gradients are what a test says: for looking at update rules alone.

/** Parameters by name and first values, all of them trained. */
export function moduleOfValues(values: Readonly<Record<string, readonly number[]>>): Module & {
  values(): Record<string, number[]>;
} {
  const parameters = Object.entries(values).map(([name, fill]) => {
    const p = new Parameter([fill.length], { fill });
    p.name = name;
    return p;
  });
  return {
    parameters: () => parameters,
    values: () => Object.fromEntries(parameters.map((p) => [p.name, [...p.data]])),
  };
}

const kernel = defineKernel({
  name: 'given_gradient',
  wgsl: `
struct Step {
  seed: u32,
  step: u32,
  slots: array<vec4f, 64>,
}

struct Dims {
  count: u32,
  dest: u32,
}

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<uniform> dims: Dims;
@group(0) @binding(2) var<storage, read> values: array<f32>;
@group(0) @binding(3) var<storage, read_write> grads: array<f32>;
@group(0) @binding(4) var<storage, read_write> result: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < dims.count) {
    grads[dims.dest + id.x] = values[id.x];
    result[id.x] = values[id.x];
  }
}
`,
  dims: { count: 'u32', dest: 'u32' },
  storage: { values: 'read', grads: 'read_write', result: 'read_write' },
});

/** For `new ReferenceDevice({ twins })`. */
export const givenTwins: ReadonlyMap<string, Twin> = new Map([
  [
    'given_gradient',
    (c) => {
      for (let i = 0; i < c.dims.count!; i++) {
        c.of('grads')[c.dims.dest! + i] = c.of('values')[i]!;
        c.of('result')[i] = c.of('values')[i]!;
      }
    },
  ],
]);

const op: Op = {
  name: 'given gradient',
  key: () => '',
  forward(low, node) {
    const [p, x, y] = [node.params[0]!, node.inputs[0]!, node.outputs[0]!];
    const count = p.data.length;
    low.call(kernel, 'given gradient', {
      dims: { count, dest: low.gradientOf(p).dest },
      buffers: { values: low.of(x), grads: low.arena.grads, result: low.give(y, low.make('given', 'words', [count])) },
      groups: [Math.ceil(count / 64), 1, 1],
    });
  },
};

/** A loss whose gradients are those given, by the parameters' names; others of the module have gradient 0. */
export function lossWithGradients(
  tape: Tape,
  module: Module,
  gradients: Readonly<Record<string, ArrayLike<number>>>,
): Loss {
  return module
    .parameters()
    .filter((p) => gradients[p.name])
    .map((p) => {
      // plain words hold whole numbers alone; padded floats begin the same way
      const x = tape.input(gradients[p.name]!, { shape: [p.data.length], name: `gradient of ${p.name}` });
      const spec = { form: 'words' as const, shape: [p.data.length], requiresGrad: false };
      const tensor = tape.record(op, [x], [p], null, [spec])[0]!;
      return Loss.of(tape, { name: p.name, tensor, setWeight: () => undefined, sum: () => 0 });
    })
    .reduce((a, b) => a.add(b));
}
