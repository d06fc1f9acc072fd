// grads[dest + i] (+)= sum over rows of x[row][i]; with PER_LAYER all columns go into one number.
//
// Gradients of biases (rows: time and batch) and of a neuron's learned constants (rows: batch). x begins at quad
// dims.source and is [rows][Q]. One thread a column; with PER_LAYER thread 0 adds the columns up in order.
//
// Dispatch: (ceil(N / 64), 1, 1); (1, 1, 1) with PER_LAYER.

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
}

const PER_LAYER: bool = false;

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<uniform> dims: Dims;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read_write> grads: array<f32>;

var<workgroup> parts: array<f32, 64>;

fn column(i: u32) -> f32 {
  let pitch = 4u * ((dims.N + 3u) / 4u);
  var sum = 0.0;
  for (var r = 0u; r < dims.rows; r++) {
    sum += x[4u * dims.source + r * pitch + i];
  }
  return sum;
}

fn put(at: u32, value: f32) {
  grads[at] = select(0.0, grads[at], dims.accumulate == 1u) + value;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(local_invocation_index) lane: u32) {
  if (PER_LAYER) {
    var sum = 0.0;
    for (var i = lane; i < dims.N; i += 64u) {
      sum += column(i);
    }
    parts[lane] = sum;
    workgroupBarrier();
    if (lane == 0u) {
      var total = 0.0;
      for (var i = 0u; i < 64u; i++) {
        total += parts[i];
      }
      put(dims.dest, total);
    }
  } else if (id.x < dims.N) {
    put(dims.dest + id.x, column(id.x));
  }
}
