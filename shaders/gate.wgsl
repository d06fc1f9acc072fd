// y = x (1 - sigmoid(b) (1 - sigmoid(g_t))): the gate on the input of a GLIF neuron, open by sigmoid(g_t) at step t.
//
//   effective  at B_AT [Q]: logits b; at G_AT rows [step][Q]: logits g
//   x, y       [T][B][Q]
//
// Dispatch: (ceil(Q / 8), min(ceil(T B / 8), 65535), ceil(...)), a thread a quad of a row.

struct Step {
  seed: u32,
  step: u32,
  slots: array<vec4f, 64>,
}

struct Dims {
  T: u32,
  B: u32,
  Q: u32,
  b_at: u32,
  g_at: u32,
}

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<uniform> dims: Dims;
@group(0) @binding(2) var<storage, read> effective: array<vec4f>;
@group(0) @binding(3) var<storage, read> x: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;

fn sigmoid(a: vec4f) -> vec4f {
  return 1.0 / (1.0 + exp(-a));
}

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let q = id.x;
  let row = 524280u * id.z + id.y;
  if (q >= dims.Q || row >= dims.T * dims.B) {
    return;
  }
  let b = effective[dims.b_at + q];
  let g = effective[dims.g_at + (row / dims.B) * dims.Q + q];
  y[row * dims.Q + q] = x[row * dims.Q + q] * (1.0 - sigmoid(b) * sigmoid(-g));
}
