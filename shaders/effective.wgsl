// What the other kernels read instead of stored parameters, made once a step: matrices in the orientations that are
// needed, rows padded to whole quads, per-layer constants spread over the neurons, values kept in their range, missing
// connections 0, weights of the wrong sign 0:
//
//   E[post, pre] = 0 where m[post, pre] = 0 ; s max(0, s W[post, pre]) with the sign s of the neuron pre or the connection
//
// One thread makes one quad. The table says which entry a quad belongs to:
//   FORM_BY_PRE     W [post, pre] -> rows [pre][quads over post]     (what one presynaptic spike adds)
//   FORM_BY_POST    W [post, pre] -> rows [post][quads over pre]     (what one postsynaptic error sends back)
//   FORM_PER_NEURON [post] or [1] -> one row of quads over post
// params are the stored parameters of the net as floats, masks and signs among them (an entry's `mask` [post, pre] and
// `signs` [pre], or [post, pre] with sign_row = pre, unless that is NONE); effective is the result, quads, one entry after the other.
// Rows past the matrix and lanes past a row are 0 (for constants of neurons: the lowest value allowed).
//
// Dispatch: (min(ceil(total / 64), 65535), ceil(...), 1), a thread a quad.

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
  rows: u32,
  quads: u32,
  source: u32,
  post: u32,
  pre: u32,
  form: u32,
  no_diagonal: u32,
  lowest: f32,
  highest: f32,
  mask: u32,
  signs: u32,
  sign_row: u32,
}

const NONE: u32 = 0xffffffffu;

const FORM_BY_PRE: u32 = 0u;
const FORM_BY_POST: u32 = 1u;
const FORM_PER_NEURON: u32 = 2u;

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<uniform> dims: Dims;
@group(0) @binding(2) var<storage, read> table: array<Entry>;
@group(0) @binding(3) var<storage, read> params: array<f32>;
@group(0) @binding(4) var<storage, read_write> effective: array<vec4f>;

fn stored(e: Entry, row: u32, lane: u32) -> f32 {
  var post = lane;
  var pre = row;
  if (e.form == FORM_BY_POST) {
    post = row;
    pre = lane;
  }
  if (e.form == FORM_PER_NEURON) {
    if (lane >= e.post) {
      return 0.0;
    }
    return params[e.source + select(lane, 0u, e.pre == 1u)];
  }
  if (post >= e.post || pre >= e.pre || (e.no_diagonal == 1u && post == pre)) {
    return 0.0;
  }
  let i = post * e.pre + pre;
  var w = params[e.source + i];
  if (e.signs != NONE && w * params[e.signs + post * e.sign_row + pre] < 0.0) {
    w = 0.0;
  }
  if (e.mask != NONE && params[e.mask + i] == 0.0) {
    w = 0.0;
  }
  return w;
}

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
  let row = (at - e.first) / e.quads;
  let lane = 4u * ((at - e.first) % e.quads);
  let value = vec4f(stored(e, row, lane), stored(e, row, lane + 1u), stored(e, row, lane + 2u), stored(e, row, lane + 3u));
  effective[at] = clamp(value, vec4f(e.lowest), vec4f(e.highest));
}
