// Convolution in two dimensions of spikes: only the weights of places that spiked are read and added.
//
//   y[m][o][oy][ox] = bias[o] + sum over c, ky, kx of W[o][c][ky][kx] z[m][g CG + c][oy SY + ky DY - PY][ox SX + kx DX - PX]
//
// bits is [M][WORDS], the places [C][H][W] packed along one row; effective, y and all else as in conv2d.wgsl.
// A thread makes four channels of one place; neighbouring threads make the other channels of the same place, so that they
// find the same spikes. A row of the window is cut out of the packed bits at once, at most 32 places, and walked from spike
// to spike: two words for a row, then 4 additions and 16 bytes of weights a spike.
// A dispatch makes the rows first <= m < last; the first row of y is row0.
// Operations of a row at most: O OH OW CG KH KW, times the share of places that spike.
//
// Dispatch: (min(ceil(count / 64), 65535), ceil(...), 1), 64 threads; count = (last - first) OQ OH OW.

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
const WORDS = (C * H * W + 31u) / 32u;
const Y_PITCH = (O * PLACES + 3u) / 4u * 4u;

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<uniform> dims: Dims;
@group(0) @binding(2) var<storage, read> effective: array<vec4f>;
@group(0) @binding(3) var<storage, read> bits: array<u32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

// Of the W places whose first is bit `row` behind word `base`: those at lowest, lowest + DX, ..., `count` <= 32 of them.
// Outside the row nothing spikes.
fn places(base: u32, row: u32, lowest: i32, count: u32) -> u32 {
  if (DX == 1u) {
    let skipped = u32(max(0, -lowest));
    let first = u32(max(0, lowest));
    if (skipped >= count || first >= W) {
      return 0u;
    }
    let n = min(count - skipped, W - first);
    let at = row + first;
    var word = bits[base + at / 32u] >> (at % 32u);
    if (at % 32u + n > 32u) {
      word |= bits[base + at / 32u + 1u] << (32u - at % 32u);
    }
    return extractBits(word, 0u, n) << skipped;
  }
  var word = 0u;
  for (var i = 0u; i < count; i++) {
    let ix = u32(lowest + i32(i * DX));
    if (ix < W) {
      word |= extractBits(bits[base + (row + ix) / 32u], (row + ix) % 32u, 1u) << i;
    }
  }
  return word;
}

// The number of the lowest bit that is set: fewer instructions than countTrailingZeros, where that is none of its own.
fn lowest_bit(word: u32) -> u32 {
  return countOneBits(~word & (word - 1u));
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * dims.row + id.x;
  let q = i % OQ;
  let place = i / OQ % PLACES;
  let m = dims.first + i / (OQ * PLACES);
  if (m >= dims.last) {
    return;
  }
  let channels = vec4u(4u * q) + vec4u(0u, 1u, 2u, 3u);
  let top = i32(place / OW * SY) - i32(PY);
  let left = i32(place % OW * SX) - i32(PX);
  var sum = vec4f(0);
  if (HAS_BIAS) {
    sum = effective[dims.bias + q];
  }
  // four channels may belong to several groups
  for (var g = channels.x / OG; g <= min(channels.w, O - 1u) / OG; g++) {
    let members = channels / OG == vec4u(g);
    for (var c = 0u; c < CG; c++) {
      for (var ky = 0u; ky < dims.kernel_rows; ky++) {
        // below 0 becomes very large
        let iy = u32(top + i32(ky * DY));
        if (iy >= H) {
          continue;
        }
        for (var k0 = 0u; k0 < dims.kernel_columns; k0 += 32u) {
          let count = min(32u, dims.kernel_columns - k0);
          var word = places(m * WORDS, ((g * CG + c) * H + iy) * W, left + i32(k0 * DX), count);
          while (word != 0u) {
            let kx = k0 + lowest_bit(word);
            word &= word - 1u;
            let r = (c * dims.kernel_rows + ky) * dims.kernel_columns + kx;
            sum += select(vec4f(0), effective[dims.weights + r * OQ + q], members);
          }
        }
      }
    }
  }
  for (var k = 0u; k < 4u; k++) {
    if (channels[k] < O) {
      y[(m - dims.row0) * Y_PITCH + channels[k] * PLACES + place] = sum[k];
    }
  }
  if (place == 0u && q == 0u) {
    for (var n = O * PLACES; n < Y_PITCH; n++) {
      y[(m - dims.row0) * Y_PITCH + n] = 0.0;
    }
  }
}
