// RMSprop (Hinton 2012) over a net's trainable parameters first .. first + count, usually all at once.
//
//   g = gradient, clipped + decay p ;  s = alpha s + (1 - alpha) g^2 ;  a = alpha a + (1 - alpha) g (CENTERED)
//   m = momentum m + g / (sqrt(s - a^2) + eps) ;  p -= lr m
//
// Slots of a group: lr, 1 - alpha, eps, momentum, decay.
// They begin at dims.slots, or with GROUPS where the table of ranges says; CLIP, ranges and norm as in adam.wgsl:
// ranges [ranges][2], norm [1].
// params, grads: [total]; moments: [2][total] of s and m, with CENTERED [3][total], a the last.
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
  clip: u32,
  row: u32,
}

const GROUPS: bool = false;
const CENTERED: bool = false;
const CLIP: u32 = 0u;

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<uniform> dims: Dims;
@group(0) @binding(2) var<storage, read_write> params: array<f32>;
@group(0) @binding(3) var<storage, read> grads: array<f32>;
@group(0) @binding(4) var<storage, read_write> moments: array<f32>;
@group(0) @binding(5) var<storage, read> ranges: array<u32>;
@group(0) @binding(6) var<storage, read> norm: array<f32>;

fn slot(i: u32) -> f32 {
  return step.slots[i / 4u][i % 4u];
}

fn slots_of(i: u32) -> u32 {
  if (!GROUPS) {
    return dims.slots;
  }
  var r = 0u;
  while (i >= ranges[2u * r]) {
    r++;
  }
  return ranges[2u * r + 1u];
}

fn clipped(g: f32) -> f32 {
  if (CLIP == 1u) {
    let most = slot(dims.clip);
    // a NaN stays one: by its bits, since a compiler may take it that comparisons meet none
    return select(clamp(g, -most, most), g, (bitcast<u32>(g) & 0x7fffffffu) > 0x7f800000u);
  }
  if (CLIP == 2u) {
    return g * min(1.0, slot(dims.clip) / (norm[0] + 1e-6));
  }
  return g;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let k = id.y * dims.row + id.x;
  if (k >= dims.count) {
    return;
  }
  let i = dims.first + k;
  let at = slots_of(i);
  let r = slot(at + 1u);
  let p = params[i];
  let g = clipped(grads[i]) + slot(at + 4u) * p;
  let s = (1.0 - r) * moments[i] + r * g * g;
  moments[i] = s;
  var spread = s;
  if (CENTERED) {
    let a = (1.0 - r) * moments[2u * dims.total + i] + r * g;
    moments[2u * dims.total + i] = a;
    spread = max(0.0, s - a * a); // below 0 by rounding alone
  }
  let m = slot(at + 3u) * moments[dims.total + i] + g / (sqrt(spread) + slot(at + 2u));
  moments[dims.total + i] = m;
  params[i] = p - slot(at) * m;
}
