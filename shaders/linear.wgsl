// y = x E (+ bias): a matrix product over all time steps and samples at once, x dense.
//
//   y[m] = bias + sum_k x[m][k] E[k]
//
// x is [M][KQ] quads, E the rows [4 KQ][Q] of the effective weights (rows past K are 0), y [M][Q]. Forward with rows by
// presynaptic neuron; for the gradient of x the same kernel with rows by postsynaptic neuron.
// A thread makes four rows of one quad: four vec4 accumulators, each weight read once for four rows.
//
// A dispatch makes the rows first <= m < M; the first row of y is row0.
//
// Dispatch: (ceil(Q / 8), ceil((M - first) / 32), 1) workgroups of 8 x 8 threads.

struct Step {
  seed: u32,
  step: u32,
  slots: array<vec4f, 64>,
}

struct Dims {
  M: u32,
  KQ: u32,
  Q: u32,
  weights: u32,
  bias: u32,
  first: u32,
  row0: u32,
}

const HAS_BIAS: bool = false;

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<uniform> dims: Dims;
@group(0) @binding(2) var<storage, read> effective: array<Stored>;
@group(0) @binding(3) var<storage, read> x: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;

// <weights>
alias Stored = vec4f;

// A quad of a matrix.
fn weight(at: u32) -> vec4f {
  return effective[at];
}

// Quad i of the constants that begin at quad `at`.
fn per_neuron(at: u32, i: u32) -> vec4f {
  return effective[at + i];
}
// </weights>

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let q = id.x;
  let m = dims.first + 4u * id.y;
  if (q >= dims.Q || m >= dims.M) {
    return;
  }
  let last = dims.M - 1u;
  let rows = min(vec4u(m, m + 1u, m + 2u, m + 3u), vec4u(last)) * dims.KQ;
  var sum: array<vec4f, 4>;
  for (var i = 0u; i < 4u; i++) {
    sum[i] = vec4f(0);
    if (HAS_BIAS) {
      sum[i] = per_neuron(dims.bias, q);
    }
  }
  for (var k = 0u; k < dims.KQ; k++) {
    let at = dims.weights + 4u * k * dims.Q + q;
    let w0 = weight(at);
    let w1 = weight(at + dims.Q);
    let w2 = weight(at + 2u * dims.Q);
    let w3 = weight(at + 3u * dims.Q);
    for (var i = 0u; i < 4u; i++) {
      let a = x[rows[i] + k];
      sum[i] += a.x * w0 + a.y * w1 + a.z * w2 + a.w * w3;
    }
  }
  for (var i = 0u; i < 4u; i++) {
    if (m + i < dims.M) {
      y[(m + i - dims.row0) * dims.Q + q] = sum[i];
    }
  }
}
