// First part of the gradient of a normalisation: for each neuron, over pieces of time and batch,
//
//   sums[0][k][q] = sum of dy,  sums[1][k][q] = sum of dy h  with  h = (x - mean) / sqrt(variance + eps)
//
// x and dy are [rows][Q] quads. Pieces, groups and lengths as in norm_partial; stats is [2][count] floats as in norm_stats.
//
// Dispatch: (ceil(Q / 8), ceil(pieces / 8), 1) workgroups of 8 x 8 threads, a thread a quad of a piece.

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

const HAS_LENGTHS: bool = true;

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<uniform> dims: Dims;
@group(0) @binding(2) var<storage, read> x: array<vec4f>;
@group(0) @binding(3) var<storage, read> dy: array<vec4f>;
@group(0) @binding(4) var<storage, read> lengths: array<u32>;
@group(0) @binding(5) var<storage, read> stats: array<f32>;
@group(0) @binding(6) var<storage, read_write> sums: array<vec4f>;

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let k = id.y;
  if (id.x >= dims.Q || k >= dims.pieces) {
    return;
  }
  let g = k / dims.chunks;
  let begin = g * dims.rows + (k % dims.chunks) * dims.chunk;
  let end = min(begin + dims.chunk, (g + 1u) * dims.rows);
  var mean = vec4f(0);
  var scale = vec4f(0);
  for (var lane = 0u; lane < 4u; lane++) {
    let n = 4u * id.x + lane;
    if (n < dims.N) {
      let i = g * dims.C + n / dims.P;
      mean[lane] = stats[i];
      scale[lane] = stats[dims.count + i];
    }
  }
  var sum = vec4f(0);
  var product = vec4f(0);
  for (var r = begin; r < end; r++) {
    if (HAS_LENGTHS && r / dims.B >= lengths[r % dims.B]) {
      continue;
    }
    let g_out = dy[r * dims.Q + id.x];
    sum += g_out;
    product += g_out * ((x[r * dims.Q + id.x] - mean) * scale);
  }
  let at = k * dims.Q + id.x;
  sums[at] = sum;
  sums[dims.pieces * dims.Q + at] = product;
}
