// Adam (Kingma & Ba 2015) and AdamW (Loshchilov & Hutter 2019) over a net's trainable parameters first .. first + count,
// usually all at once.
//
//   g = gradient, clipped + l2 p ;  m = b1 m + (1 - b1) g ;  s = b2 s + (1 - b2) g^2
//   p -= lr (m/(1 - b1^k) / (sqrt(s/(1 - b2^k)) + eps) + decay p)
//
// Slots of a group: lr, 1 - b1, 1 - b2, eps, 1 - b1^k, 1 - b2^k, l2, decay (of Adam's and of AdamW's weight decay one is 0).
// They begin at dims.slots; with GROUPS, where the table says: ranges [ranges][2], the end of a range of parameters and
// the first slot of its group.
// CLIP: 0 not; 1 each number into +- slot dims.clip; 2 all by min(1, slot dims.clip / (norm + 1e-6)), norm [1].
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
  clip: u32,
  row: u32,
}

const GROUPS: bool = false;
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
  let r1 = slot(at + 1u);
  let r2 = slot(at + 2u);
  let p = params[i];
  let g = clipped(grads[i]) + slot(at + 6u) * p;
  let m = (1.0 - r1) * moments[i] + r1 * g;
  let s = (1.0 - r2) * moments[dims.total + i] + r2 * g * g;
  moments[i] = m;
  moments[dims.total + i] = s;
  let change = m / slot(at + 4u) / (sqrt(s / slot(at + 5u)) + slot(at + 3u));
  params[i] = p - slot(at) * (change + slot(at + 7u) * p);
}
