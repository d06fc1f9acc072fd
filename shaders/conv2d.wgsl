// Convolution in two dimensions (cross-correlation, as everywhere in the field) of dense input, step by step.
//
//   y[m][o][oy][ox] = bias[o] + sum over c, ky, kx of W[o][c][ky][kx] x[m][g CG + c][oy SY + ky DY - PY][ox SX + kx DX - PX]
//
// m counts time steps and samples, g = o / OG is the group of channel o, places outside the input count as 0.
// x is [M][C][H][W] and y [M][O][OH][OW] as floats, every m padded by zeros to whole quads; E the rows [CG KH KW][OQ] of the
// effective weights, from dims.weights on (what one input place adds to four channels), bias a row of quads of them.
// A thread makes four channels of four places that lie STRIPS apart, so that neighbouring threads read and write neighbours:
// 32 floating point operations for one quad of weights, which the whole workgroup reads at once, and four floats of x.
// A dispatch makes the rows first <= m < last; the first row of y is row0.
// Operations of a row: 2 O OH OW CG KH KW.
// The size of the kernel is no constant: compilers would unroll the loops over it, which costs them seconds and gains little.
//
// Dispatch: (min(ceil(count / 64), 65535), ceil(...), 1), 64 threads; count = (last - first) OQ STRIPS.

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
  bias: u32,
  row: u32,
  row0: u32,
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
const HAS_BIAS: bool = false;

const CG = C / GROUPS;
const OG = O / GROUPS;
const OQ = (O + 3u) / 4u;
const PLACES = OH * OW;
const STRIPS = (PLACES + 3u) / 4u;
const X_PITCH = (C * H * W + 3u) / 4u * 4u;
const Y_PITCH = (O * PLACES + 3u) / 4u * 4u;

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<uniform> dims: Dims;
@group(0) @binding(2) var<storage, read> effective: array<vec4f>;
@group(0) @binding(3) var<storage, read> x: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * dims.row + id.x;
  let strip = i % STRIPS;
  let q = i / STRIPS % OQ;
  let m = dims.first + i / (STRIPS * OQ);
  if (m >= dims.last) {
    return;
  }
  let channels = vec4u(4u * q) + vec4u(0u, 1u, 2u, 3u);
  var top: array<i32, 4>;
  var left: array<i32, 4>;
  var sum: array<vec4f, 4>;
  for (var j = 0u; j < 4u; j++) {
    let place = min(strip + j * STRIPS, PLACES - 1u);
    top[j] = i32(place / OW * SY) - i32(PY);
    left[j] = i32(place % OW * SX) - i32(PX);
    sum[j] = vec4f(0);
    if (HAS_BIAS) {
      sum[j] = effective[dims.bias + q];
    }
  }
  // four channels may belong to several groups
  for (var g = channels.x / OG; g <= min(channels.w, O - 1u) / OG; g++) {
    let members = channels / OG == vec4u(g);
    for (var c = 0u; c < CG; c++) {
      let plane = m * X_PITCH + (g * CG + c) * H * W;
      for (var ky = 0u; ky < dims.kernel_rows; ky++) {
        for (var kx = 0u; kx < dims.kernel_columns; kx++) {
          let r = (c * dims.kernel_rows + ky) * dims.kernel_columns + kx;
          let w = select(vec4f(0), effective[dims.weights + r * OQ + q], members);
          for (var j = 0u; j < 4u; j++) {
            // below 0 becomes very large
            let iy = u32(top[j] + i32(ky * DY));
            let ix = u32(left[j] + i32(kx * DX));
            if (iy < H && ix < W) {
              sum[j] += x[plane + iy * W + ix] * w;
            }
          }
        }
      }
    }
  }
  for (var j = 0u; j < 4u; j++) {
    let place = strip + j * STRIPS;
    for (var k = 0u; k < 4u; k++) {
      if (place < PLACES && channels[k] < O) {
        y[(m - dims.row0) * Y_PITCH + channels[k] * PLACES + place] = sum[j][k];
      }
    }
  }
  if (strip == 0u && q == 0u) {
    for (var n = O * PLACES; n < Y_PITCH; n++) {
      y[(m - dims.row0) * Y_PITCH + n] = 0.0;
    }
  }
}
