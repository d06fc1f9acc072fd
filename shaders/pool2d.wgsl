// Sums over windows of each channel, step by step, times a scale: 1 for a sum, 1 / (KH KW) for an average.
//
//   y[m][c][oy][ox] = scale * sum over ky, kx of x[first + m][c][oy SY + ky - PY][ox SX + kx - PX]
//
// m counts time steps and samples, places outside the input count as 0. x is [M][C][H][W]: floats, every m padded to whole
// quads, or with SPIKES bits, every m padded to whole words. y is [M][C][OH][OW] as floats, padded by zeros.
// A thread makes four numbers that lie side by side: 4 KH KW additions and as many numbers read.
//
// Dispatch: (min(ceil(M Q / 64), 65535), ceil(...), 1), 64 threads, a thread per quad of y.

struct Step {
  seed: u32,
  step: u32,
  slots: array<vec4f, 64>,
}

struct Dims {
  M: u32,
  first: u32,
  scale: f32,
  row: u32,
}

const C: u32 = 1u;
const H: u32 = 4u;
const W: u32 = 4u;
const OH: u32 = 2u;
const OW: u32 = 2u;
const KH: u32 = 2u;
const KW: u32 = 2u;
const SY: u32 = 2u;
const SX: u32 = 2u;
const PY: u32 = 0u;
const PX: u32 = 0u;
const SPIKES: bool = false;

const X_PITCH = (C * H * W + 3u) / 4u * 4u;
const WORDS = (C * H * W + 31u) / 32u;
const Q = (C * OH * OW + 3u) / 4u;

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<uniform> dims: Dims;
@group(0) @binding(2) var<storage, read> x: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;

fn value(m: u32, n: u32) -> f32 {
  if (SPIKES) {
    return f32(extractBits(x[m * WORDS + n / 32u], n % 32u, 1u));
  }
  return bitcast<f32>(x[m * X_PITCH + n]);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * dims.row + id.x;
  let m = i / Q;
  if (m >= dims.M) {
    return;
  }
  var sum = vec4f(0);
  for (var j = 0u; j < 4u; j++) {
    let n = 4u * (i % Q) + j;
    if (n >= C * OH * OW) {
      break;
    }
    let plane = n / (OH * OW) * H * W;
    for (var ky = 0u; ky < KH; ky++) {
      // below 0 becomes very large
      let iy = n / OW % OH * SY + ky - PY;
      for (var kx = 0u; kx < KW; kx++) {
        let ix = n % OW * SX + kx - PX;
        if (iy < H && ix < W) {
          sum[j] += value(dims.first + m, plane + iy * W + ix);
        }
      }
    }
  }
  y[i] = dims.scale * sum;
}
