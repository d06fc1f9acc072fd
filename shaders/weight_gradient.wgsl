// dW[post, pre] (+)= sum over rows first <= m < M of dy[m][post] x[m][pre], x dense; the first row of dy is row0.
//
// x is [M][KQ] quads, dy [M][Q]; in grads the gradient lies as the parameter does, [post][pre]. A thread makes a block of four
// by four and walks over m in order, so that the sum is the same every time.
//
// Dispatch: (min(ceil(KQ * Q / 32), 65535), ceil(...), 1), 32 threads.

struct Step {
  seed: u32,
  step: u32,
  slots: array<vec4f, 64>,
}

struct Dims {
  M: u32,
  K: u32,
  N: u32,
  dest: u32,
  accumulate: u32,
  row: u32,
  first: u32,
  row0: u32,
}

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<uniform> dims: Dims;
@group(0) @binding(2) var<storage, read> x: array<vec4f>;
@group(0) @binding(3) var<storage, read> dy: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> grads: array<f32>;

@compute @workgroup_size(32)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let KQ = (dims.K + 3u) / 4u;
  let Q = (dims.N + 3u) / 4u;
  let i = id.y * dims.row + id.x;
  let q = i % Q;
  let k = i / Q;
  if (k >= KQ) {
    return;
  }
  var sum: array<vec4f, 4>; // by pre
  for (var m = dims.first; m < dims.M; m++) {
    let a = x[m * KQ + k];
    let d = dy[(m - dims.row0) * Q + q];
    sum[0] += a.x * d;
    sum[1] += a.y * d;
    sum[2] += a.z * d;
    sum[3] += a.w * d;
  }
  for (var i = 0u; i < 4u; i++) {
    for (var j = 0u; j < 4u; j++) {
      let pre = 4u * k + i;
      let post = 4u * q + j;
      if (pre < dims.K && post < dims.N) {
        let at = dims.dest + post * dims.K + pre;
        grads[at] = select(0.0, grads[at], dims.accumulate == 1u) + sum[i][j];
      }
    }
  }
}
