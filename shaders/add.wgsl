// result[offset + i] = a[source + i] (+ b[i]), over quads: sums of gradients, residual sums, copies.
//
// Dispatch: (min(ceil(count / 64), 65535), ceil(...), 1), a thread a quad.

struct Step {
  seed: u32,
  step: u32,
  slots: array<vec4f, 64>,
}

struct Dims {
  count: u32,
  source: u32,
  offset: u32,
  row: u32,
}

const HAS_B: bool = true;

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<uniform> dims: Dims;
@group(0) @binding(2) var<storage, read> a: array<vec4f>;
@group(0) @binding(3) var<storage, read> b: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> result: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * dims.row + id.x;
  if (i >= dims.count) {
    return;
  }
  var sum = a[dims.source + i];
  if (HAS_B) {
    sum += b[i];
  }
  result[dims.offset + i] = sum;
}
