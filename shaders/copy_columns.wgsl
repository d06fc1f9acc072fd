// result[m][at + i] = source[m][first + i] for i < count, and 0 for the rest of `written` columns: concatenation along
// neurons, and its adjoint. Neither place need be a multiple of four, so a thread copies one number.
//
// source is [M][pitch_from], result [M][pitch_to]; columns outside at .. at + written stay as they are.
//
// Dispatch: (ceil(written / 32), min(ceil(M / 8), 65535), ceil(...)) workgroups of 32 x 8 threads.

struct Step {
  seed: u32,
  step: u32,
  slots: array<vec4f, 64>,
}

struct Dims {
  M: u32,
  count: u32,
  written: u32,
  first: u32,
  at: u32,
  pitch_from: u32,
  pitch_to: u32,
}

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<uniform> dims: Dims;
@group(0) @binding(2) var<storage, read> source: array<f32>;
@group(0) @binding(3) var<storage, read_write> result: array<f32>;

@compute @workgroup_size(32, 8)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = 524280u * id.z + id.y;
  if (id.x >= dims.written || row >= dims.M) {
    return;
  }
  var value = 0.0;
  if (id.x < dims.count) {
    value = source[row * dims.pitch_from + dims.first + id.x];
  }
  result[row * dims.pitch_to + dims.at + id.x] = value;
}
