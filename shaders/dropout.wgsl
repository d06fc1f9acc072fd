// y[t][b][n] = scale * x[t][b][n] where neuron n of sample b is kept, 0 where it is dropped: at all steps of the sequence or
// at none (Gal & Ghahramani 2016). The adjoint is the same with dL/dy in place of x.
//
//   u(b, n) = random_bits(b N + n) / 2^32, cut to 24 bits, so that a float holds it;  kept when u >= p;  scale = 1 / (1 - p)
//
// x is [T][B][Q] quads, or with BITS spikes [T][B][ceil(N/32)], packed along neurons. y is [T][B][Q] quads, 0 past N.
// The first step is that of row `first` of x. Slots: p, scale. A thread draws once for a quad and then goes through STEPS steps.
//
// Dispatch: (ceil(Q / 8), ceil(B ceil(T / STEPS) / 8), 1) workgroups of 8 x 8 threads.

struct Step {
  seed: u32,
  step: u32,
  slots: array<vec4f, 64>,
}

struct Dims {
  T: u32,
  B: u32,
  N: u32,
  first: u32,
  stream: u32,
  slots: u32,
}

const BITS: bool = false;
const STEPS: u32 = 16u;

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<uniform> dims: Dims;
@group(0) @binding(2) var<storage, read> x: array<vec4f>;
@group(0) @binding(3) var<storage, read> spikes: array<u32>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;

fn slot(i: u32) -> f32 {
  let at = dims.slots + i;
  return step.slots[at / 4u][at % 4u];
}

fn pcg(x: u32) -> u32 {
  let state = x * 747796405u + 2891336453u;
  let word = ((state >> ((state >> 28u) + 4u)) ^ state) * 277803737u;
  return (word >> 22u) ^ word;
}

// 32 random bits that depend on (seed, stream, step, index) alone.
fn random_bits(index: u32) -> u32 {
  let key = pcg(step.step ^ pcg(dims.stream ^ pcg(step.seed)));
  return pcg(pcg(index + key) ^ key);
}

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let q = id.x;
  let Q = (dims.N + 3u) / 4u;
  let b = id.y % dims.B;
  let begin = (id.y / dims.B) * STEPS;
  if (q >= Q || begin >= dims.T) {
    return;
  }
  var factor = vec4f(0);
  for (var i = 0u; i < 4u; i++) {
    let n = 4u * q + i;
    let u = f32(random_bits(b * dims.N + n) >> 8u) * 5.9604644775390625e-8;
    if (n < dims.N && u >= slot(0u)) {
      factor[i] = slot(1u);
    }
  }
  for (var t = begin; t < min(begin + STEPS, dims.T); t++) {
    let row = t * dims.B + b;
    var value = vec4f(0);
    if (BITS) {
      let word = spikes[(dims.first + row) * ((dims.N + 31u) / 32u) + q / 8u] >> (4u * (q % 8u));
      value = vec4f((vec4u(word) >> vec4u(0, 1, 2, 3)) & vec4u(1));
    } else {
      value = x[(dims.first + row) * Q + q];
    }
    y[row * Q + q] = factor * value;
  }
}
