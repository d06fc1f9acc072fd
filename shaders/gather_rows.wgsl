// result[r] = sum over k in begin[r] .. begin[r + 1] of source row index[k]: slices, concatenations and gathers over time and
// batch, and their adjoints (which are the same with the lists turned round).
//
// Rows below dims.rows_a come from a, the rest from b. A row is Q quads. table is begin[0 .. rows], then index.
//
// Dispatch: (ceil(Q / 8), min(ceil(rows / 8), 65535), ceil(...)) workgroups of 8 x 8 threads.

struct Step {
  seed: u32,
  step: u32,
  slots: array<vec4f, 64>,
}

struct Dims {
  rows: u32,
  Q: u32,
  rows_a: u32,
}

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<uniform> dims: Dims;
@group(0) @binding(2) var<storage, read> table: array<u32>;
@group(0) @binding(3) var<storage, read> a: array<vec4f>;
@group(0) @binding(4) var<storage, read> b: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> result: array<vec4f>;

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let to = 524280u * id.z + id.y;
  if (id.x >= dims.Q || to >= dims.rows) {
    return;
  }
  var sum = vec4f(0);
  for (var k = table[to]; k < table[to + 1u]; k++) {
    let row = table[dims.rows + 1u + k];
    if (row < dims.rows_a) {
      sum += a[row * dims.Q + id.x];
    } else {
      sum += b[(row - dims.rows_a) * dims.Q + id.x];
    }
  }
  result[to * dims.Q + id.x] = sum;
}
