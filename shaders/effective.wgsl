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
// Of a matrix in half precision the values are rounded to binary16, to nearest even and at most to 65504: by whole numbers, since the
// rounding of pack2x16float is the device's choice. ROUNDED stores them as floats, PACKED two a word, neighbours in a row together,
// so that a quad of the result holds two of the matrix. The result is written as words: not every word is a float that stays as it is.
//
// Dispatch: (min(ceil(total / 64), 65535), ceil(...), 1), a thread a quad of the result.

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
  stored_as: u32,
}

const NONE: u32 = 0xffffffffu;

const FORM_BY_PRE: u32 = 0u;
const FORM_BY_POST: u32 = 1u;
const FORM_PER_NEURON: u32 = 2u;

const FULL: u32 = 0u;
const ROUNDED: u32 = 1u;
const PACKED: u32 = 2u;

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<uniform> dims: Dims;
@group(0) @binding(2) var<storage, read> table: array<Entry>;
@group(0) @binding(3) var<storage, read> params: array<f32>;
@group(0) @binding(4) var<storage, read_write> effective: array<vec4u>;

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

// Quad i of an entry.
fn quad(e: Entry, i: u32) -> vec4f {
  let row = i / e.quads;
  let lane = 4u * (i % e.quads);
  var value: vec4f;
  for (var j = 0u; j < 4u; j++) {
    value[j] = stored(e, row, lane + j);
  }
  return clamp(value, vec4f(e.lowest), vec4f(e.highest));
}

// Four numbers in binary16.
fn halves(x: vec4f) -> vec2u {
  let bits = bitcast<vec4u>(x);
  let size = bits & vec4u(0x7fffffffu);
  // below 2^-14 the result counts steps of 2^-24: the first bit, which is not written, must be shifted with the others
  let small = size < vec4u(0x38800000u);
  let digits = select(size - vec4u(0x38000000u), (size & vec4u(0x7fffffu)) | vec4u(0x800000u), small);
  let shift = select(vec4u(13u), min(vec4u(126u) - (size >> vec4u(23u)), vec4u(25u)), small);
  var half = (digits + (vec4u(1u) << (shift - 1u)) - 1u + ((digits >> shift) & vec4u(1u))) >> shift;
  half = select(half, vec4u(0x7bffu), size >= vec4u(0x477fe000u));
  // what is not a number stays so
  half = select(half, vec4u(0x7e00u), size > vec4u(0x7f800000u));
  half |= (bits >> vec4u(16u)) & vec4u(0x8000u);
  return half.xz | (half.yw << vec2u(16u));
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
  let i = at - e.first;
  // loops, so that compilers see what makes a number once
  let packed = e.stored_as == PACKED;
  let parts = select(1u, 2u, packed);
  var out: vec4u;
  for (var j = 0u; j < parts; j++) {
    let value = quad(e, parts * i + j);
    if (e.stored_as == FULL) {
      out = bitcast<vec4u>(value);
    } else {
      let two = halves(value);
      out = select(bitcast<vec4u>(vec4f(unpack2x16float(two.x), unpack2x16float(two.y))), vec4u(out.zw, two), packed);
    }
  }
  effective[at] = out;
}
