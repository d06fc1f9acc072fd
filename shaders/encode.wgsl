// Spikes from values: which neuron fires at which step, as bits in both packings.
//
//   RATE        fires when u < gain r, with u uniform in [0, 1) and r the value (Bernoulli at each step)
//   LATENCY     fires once, at the step t with table[t+1] < r <= table[t]; the table has steps + 1 falling edges
//   DELTA       output 2n fires when x_t - x_{t-1} >= threshold, output 2n+1 when x_{t-1} - x_t >= threshold
//   CROSSING    output 2(nL+l) fires when x_{t-1} < table[l] <= x_t, the next one when x_{t-1} >= table[l] > x_t
// r is x itself, or with CELLS above 1 the response exp(-(x - c)^2 / (2 width^2)) of a population of CELLS neurons per input
// whose centres c lie evenly from `low` to `high`. With AHEAD a change is reported one step early: x_t, x_{t+1}.
//
// x       [T or 1][B][input_pitch] floats: one value a step, or (STILL) one for the whole sequence
// table   floats: edges or levels          lengths  [B]: steps from there on are padding and silent
// spikes  [T][B][W] words packed along neurons, then [ceil(T/32)][B][4Q] words packed along time
// Slots: gain, threshold, low, high, width.
//
// Dispatch: (min(ceil(words / 64), 65535), ceil(...), 1), a thread a word of either packing.

struct Step {
  seed: u32,
  step: u32,
  slots: array<vec4f, 64>,
}

struct Dims {
  T: u32,
  B: u32,
  N: u32,
  input_pitch: u32,
  bits_along_time: u32,
  stream: u32,
  slots: u32,
  row: u32,
}

const RATE: u32 = 0u;
const LATENCY: u32 = 1u;
const DELTA: u32 = 2u;
const CROSSING: u32 = 3u;

const KIND: u32 = 0u;
const CELLS: u32 = 1u;
const LEVELS: u32 = 1u;
const STILL: bool = true;
const AHEAD: bool = false;
const HAS_LENGTHS: bool = false;

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<uniform> dims: Dims;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> table: array<f32>;
@group(0) @binding(4) var<storage, read> lengths: array<u32>;
@group(0) @binding(5) var<storage, read_write> spikes: array<u32>;

fn slot(i: u32) -> f32 {
  let at = dims.slots + i;
  return step.slots[at / 4u][at % 4u];
}

fn pcg(x: u32) -> u32 {
  let state = x * 747796405u + 2891336453u;
  let word = ((state >> ((state >> 28u) + 4u)) ^ state) * 277803737u;
  return (word >> 22u) ^ word;
}

// 32 random bits that depend on (seed, stream, step, index) alone.
fn random_bits(index: u32) -> u32 {
  let key = pcg(step.step ^ pcg(dims.stream ^ pcg(step.seed)));
  return pcg(pcg(index + key) ^ key);
}

fn value(t: u32, b: u32, n: u32) -> f32 {
  return x[(select(t, 0u, STILL) * dims.B + b) * dims.input_pitch + n];
}

// What neuron n codes for: its input's value, or its own response to it.
fn response(t: u32, b: u32, n: u32) -> f32 {
  let v = value(t, b, n / CELLS);
  if (CELLS == 1u) {
    return v;
  }
  let centre = slot(2u) + (slot(3u) - slot(2u)) * f32(n % CELLS) / f32(max(CELLS, 2u) - 1u);
  let distance = (v - centre) / slot(4u);
  return exp(-0.5 * distance * distance);
}

fn fires(t: u32, b: u32, n: u32) -> bool {
  if (t >= dims.T || n >= dims.N || (HAS_LENGTHS && t >= lengths[b])) {
    return false;
  }
  if (KIND == RATE) {
    let u = f32(random_bits((t * dims.B + b) * dims.N + n) >> 8u) * 5.9604644775390625e-8;
    return u < slot(0u) * response(t, b, n);
  }
  if (KIND == LATENCY) {
    let r = response(t, b, n);
    return r > table[t + 1u] && r <= table[t];
  }
  let length = select(dims.T, lengths[b], HAS_LENGTHS);
  let first = select(max(t, 1u) - 1u, t, AHEAD);
  let second = select(t, min(t + 1u, length - 1u), AHEAD);
  let inputs = select(2u, 2u * LEVELS, KIND == CROSSING);
  let was = value(first, b, n / inputs);
  let now = value(second, b, n / inputs);
  let falls = n % 2u == 1u;
  if (KIND == DELTA) {
    return select(now - was, was - now, falls) >= slot(1u);
  }
  let level = table[(n / 2u) % LEVELS];
  return (was < level) != (now < level) && (now < level) == falls;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let at = id.y * dims.row + id.x;
  let W = (dims.N + 31u) / 32u;
  let pitch = 4u * ((dims.N + 3u) / 4u);
  var word = 0u;
  if (at < dims.bits_along_time) {
    let row = at / W;
    for (var i = 0u; i < 32u; i++) {
      word |= select(0u, 1u << i, fires(row / dims.B, row % dims.B, 32u * (at % W) + i));
    }
  } else {
    let rest = at - dims.bits_along_time;
    let row = rest / pitch;
    if (row >= ((dims.T + 31u) / 32u) * dims.B) {
      return;
    }
    for (var i = 0u; i < 32u; i++) {
      word |= select(0u, 1u << i, fires(32u * (row / dims.B) + i, row % dims.B, rest % pitch));
    }
  }
  spikes[at] = word;
}
