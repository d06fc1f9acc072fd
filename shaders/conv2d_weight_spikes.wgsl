// The gradients of a convolution's weights and biases for spikes: only places that spiked are visited.
//
//   dW[o][c][ky][kx] = sum over m, oy, ox of dy[m][o][oy][ox] z[m][g CG + c][oy SY + ky DY - PY][ox SX + kx DX - PX]
//   db[o]            = sum over m, oy, ox of dy[m][o][oy][ox]
//
// The first row of dy belongs to row row0 of z.
// bits as in conv2d_spikes.wgsl, dy and parts, the parts' ranges and a thread's block of four channels by four taps as in
// conv2d_weight.wgsl. For 32 places of a row at once, each tap cuts the spikes that it meets out of the packed bits; the
// thread walks over the places at which any of its four taps meets one: 16 bytes of dy and at most 16 additions each.
// Operations at most: M O OH OW CG KH KW, times the share of places that spike.
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
const WORDS = (C * H * W + 31u) / 32u;
const Y_PITCH = (O * PLACES + 3u) / 4u * 4u;
const WEIGHTS_PITCH = (O * TAPS + 3u) / 4u * 4u;
const BIAS_PITCH = (O + 3u) / 4u * 4u;

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<uniform> dims: Dims;
@group(0) @binding(2) var<storage, read> bits: array<u32>;
@group(0) @binding(3) var<storage, read> dy: array<f32>;
@group(0) @binding(4) var<storage, read_write> parts: array<f32>;

// Of the W places whose first is bit `row` behind word `base`: those at lowest, lowest + SX, ..., `count` <= 32 of them.
// Outside the row nothing spikes.
fn places(base: u32, row: u32, lowest: i32, count: u32) -> u32 {
  if (SX == 1u) {
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
    let ix = u32(lowest + i32(i * SX));
    if (ix < W) {
      word |= extractBits(bits[base + (row + ix) / 32u], (row + ix) % 32u, 1u) << i;
    }
  }
  return word;
}

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
  let channel = g * CG + tap / (KH * KW);
  var sum: array<vec4f, 4>; // by tap
  for (var r = part * dims.rows_per_part; r < min(dims.rows, (part + 1u) * dims.rows_per_part); r++) {
    let m = r / OH;
    let oy = r % OH;
    // below 0 becomes very large
    let iy = vec4u(vec4i(oy * SY + ky * DY) - i32(PY));
    let inside = (iy < vec4u(H)) & (tap < vec4u(TAPS));
    let y_row = m * Y_PITCH + o * PLACES + oy * OW;
    for (var x0 = 0u; x0 < dims.columns; x0 += 32u) {
      let count = min(32u, dims.columns - x0);
      var met = vec4u(0u);
      for (var j = 0u; j < 4u; j++) {
        if (HAS_BIAS && tap[j] == TAPS) {
          met[j] = extractBits(0xffffffffu, 0u, count);
        } else if (inside[j]) {
          met[j] = places((m + dims.row0) * WORDS, (channel[j] * H + iy[j]) * W, left[j] + i32(x0 * SX), count);
        }
      }
      var open = met.x | met.y | met.z | met.w;
      while (open != 0u) {
        let at = countTrailingZeros(open);
        open &= open - 1u;
        var d = vec4f(0);
        for (var k = 0u; k < 4u; k++) {
          d[k] = dy[y_row + min(k, exist - 1u) * PLACES + x0 + at];
        }
        for (var j = 0u; j < 4u; j++) {
          sum[j] += select(vec4f(0), d, extractBits(met[j], at, 1u) == 1u);
        }
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
