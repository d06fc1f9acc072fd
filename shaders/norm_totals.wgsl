// The sums of norm_sums by channel: gradients of weight and bias, and the means that the input's gradient needs.
//
//   grads[weight_to + i] (+)= factor * sum of dy h,  grads[bias_to + i] (+)= sum of dy
//   totals[0][i] = mean of dy,  totals[1][i] = mean of dy h, over the stats[2][i] values of the channel
//
// sums is [2][pieces][Q] quads; channels, groups and i as in norm_stats. With GRADS gradients are written, added to what is
// there where weight_adds, bias_adds are 1. Slots: -, -, factor. The 64 lanes of a workgroup add up in a fixed order, then as a
// tree.
//
// Dispatch: (min(count, 65535), ceil(...), 1), a workgroup a channel of a group; row is the length of the first dimension.

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

const GRADS: bool = true;

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<uniform> dims: Dims;
@group(0) @binding(2) var<storage, read> sums: array<f32>;
@group(0) @binding(3) var<storage, read> stats: array<f32>;
@group(0) @binding(4) var<storage, read_write> totals: array<f32>;
@group(0) @binding(5) var<storage, read_write> grads: array<f32>;

var<workgroup> parts: array<vec2f, 64>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = group.y * dims.row + group.x;
  let plane = 4u * dims.pieces * dims.Q;
  var sum = vec2f(0);
  if (i < dims.count) {
    for (var e = lane; e < dims.chunks * dims.P; e += 64u) {
      let piece = (i / dims.C) * dims.chunks + e / dims.P;
      let at = 4u * piece * dims.Q + (i % dims.C) * dims.P + e % dims.P;
      sum += vec2f(sums[at], sums[plane + at]);
    }
  }
  parts[lane] = sum;
  workgroupBarrier();
  for (var width = 32u; width > 0u; width /= 2u) {
    if (lane < width) {
      parts[lane] += parts[lane + width];
    }
    workgroupBarrier();
  }
  if (lane == 0u && i < dims.count) {
    let n = max(stats[2u * dims.count + i], 1.0);
    totals[i] = parts[0].x / n;
    totals[dims.count + i] = parts[0].y / n;
    if (GRADS) {
      let factor = step.slots[(dims.slots + 2u) / 4u][(dims.slots + 2u) % 4u];
      let weight = dims.weight_to + i;
      let bias = dims.bias_to + i;
      grads[weight] = select(0.0, grads[weight], dims.weight_adds == 1u) + factor * parts[0].y;
      grads[bias] = select(0.0, grads[bias], dims.bias_adds == 1u) + parts[0].x;
    }
  }
}
