// First part of mean and variance: those of pieces of the input, over time and batch, for each neuron (Welford 1962, which
// loses nothing where the mean is large).
//
//   sums[0][k][q] = number of values, sums[1][k][q] = their mean, sums[2][k][q] = sum of (x - mean)^2
//
// x is [rows][Q] quads, rows counting time and batch. A group of dims.rows of them has statistics of its own: all, or those
// of one step. It is cut into dims.chunks pieces of dims.chunk rows; k counts pieces, group by group. With HAS_LENGTHS rows of
// steps from lengths[b] on are left out. Reads 16 bytes a quad, once. Dims are those of all kernels of
// a normalisation, each of which reads some.
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
@group(0) @binding(3) var<storage, read> lengths: array<u32>;
@group(0) @binding(4) var<storage, read_write> sums: array<vec4f>;

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let k = id.y;
  if (id.x >= dims.Q || k >= dims.pieces) {
    return;
  }
  let group = (k / dims.chunks) * dims.rows;
  let begin = group + (k % dims.chunks) * dims.chunk;
  let end = min(begin + dims.chunk, group + dims.rows);
  var count = 0.0;
  var mean = vec4f(0);
  var squares = vec4f(0);
  for (var r = begin; r < end; r++) {
    if (HAS_LENGTHS && r / dims.B >= lengths[r % dims.B]) {
      continue;
    }
    let value = x[r * dims.Q + id.x];
    count += 1.0;
    let from_mean = value - mean;
    mean += from_mean / count;
    squares += from_mean * (value - mean);
  }
  let at = k * dims.Q + id.x;
  let plane = dims.pieces * dims.Q;
  sums[at] = vec4f(count);
  sums[plane + at] = mean;
  sums[2u * plane + at] = squares;
}
