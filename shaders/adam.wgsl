// Adam (Kingma & Ba 2015) over a net's trainable parameters first .. first + count, usually all at once.
//
//   m = b1 m + (1 - b1) g ;  s = b2 s + (1 - b2) g^2 ;  p -= lr (m/(1 - b1^k) / (sqrt(s/(1 - b2^k)) + eps) + decay p)
//
// Slots from dims.slots: lr, b1, b2, eps, 1 - b1^k, 1 - b2^k, weight decay (decoupled, as in AdamW).
// params, grads: [total]; moments: [2][total].
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
  let lr = slot(dims.slots);
  let b1 = slot(dims.slots + 1u);
  let b2 = slot(dims.slots + 2u);
  let g = grads[i];
  let m = b1 * moments[i] + (1.0 - b1) * g;
  let s = b2 * moments[dims.total + i] + (1.0 - b2) * g * g;
  moments[i] = m;
  moments[dims.total + i] = s;
  let change = m / slot(dims.slots + 4u) / (sqrt(s / slot(dims.slots + 5u)) + slot(dims.slots + 3u));
  params[i] -= lr * (change + slot(dims.slots + 6u) * params[i]);
}
