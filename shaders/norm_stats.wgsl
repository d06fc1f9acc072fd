// Mean and variance of each channel from those of pieces (Chan, Golub & LeVeque 1983), and the running ones.
//
//   n = na + nb,  mean = mean_a + d nb / n,  squares = squares_a + squares_b + d^2 na nb / n  with  d = mean_b - mean_a
//   running = (1 - momentum) running + momentum batch, the variance there being squares / (n - 1), of one value
//   none; untouched if momentum is 0
//
// sums is [3][pieces][Q] quads, see norm_partial. Channel c of group g has the neurons c P .. c P + P - 1 of the pieces
// g chunks .. g chunks + chunks - 1. stats is [3][count] floats, i = g C + c: mean, 1 / sqrt(variance + eps), number of values;
// where there is no value, 0 and 0. params holds the running mean from dims.mean on, the running variance from dims.variance
// on, both by i. Slots: momentum, eps. The 64 lanes of a workgroup add up in a fixed order, then as a tree.
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

struct Part {
  n: f32,
  mean: f32,
  squares: f32,
}

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<uniform> dims: Dims;
@group(0) @binding(2) var<storage, read> sums: array<f32>;
@group(0) @binding(3) var<storage, read_write> stats: array<f32>;
@group(0) @binding(4) var<storage, read_write> params: array<f32>;

var<workgroup> parts: array<Part, 64>;

fn slot(i: u32) -> f32 {
  let at = dims.slots + i;
  return step.slots[at / 4u][at % 4u];
}

fn merge(a: Part, b: Part) -> Part {
  if (b.n == 0.0) {
    return a;
  }
  if (a.n == 0.0) {
    return b;
  }
  let n = a.n + b.n;
  let d = b.mean - a.mean;
  return Part(n, a.mean + d * b.n / n, a.squares + b.squares + d * d * a.n * (b.n / n));
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = group.y * dims.row + group.x;
  let plane = 4u * dims.pieces * dims.Q;
  var sum = Part(0.0, 0.0, 0.0);
  if (i < dims.count) {
    for (var e = lane; e < dims.chunks * dims.P; e += 64u) {
      let piece = (i / dims.C) * dims.chunks + e / dims.P;
      let at = 4u * piece * dims.Q + (i % dims.C) * dims.P + e % dims.P;
      sum = merge(sum, Part(sums[at], sums[plane + at], sums[2u * plane + at]));
    }
  }
  parts[lane] = sum;
  workgroupBarrier();
  for (var width = 32u; width > 0u; width /= 2u) {
    if (lane < width) {
      parts[lane] = merge(parts[lane], parts[lane + width]);
    }
    workgroupBarrier();
  }
  if (lane == 0u && i < dims.count) {
    let all = parts[0];
    stats[i] = all.mean;
    stats[2u * dims.count + i] = all.n;
    if (all.n == 0.0) {
      stats[dims.count + i] = 0.0;
    } else {
      stats[dims.count + i] = 1.0 / sqrt(all.squares / all.n + slot(1u));
      let momentum = slot(0u);
      // 0 times infinity is no number
      if (momentum > 0.0) {
        let mean = params[dims.mean + i];
        let variance = params[dims.variance + i];
        params[dims.mean + i] = mean + momentum * (all.mean - mean);
        if (all.n > 1.0) {
          params[dims.variance + i] = variance + momentum * (all.squares / (all.n - 1.0) - variance);
        }
      }
    }
  }
}
