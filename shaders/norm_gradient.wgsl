// dL/dx of a normalisation, through mean and variance:
//
//   dx = weight * factor / sqrt(variance + eps) * (dy - mean of dy - h * mean of dy h),  h = (x - mean) / sqrt(variance + eps)
//
// x, dy and dx are [rows][Q] quads; dx is 0 past N and at steps from lengths[b] on. stats is [2][count] floats as in norm_stats,
// totals [2][count] as in norm_totals; channels and i as in norm_apply. With AFFINE the weight is a row of
// effective, the effective weights, from quad dims.weight on. Slots: -, -, factor.
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

const HAS_LENGTHS: bool = true;
const AFFINE: bool = true;

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<uniform> dims: Dims;
@group(0) @binding(2) var<storage, read> x: array<vec4f>;
@group(0) @binding(3) var<storage, read> dy: array<vec4f>;
@group(0) @binding(4) var<storage, read> lengths: array<u32>;
@group(0) @binding(5) var<storage, read> stats: array<f32>;
@group(0) @binding(6) var<storage, read> totals: array<f32>;
@group(0) @binding(7) var<storage, read> effective: array<f32>;
@group(0) @binding(8) var<storage, read_write> dx: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let at = id.y * dims.row + id.x;
  if (at >= dims.quads) {
    return;
  }
  let r = at / dims.Q;
  var result = vec4f(0);
  if (!(HAS_LENGTHS && r / dims.B >= lengths[r % dims.B])) {
    let value = x[at];
    let g_out = dy[at];
    for (var lane = 0u; lane < 4u; lane++) {
      let n = 4u * (at % dims.Q) + lane;
      if (n >= dims.N) {
        break;
      }
      let i = (r / dims.rows) * dims.C + n / dims.P;
      let scale = stats[dims.count + i];
      let h = (value[lane] - stats[i]) * scale;
      var factor = scale * step.slots[(dims.slots + 2u) / 4u][(dims.slots + 2u) % 4u];
      if (AFFINE) {
        factor *= effective[4u * dims.weight + i];
      }
      result[lane] = factor * (g_out[lane] - totals[i] - h * totals[dims.count + i]);
    }
  }
  dx[at] = result;
}
