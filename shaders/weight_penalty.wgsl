// L1 or L2 penalty of effective weights, and its gradient.
//
//   penalty = weight * sum |w|, or weight * sum w^2 (SQUARES);  partial[g] = workgroup g's part of it
//   grads[dest + i] (+)= weight * sign(w_i), 0 at 0, or 2 weight w_i
//
// The table lists parameters [post, pre], counted through one after the other; w is read from the effective weights in rows
// [pre][ceil(post/4) quads], where masked connections are 0. weight is the slot dims.weight_slot.
//
// effective quads as floats, grads as floats, partial [groups].
//
// Dispatch: (min(ceil(total / 1024), 65535), ceil(...), 1), a thread every 64th of 1024 weights.

struct Step {
  seed: u32,
  step: u32,
  slots: array<vec4f, 64>,
}

struct Dims {
  entries: u32,
  total: u32,
  row: u32,
  weight_slot: u32,
}

struct Entry {
  begin: u32,
  first: u32,
  post: u32,
  pre: u32,
  dest: u32,
  accumulate: u32,
}

const SQUARES: bool = true;
const HAS_GRAD: bool = true;

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<uniform> dims: Dims;
@group(0) @binding(2) var<storage, read> table: array<Entry>;
@group(0) @binding(3) var<storage, read> effective: array<f32>;
@group(0) @binding(4) var<storage, read_write> grads: array<f32>;
@group(0) @binding(5) var<storage, read_write> partial: array<f32>;

const LANES: u32 = 64u;
const SHARE: u32 = 1024u;
var<workgroup> parts: array<f32, LANES>;

fn slot(i: u32) -> f32 {
  return step.slots[i / 4u][i % 4u];
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let begin = group.y * dims.row + group.x * SHARE;
  let weight = slot(dims.weight_slot);
  var sum = 0.0;
  for (var i = begin + lane; i < min(begin + SHARE, dims.total); i += LANES) {
    var e = 0u;
    while (e + 1u < dims.entries && table[e + 1u].begin <= i) {
      e++;
    }
    let entry = table[e];
    let k = i - entry.begin;
    let w = effective[4u * (entry.first + (k % entry.pre) * ((entry.post + 3u) / 4u)) + k / entry.pre];
    sum += select(abs(w), w * w, SQUARES);
    if (HAS_GRAD) {
      let at = entry.dest + k;
      let before = select(0.0, grads[at], entry.accumulate == 1u);
      grads[at] = before + weight * select(sign(w), 2.0 * w, SQUARES);
    }
  }
  parts[lane] = sum;
  workgroupBarrier();
  if (lane == 0u && begin < dims.total) {
    var total = 0.0;
    for (var i = 0u; i < LANES; i++) {
      total += parts[i];
    }
    partial[begin / SHARE] = weight * total;
  }
}
