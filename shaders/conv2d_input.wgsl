// The gradient of a convolution's input: what every place that it contributed to sends back.
//
//   dx[m][g CG + c][iy][ix] = sum over o of group g, ky, kx of W[o][c][ky][kx] dy[m][o][oy][ox]
//
// where iy = oy SY + ky DY - PY and ix = ox SX + kx DX - PX; windows that would have to begin between two places of y are
// none. Layouts and effective weights as in conv2d.wgsl: dx is as x, dy as y.
// A thread makes four input channels of one place: 32 floating point operations for four quads of weights, which the whole
// workgroup reads at once, and four floats of dy, which neighbouring threads read side by side.
// Operations of a row: 2 O OH OW CG KH KW.
//
// Dispatch: (min(ceil(count / 64), 65535), ceil(...), 1), 64 threads; count = (last - first) GROUPS ceil(CG / 4) H W.

struct Step {
  seed: u32,
  step: u32,
  slots: array<vec4f, 64>,
}

struct Dims {
  kernel_rows: u32,
  kernel_columns: u32,
  first: u32,
  last: u32,
  weights: u32,
  row: u32,
}

const C: u32 = 1u;
const H: u32 = 4u;
const W: u32 = 4u;
const O: u32 = 4u;
const OH: u32 = 2u;
const OW: u32 = 2u;
const SY: u32 = 1u;
const SX: u32 = 1u;
const PY: u32 = 0u;
const PX: u32 = 0u;
const DY: u32 = 1u;
const DX: u32 = 1u;
const GROUPS: u32 = 1u;

const CG = C / GROUPS;
const OG = O / GROUPS;
const OQ = (O + 3u) / 4u;
const FOURS = (CG + 3u) / 4u;
const PLACES = OH * OW;
const X_PITCH = (C * H * W + 3u) / 4u * 4u;
const Y_PITCH = (O * PLACES + 3u) / 4u * 4u;

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<uniform> dims: Dims;
@group(0) @binding(2) var<storage, read> effective: array<vec4f>;
@group(0) @binding(3) var<storage, read> dy: array<f32>;
@group(0) @binding(4) var<storage, read_write> dx: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * dims.row + id.x;
  let place = i % (H * W);
  let tile = i / (H * W) % (GROUPS * FOURS);
  let m = dims.first + i / (H * W * GROUPS * FOURS);
  if (m >= dims.last) {
    return;
  }
  let g = tile / FOURS;
  let c = 4u * (tile % FOURS);
  var sum = vec4f(0);
  for (var ky = 0u; ky < dims.kernel_rows; ky++) {
    let below = i32(place / W + PY) - i32(ky * DY);
    if (below < 0 || u32(below) % SY != 0u || u32(below) / SY >= OH) {
      continue;
    }
    for (var kx = 0u; kx < dims.kernel_columns; kx++) {
      let right = i32(place % W + PX) - i32(kx * DX);
      if (right < 0 || u32(right) % SX != 0u || u32(right) / SX >= OW) {
        continue;
      }
      let begin = m * Y_PITCH + u32(below) / SY * OW + u32(right) / SX;
      // quads of output channels that reach into the group
      for (var q = g * OG / 4u; 4u * q < (g + 1u) * OG; q++) {
        var d = vec4f(0);
        for (var k = 0u; k < 4u; k++) {
          let o = 4u * q + k;
          if (o >= g * OG && o < (g + 1u) * OG) {
            d[k] = dy[begin + o * PLACES];
          }
        }
        for (var j = 0u; j < 4u; j++) {
          let r = (min(c + j, CG - 1u) * dims.kernel_rows + ky) * dims.kernel_columns + kx;
          sum[j] += dot(d, effective[dims.weights + r * OQ + q]);
        }
      }
    }
  }
  for (var j = 0u; j < 4u; j++) {
    if (c + j < CG) {
      dx[m * X_PITCH + (g * CG + c + j) * H * W + place] = sum[j];
    }
  }
  if (place == 0u && tile == 0u) {
    for (var n = C * H * W; n < X_PITCH; n++) {
      dx[m * X_PITCH + n] = 0.0;
    }
  }
}
