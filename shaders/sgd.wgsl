// Stochastic gradient descent with momentum over a net's trainable parameters first .. first + count, usually all at once.
//
//   u = momentum u + g ;  p -= lr u
//
// Slots from dims.slots: lr, momentum. params, grads, moments: [total].
//
// Dispatch: (min(ceil(count / 64), 65535), ceil(...), 1), a thread a parameter.

struct Step {
  seed: u32,
  step: u32,
  slots: array<vec4f, 64>,
}

struct Dims {
  first: u32,
  count: u32,
  total: u32,
  slots: u32,
  row: u32,
}

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<uniform> dims: Dims;
@group(0) @binding(2) var<storage, read_write> params: array<f32>;
@group(0) @binding(3) var<storage, read> grads: array<f32>;
@group(0) @binding(4) var<storage, read_write> moments: array<f32>;

fn slot(i: u32) -> f32 {
  return step.slots[i / 4u][i % 4u];
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let k = id.y * dims.row + id.x;
  if (k >= dims.count) {
    return;
  }
  let i = dims.first + k;
  let u = slot(dims.slots + 1u) * moments[i] + grads[i];
  moments[i] = u;
  params[i] -= slot(dims.slots) * u;
}
