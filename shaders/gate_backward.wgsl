// The adjoint of gate.wgsl. With m = 1 - s (1 - o_t), s = sigmoid(b), o_t = sigmoid(g_t):
//
//   dx = dy m ;  dg_t = s o_t (1 - o_t) sum over samples of dy x ;  db = -s (1 - s) sum over t and samples of (1 - o_t) dy x
//
//   effective    as in gate.wgsl
//   x, dy, dx    [T][B][Q]
//   d_b          [T][Q]: the parts of db, summed over samples
//   grads        at dims.dest [STEPS][N]: dg; 0 for steps from T on
//
// Dispatch: (ceil(Q / 8), ceil(STEPS / 8), 1), a thread a quad of a step, over all samples.

struct Step {
  seed: u32,
  step: u32,
  slots: array<vec4f, 64>,
}

struct Dims {
  T: u32,
  B: u32,
  N: u32,
  Q: u32,
  b_at: u32,
  g_at: u32,
  steps: u32,
  dest: u32,
  accumulate: u32,
}

const LEARN_G: bool = true;

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<uniform> dims: Dims;
@group(0) @binding(2) var<storage, read> effective: array<vec4f>;
@group(0) @binding(3) var<storage, read> x: array<vec4f>;
@group(0) @binding(4) var<storage, read> dy: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> dx: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> d_b: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> grads: array<f32>;

fn sigmoid(a: vec4f) -> vec4f {
  return 1.0 / (1.0 + exp(-a));
}

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let q = id.x;
  let t = id.y;
  if (q >= dims.Q || t >= dims.steps) {
    return;
  }
  let b = effective[dims.b_at + q];
  let g = effective[dims.g_at + t * dims.Q + q];
  let s = sigmoid(b);
  let closed = sigmoid(-g);
  let m = 1.0 - s * closed;
  var sum = vec4f(0);
  if (t < dims.T) {
    for (var i = 0u; i < dims.B; i++) {
      let at = (t * dims.B + i) * dims.Q + q;
      dx[at] = dy[at] * m;
      sum += dy[at] * x[at];
    }
    d_b[t * dims.Q + q] = -s * sigmoid(-b) * closed * sum;
  }
  if (LEARN_G) {
    let d_g = s * sigmoid(g) * closed * sum;
    for (var k = 0u; k < 4u; k++) {
      if (4u * q + k < dims.N) {
        let at = dims.dest + t * dims.N + 4u * q + k;
        grads[at] = select(0.0, grads[at], dims.accumulate == 1u) + d_g[k];
      }
    }
  }
}
