// y = weight * factor * (x - mean) / sqrt(variance + eps) + bias, by channel.
//
// x and y are [rows][Q] quads, rows counting time and batch; y is 0 past N. Neuron n is of channel n / P; a group of dims.rows
// rows (all, or one step) has statistics and weights of its own, i = (row / rows) C + n / P. With RUNNING mean and variance are
// those of params, from dims.mean and dims.variance on; otherwise stats holds mean and 1 / sqrt(variance + eps), [2][count]. With
// AFFINE weight and bias are rows of the effective weights, from quads dims.weight and dims.bias on. Slots: -, eps, factor.
//
// Dispatch: (min(ceil(quads / 64), 65535), ceil(...), 1), a thread a quad.

struct Step {
  seed: u32,
  step: u32,
  slots: array<vec4f, 64>,
}

struct Dims {
  B: u32,
  N: u32,
  C: u32,
  P: u32,
  Q: u32,
  rows: u32,
  chunk: u32,
  chunks: u32,
  pieces: u32,
  quads: u32,
  count: u32,
  mean: u32,
  variance: u32,
  weight: u32,
  bias: u32,
  weight_to: u32,
  weight_adds: u32,
  bias_to: u32,
  bias_adds: u32,
  slots: u32,
  row: u32,
}

const RUNNING: bool = false;
const AFFINE: bool = true;

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<uniform> dims: Dims;
@group(0) @binding(2) var<storage, read> x: array<vec4f>;
@group(0) @binding(3) var<storage, read> stats: array<f32>;
@group(0) @binding(4) var<storage, read> params: array<f32>;
@group(0) @binding(5) var<storage, read> effective: array<f32>;
@group(0) @binding(6) var<storage, read_write> y: array<vec4f>;

fn slot(i: u32) -> f32 {
  let at = dims.slots + i;
  return step.slots[at / 4u][at % 4u];
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let at = id.y * dims.row + id.x;
  if (at >= dims.quads) {
    return;
  }
  let first = ((at / dims.Q) / dims.rows) * dims.C;
  let value = x[at];
  var result = vec4f(0);
  for (var lane = 0u; lane < 4u; lane++) {
    let n = 4u * (at % dims.Q) + lane;
    if (n >= dims.N) {
      break;
    }
    let i = first + n / dims.P;
    var mean = 0.0;
    var scale = 0.0;
    if (RUNNING) {
      mean = params[dims.mean + i];
      scale = 1.0 / sqrt(params[dims.variance + i] + slot(1u));
    } else {
      mean = stats[i];
      scale = stats[dims.count + i];
    }
    var normal = slot(2u) * ((value[lane] - mean) * scale);
    if (AFFINE) {
      normal = normal * effective[4u * dims.weight + i] + effective[4u * dims.bias + i];
    }
    result[lane] = normal;
  }
  y[at] = result;
}
