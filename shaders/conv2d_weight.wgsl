// The gradients of a convolution's weights and biases for dense input, in parts that are added up afterwards.
//
//   dW[o][c][ky][kx] = sum over m, oy, ox of dy[m][o][oy][ox] x[m][g CG + c][oy SY + ky DY - PY][ox SX + kx DX - PX]
//   db[o]            = sum over m, oy, ox of dy[m][o][oy][ox]
//
// The first row of dy belongs to row row0 of x.
// Layouts as in conv2d.wgsl. There are few weights and many places to sum over, so the rows (m, oy) are cut into `parts`
// ranges of `rows_per_part`, and each part is summed by threads of its own, in order: parts holds first [parts][WEIGHTS],
// then [parts][O], both padded to whole quads. sum_rows adds them up, in order too.
// A thread makes a block of four output channels of one group by four taps (c, ky, kx); the bias is one tap more, whose
// input is 1. 32 floating point operations for four floats of dy and four of x.
// Operations: 2 M O OH OW CG KH KW.
//
// Dispatch: (min(ceil(count / 64), 65535), ceil(...), 1), 64 threads; count = (last - first) GROUPS ceil(OG / 4) BLOCKS.

struct Step {
  seed: u32,
  step: u32,
  slots: array<vec4f, 64>,
}

struct Dims {
  columns: u32,
  rows: u32,
  rows_per_part: u32,
  parts: u32,
  first: u32,
  last: u32,
  row: u32,
  row0: u32,
}

const C: u32 = 1u;
const H: u32 = 4u;
const W: u32 = 4u;
const O: u32 = 4u;
const OH: u32 = 2u;
const OW: u32 = 2u;
const KH: u32 = 3u;
const KW: u32 = 3u;
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
const FOURS = (OG + 3u) / 4u;
const TAPS = CG * KH * KW;
const BLOCKS = (TAPS + select(0u, 1u, HAS_BIAS) + 3u) / 4u;
const PLACES = OH * OW;
const X_PITCH = (C * H * W + 3u) / 4u * 4u;
const Y_PITCH = (O * PLACES + 3u) / 4u * 4u;
const WEIGHTS_PITCH = (O * TAPS + 3u) / 4u * 4u;
const BIAS_PITCH = (O + 3u) / 4u * 4u;

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<uniform> dims: Dims;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> dy: array<f32>;
@group(0) @binding(4) var<storage, read_write> parts: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * dims.row + id.x;
  let tile = i % BLOCKS;
  let four = i / BLOCKS % (GROUPS * FOURS);
  let part = dims.first + i / (BLOCKS * GROUPS * FOURS);
  if (part >= dims.last) {
    return;
  }
  let g = four / FOURS;
  let o = g * OG + 4u * (four % FOURS);
  let exist = min(4u, (g + 1u) * OG - o);
  let tap = vec4u(4u * tile) + vec4u(0u, 1u, 2u, 3u);
  let ky = tap / KW % KH;
  let left = vec4i(tap % KW * DX) - i32(PX);
  let plane = (g * CG + tap / (KH * KW)) * H * W;
  let constant = select(vec4f(0), vec4f(1), tap == vec4u(TAPS));
  var sum: array<vec4f, 4>; // by tap
  for (var r = part * dims.rows_per_part; r < min(dims.rows, (part + 1u) * dims.rows_per_part); r++) {
    let m = r / OH;
    let oy = r % OH;
    // below 0 becomes very large
    let iy = vec4u(vec4i(oy * SY + ky * DY) - i32(PY));
    let inside = (iy < vec4u(H)) & (tap < vec4u(TAPS));
    let x_row = (m + dims.row0) * X_PITCH + plane + iy * W;
    let y_row = m * Y_PITCH + o * PLACES + oy * OW;
    for (var ox = 0u; ox < dims.columns; ox++) {
      var d = vec4f(0);
      for (var k = 0u; k < 4u; k++) {
        d[k] = dy[y_row + min(k, exist - 1u) * PLACES + ox];
      }
      let ix = vec4u(left + i32(ox * SX));
      for (var j = 0u; j < 4u; j++) {
        var value = constant[j];
        if (inside[j] && ix[j] < W) {
          value = x[x_row[j] + ix[j]];
        }
        sum[j] += value * d;
      }
    }
  }
  for (var k = 0u; k < exist; k++) {
    for (var j = 0u; j < 4u; j++) {
      if (tap[j] < TAPS) {
        parts[part * WEIGHTS_PITCH + (o + k) * TAPS + tap[j]] = sum[j][k];
      } else if (HAS_BIAS && tap[j] == TAPS) {
        parts[dims.parts * WEIGHTS_PITCH + part * BIAS_PITCH + o + k] = sum[j][k];
      }
    }
  }
}
