// Keeps parameters or their gradients to their constraints, all parameters of a net in one dispatch:
//
//   GRADIENTS   g[post, pre] = 0 where m[post, pre] = 0          before an update: moments and decay leave these alone
//   otherwise   w[post, pre] = 0 where w s < 0, s = signs[pre]   after an update: a weight of the wrong sign
//               p = lowest where p < lowest, highest where p > highest
//
// params holds parameters, masks and signs, grads the gradients of the parameters at the same places. An entry of the table
// is a parameter of `total` elements less those before it: `first` of them come earlier, its values begin at `weight`, its
// mask [post, pre] or its signs [pre] at `by` (NONE without); `pre` is the length of its rows.
//
// Dispatch: (min(ceil(total / 64), 65535), ceil(...), 1), a thread an element.

struct Step {
  seed: u32,
  step: u32,
  slots: array<vec4f, 64>,
}

struct Dims {
  entries: u32,
  total: u32,
  row: u32,
}

struct Entry {
  first: u32,
  weight: u32,
  by: u32,
  pre: u32,
  lowest: f32,
  highest: f32,
}

const NONE: u32 = 0xffffffffu;

const GRADIENTS: bool = false;

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<uniform> dims: Dims;
@group(0) @binding(2) var<storage, read> table: array<Entry>;
@group(0) @binding(3) var<storage, read_write> params: array<f32>;
@group(0) @binding(4) var<storage, read_write> grads: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let at = id.y * dims.row + id.x;
  if (at >= dims.total) {
    return;
  }
  var k = 0u;
  while (k + 1u < dims.entries && table[k + 1u].first <= at) {
    k++;
  }
  let e = table[k];
  let i = at - e.first;
  if (GRADIENTS) {
    if (params[e.by + i] == 0.0) {
      grads[e.weight + i] = 0.0;
    }
    return;
  }
  var w = params[e.weight + i];
  if (e.by != NONE && w * params[e.by + i % e.pre] < 0.0) {
    w = 0.0;
  }
  // a NaN stays one: by its bits, since a compiler may take it that comparisons meet none
  if ((bitcast<u32>(w) & 0x7fffffffu) <= 0x7f800000u) {
    params[e.weight + i] = clamp(w, e.lowest, e.highest);
  }
}
