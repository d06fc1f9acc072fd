// The gradient of pool2d.wgsl's input: the sum of what the windows that a place lies in send back, times the scale.
//
//   dx[m][c][iy][ix] = scale * sum over ky, kx of dy[m][c][(iy + PY - ky) / SY][(ix + PX - kx) / SX]
//
// over the windows that begin on a place of y. dx [M][C][H][W] and dy [M][C][OH][OW] are floats, every m padded to whole
// quads, dx by zeros. A thread makes four numbers that lie side by side: 4 KH KW / (SY SX) additions.
//
// Dispatch: (min(ceil(M Q / 64), 65535), ceil(...), 1), 64 threads, a thread per quad of dx.

struct Step {
  seed: u32,
  step: u32,
  slots: array<vec4f, 64>,
}

struct Dims {
  M: u32,
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

const Y_PITCH = (C * OH * OW + 3u) / 4u * 4u;
const Q = (C * H * W + 3u) / 4u;

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<uniform> dims: Dims;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> dx: array<vec4f>;

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
    if (n >= C * H * W) {
      break;
    }
    let plane = m * Y_PITCH + n / (H * W) * OH * OW;
    // a place lies ky rows below the beginning of a window, for every SY-th ky
    for (var ky = (n / W % H + PY) % SY; ky < KH; ky += SY) {
      // below 0 becomes very large
      let oy = (n / W % H + PY - ky) / SY;
      for (var kx = (n % W + PX) % SX; kx < KW; kx += SX) {
        let ox = (n % W + PX - kx) / SX;
        if (oy < OH && ox < OW) {
          sum[j] += dy[plane + oy * OW + ox];
        }
      }
    }
  }
  dx[i] = dims.scale * sum;
}
