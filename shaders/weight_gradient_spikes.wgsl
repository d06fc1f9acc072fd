// dW[post, pre] (+)= sum over b, t of dI_t[post] z_{t - SHIFT}[pre], gathered: only steps at which pre spiked are read.
//
// bits_along_time begins [ceil(T/32)][B][4 KQ] words of the spikes; d_current is [T][B][Q] quads; grads holds [post][pre]
// from dims.dest on. SHIFT is 0 for input and 1 for recurrent spikes, whose spike before the first step is in start (slot
// Z of the initial states).
// A thread makes one quad of postsynaptic neurons for one presynaptic one and walks over samples and steps in order.
//
// Dispatch: (min(ceil(K * Q / 64), 65535), ceil(...), 1), 64 threads.

struct Step {
  seed: u32,
  step: u32,
  slots: array<vec4f, 64>,
}

struct Dims {
  T: u32,
  B: u32,
  K: u32,
  N: u32,
  bits_along_time: u32,
  dest: u32,
  accumulate: u32,
  row: u32,
}

const SHIFT: u32 = 0u;
const HAS_START: bool = false;
const Z: u32 = 1u;
const NO_DIAGONAL: bool = false;

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<uniform> dims: Dims;
@group(0) @binding(2) var<storage, read> spikes: array<u32>;
@group(0) @binding(3) var<storage, read> d_current: array<vec4f>;
@group(0) @binding(4) var<storage, read> start: array<f32>;
@group(0) @binding(5) var<storage, read_write> grads: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let Q = (dims.N + 3u) / 4u;
  let K4 = 4u * ((dims.K + 3u) / 4u);
  let i = id.y * dims.row + id.x;
  let q = i % Q;
  let pre = i / Q;
  if (pre >= dims.K) {
    return;
  }
  var sum = vec4f(0);
  for (var b = 0u; b < dims.B; b++) {
    if (HAS_START) {
      sum += start[(Z * dims.B + b) * K4 + pre] * d_current[b * Q + q];
    }
    for (var t32 = 0u; t32 < (dims.T + 31u) / 32u; t32++) {
      var word = spikes[dims.bits_along_time + (t32 * dims.B + b) * K4 + pre];
      while (word != 0u) {
        let t = 32u * t32 + countTrailingZeros(word) + SHIFT;
        word &= word - 1u;
        if (t < dims.T) {
          sum += d_current[(t * dims.B + b) * Q + q];
        }
      }
    }
  }
  for (var j = 0u; j < 4u; j++) {
    let post = 4u * q + j;
    if (post < dims.N) {
      let at = dims.dest + post * dims.K + pre;
      let value = select(sum[j], 0.0, NO_DIAGONAL && post == pre);
      grads[at] = select(0.0, grads[at], dims.accumulate == 1u) + value;
    }
  }
}
