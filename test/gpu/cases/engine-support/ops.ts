import { defineKernel, fold, type Kernel, Loss, type Op, quads, type Tensor } from 'spiketape';

// Operations of a user's own, from what the package exports alone: a differentiable one, and a loss.

const head = (dims: string): string => `
struct Step {
  seed: u32,
  step: u32,
  slots: array<vec4f, 64>,
}

struct Dims {
  ${dims}
}

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<uniform> dims: Dims;
`;

const main = (body: string): string => `
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * dims.row + id.x;
  if (i >= dims.count) {
    return;
  }
  let factor = step.slots[dims.slot / 4u][dims.slot % 4u];
  ${body}
}
`;

const dims = { count: 'u32', row: 'u32', slot: 'u32' } as const;
const dimsText = 'count: u32, row: u32, slot: u32,';

export const scaleKernel: Kernel = defineKernel({
  name: 'scale',
  wgsl: `${head(dimsText)}
@group(0) @binding(2) var<storage, read> x: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> result: array<vec4f>;
${main('result[i] = factor * x[i];')}`,
  dims,
  storage: { x: 'read', result: 'read_write' },
});

const weightedKernel = defineKernel({
  name: 'weighted_sum',
  wgsl: `${head(dimsText)}
@group(0) @binding(2) var<storage, read> x: array<vec4f>;
@group(0) @binding(3) var<storage, read> weights: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> result: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> gradient: array<vec4f>;
${main('result[i] = factor * weights[i] * x[i];\n  gradient[i] = factor * weights[i];')}`,
  dims,
  storage: { x: 'read', weights: 'read', result: 'read_write', gradient: 'read_write' },
});

const total = (shape: readonly number[]): number =>
  shape.slice(0, -1).reduce((a, b) => a * b, 1) * quads(shape.at(-1)!);

const scaleOp: Op<{ factor: number }> = {
  name: 'scale',
  key: () => '',
  slots: ({ attrs }) => ({ factor: [attrs.factor] }),
  forward(low, node) {
    const [x, y] = [node.inputs[0]!, node.outputs[0]!];
    const { groups, row } = fold(total(x.shape), 64);
    low.call(scaleKernel, node.label, {
      dims: { count: total(x.shape), row, slot: node.slotBase.factor! },
      buffers: { x: low.of(x), result: low.give(y, low.make('scaled', 'f32', y.shape)) },
      groups,
    });
  },
  backward(low, node) {
    const [x, y] = [node.inputs[0]!, node.outputs[0]!];
    const dy = low.gradient(y);
    if (!dy || !low.needs(x)) return;
    const dx = low.make('gradient of what was scaled', 'f32', x.shape);
    const { groups, row } = fold(total(x.shape), 64);
    const dims = { count: total(x.shape), row, slot: node.slotBase.factor! };
    low.call(scaleKernel, `${node.label} gradient`, { dims, buffers: { x: dy, result: dx }, groups });
    low.addGradient(x, dx);
  },
};

/** factor x; the factor may change from step to step. */
export const scale = (x: Tensor, factor: number): Tensor =>
  x.tape.record(scaleOp, [x], [], { factor }, [
    { form: 'f32', shape: x.shape, requiresGrad: x.requiresGrad, name: 'scaled' },
  ])[0]!;

const weightedOp: Op<{ weight: number }> = {
  name: 'weighted sum',
  key: () => '',
  slots: ({ attrs }) => ({ weight: [attrs.weight] }),
  forward(low, node) {
    const [x, weights] = node.inputs as [Tensor, Tensor];
    const result = node.outputs[0]!;
    const { groups, row } = fold(total(x.shape), 64);
    low.call(weightedKernel, node.label, {
      dims: { count: total(x.shape), row, slot: node.slotBase.weight! },
      buffers: {
        x: low.of(x),
        weights: low.of(weights),
        result: low.give(result, low.make('weighted', 'f32', x.shape)),
        gradient: low.scratch(node, 'gradient', () => low.make('gradient of the weighted sum', 'f32', x.shape)),
      },
      groups,
    });
  },
  backward(low, node) {
    const x = node.inputs[0]!;
    if (low.needs(x))
      low.addGradient(
        x,
        low.scratch(node, 'gradient', () => low.make('', 'f32', x.shape)),
      );
  },
};

/** The loss sum of weights * x: its gradient with respect to x is `weights`. */
export function weightedSum(x: Tensor, weights: ArrayLike<number>): Loss {
  const { tape } = x;
  const placed = tape.input(weights, { shape: x.shape, name: 'weights of the loss' });
  const attrs = { weight: 1 };
  const spec = { form: 'f32' as const, shape: x.shape, requiresGrad: false, name: 'weighted' };
  const tensor = tape.record(weightedOp, [x, placed], [], attrs, [spec])[0]!;
  return Loss.of(tape, {
    name: 'weighted sum',
    tensor,
    sum: (values) => values.reduce((a, b) => a + b, 0),
    setWeight: (factor) => {
      attrs.weight = factor;
    },
  });
}
