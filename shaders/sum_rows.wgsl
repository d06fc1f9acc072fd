// grads[dest + i] (+)= sum over rows of x[row][i]; with PER_LAYER all columns go into one number.
//
// Gradients of biases (rows: time and batch) and of a neuron's learned constants (rows: batch). x begins at quad
// dims.source and is [rows][Q]. LANES threads share four columns: each adds up every LANES-th row, then their sums are added
// in a fixed order: by one thread, or where the device has them by the threads of a subgroup, which is right for subgroups
// of any size: it asks how many threads there are and which of them this one is.
//
// Dispatch: (min(ceil(Q / QUADS), 65535), ceil(...), 1), 256 threads; row is QUADS times the first dimension. (1, 1, 1) with PER_LAYER.

// <extensions>
// </extensions>

struct Step {
  seed: u32,
  step: u32,
  slots: array<vec4f, 64>,
}

struct Dims {
  rows: u32,
  N: u32,
  source: u32,
  dest: u32,
  accumulate: u32,
  row: u32,
}

const LANES: u32 = 8u;
const PER_LAYER: bool = false;

const QUADS: u32 = 256u / LANES;

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<uniform> dims: Dims;
@group(0) @binding(2) var<storage, read> x: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> grads: array<f32>;

// [LANES][QUADS]
var<workgroup> parts: array<vec4f, 256>;

fn put(at: u32, value: f32) {
  grads[at] = select(0.0, grads[at], dims.accumulate == 1u) + value;
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let Q = (dims.N + 3u) / 4u;
  let first = group.y * dims.row + group.x * QUADS;
  let mine = thread % QUADS;
  var sum = vec4f(0);
  for (var q = first + mine; q < select(min(Q, first + QUADS), Q, PER_LAYER); q += QUADS) {
    var columns = vec4f(0);
    for (var r = thread / QUADS; r < dims.rows; r += LANES) {
      columns += x[dims.source + r * Q + q];
    }
    sum += select(vec4f(0), columns, vec4u(4u * q) + vec4u(0u, 1u, 2u, 3u) < vec4u(dims.N));
  }
  parts[thread] = sum;

  var total = vec4f(0);
  // <total>
  workgroupBarrier();
  for (var i = thread; i < 256u && thread < QUADS; i += QUADS) {
    total += parts[i];
  }
  // </total>
  if (PER_LAYER) {
    workgroupBarrier();
    parts[thread] = total;
    workgroupBarrier();
    if (thread == 0u) {
      var all = parts[0];
      for (var i = 1u; i < QUADS; i++) {
        all += parts[i];
      }
      put(dims.dest, all.x + all.y + all.z + all.w);
    }
  } else if (thread < QUADS) {
    for (var i = 0u; i < 4u; i++) {
      let column = 4u * (first + thread) + i;
      if (column < dims.N) {
        put(dims.dest + column, total[i]);
      }
    }
  }
}
