// Packed values as floats: result[m][i] = scale * value.
//
// BITS: 1 bit each, words [M][ceil(N/32)], packed along neurons. BYTES: 8 bits each, [M][ceil(N/4)]. HALF: binary16,
// [M][2 ceil(N/4)]. The result is [M][Q] quads, 0 past N.
//
// Dispatch: (ceil(Q / 8), min(ceil(M / 8), 65535), ceil(...)) workgroups of 8 x 8 threads.

struct Step {
  seed: u32,
  step: u32,
  slots: array<vec4f, 64>,
}

struct Dims {
  M: u32,
  N: u32,
  scale: f32,
}

const BITS: u32 = 0u;
const BYTES: u32 = 1u;
const HALF: u32 = 2u;
const FORM: u32 = BITS;

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<uniform> dims: Dims;
@group(0) @binding(2) var<storage, read> packed: array<u32>;
@group(0) @binding(3) var<storage, read_write> result: array<vec4f>;

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let q = id.x;
  let m = 524280u * id.z + id.y;
  let Q = (dims.N + 3u) / 4u;
  if (q >= Q || m >= dims.M) {
    return;
  }
  var value: vec4f;
  if (FORM == BITS) {
    let word = packed[m * ((dims.N + 31u) / 32u) + q / 8u] >> (4u * (q % 8u));
    value = vec4f((vec4u(word) >> vec4u(0, 1, 2, 3)) & vec4u(1));
  } else if (FORM == BYTES) {
    value = vec4f((vec4u(packed[m * Q + q]) >> vec4u(0, 8, 16, 24)) & vec4u(255));
  } else {
    value = vec4f(unpack2x16float(packed[2u * (m * Q + q)]), unpack2x16float(packed[2u * (m * Q + q) + 1u]));
  }
  let exists = vec4u(4u * q) + vec4u(0u, 1u, 2u, 3u) < vec4u(dims.N);
  result[m * Q + q] = select(vec4f(0), dims.scale * value, exists);
}
