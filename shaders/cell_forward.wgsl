// A layer of neurons over a chunk of time steps, recurrent or not.
//
//   I_t = bias + current_t + sum_{i spiking in the input at t} W_in[i] + sum_{j spiking here at t-1} W_rec[j]
//   (states, z_t, v_t) = step(states, z_{t-1}, I_t)
//
// The equations between the <...> marks are those of a LIF neuron with reset by subtraction; the assembler puts another
// neuron's in their place. Four neurons are one vec4f, called a quad; a thread owns a quad and keeps its states in registers over the whole
// time loop. Spikes of the last step are a bit mask in workgroup memory: three of them in rotation (read, written,
// cleared), so that one barrier a step is enough, and only the weight rows of neurons that spiked are added.
//
// Layouts (Q = ceil(N/4) quads, W = ceil(N/32) words; time-major)
//   effective  quads; a matrix is rows [pre][Q], so that one row is what one presynaptic spike adds
//   current    [T][B][Q] quads, or those from a later step on: its first is quad current_first
//              A few dense inputs may come as [T][B][their quads] in place of a current: with their weights in registers, which
//              region <dense_weights> loads, region <dense> makes the current
//   in_bits    [T][B][IN_WORDS] words, packed along neurons
//   start      [STATES (+1: z)][B][Q]      states before the first step
//   trace      [PLANES][rows][B][Q]        what is recorded or saved for the backward pass; the first row is step row0
//              With CURRENT_IN_TRACE its first plane is the current, until each value makes room for what is saved
//   spikes     [T][B][W] words packed along neurons, then [ceil(T/32)][B][4Q] words packed along time
//   carry      [STATES (+1: z) + STATS][B][Q]   states after the last step, last spikes, sums over time. The states are read at
//              carry_in and written at carry_out: where the trace is in parts, those between two parts are kept
//
// REPLAY runs a part of time again for the backward pass that saved nothing of it: from the states in carry and the spikes that
// are known, writing nothing but the trace. Its steps do not wait for one another's spikes.
//
// Dispatch: (B, TILES, 1) workgroups; a workgroup is one sample and WORKGROUP quads of it. With more than
// one tile and recurrence the chunk is one step long and the last spikes come from global memory (WIDE).
// Steps from lengths[b] on are padding: no spikes, traces 0, states stay.

struct Step {
  seed: u32,
  step: u32,
  slots: array<vec4f, 64>,
}

struct Dims {
  T: u32,
  B: u32,
  t0: u32,
  t1: u32,
  row0: u32,
  rows: u32,
  carry_in: u32,
  carry_out: u32,
  first: u32,
  current_first: u32,
  bits_along_time: u32,
  surrogate_slot: u32,
  penalty_slot: u32,
}

const N: u32 = 32u;
const Q: u32 = 8u;
const W: u32 = 1u;
const WORKGROUP: u32 = 8u;
const STATES: u32 = 1u;
const IN_WORDS: u32 = 1u;
const W_IN: u32 = 2u * Q;
const W_REC: u32 = 34u * Q;
const BIAS: u32 = 0u;
const PARAMS: u32 = 0u;
const HAS_CURRENT: bool = false;
const CURRENT_IN_TRACE: bool = false;
const HAS_INPUT: bool = true;
const HAS_BIAS: bool = false;
const HAS_START: bool = false;
const HAS_LENGTHS: bool = false;
const RECURRENT: bool = true;
const SPIKES: bool = true;
const WIDE: bool = false;
const STATS: bool = false;
const REPLAY: bool = false;

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<uniform> dims: Dims;
@group(0) @binding(2) var<storage, read> effective: array<Stored>;
@group(0) @binding(3) var<storage, read> current: array<vec4f>;
@group(0) @binding(4) var<storage, read> in_bits: array<u32>;
@group(0) @binding(5) var<storage, read> start: array<vec4f>;
@group(0) @binding(6) var<storage, read> lengths: array<u32>;
@group(0) @binding(7) var<storage, read_write> trace: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> spikes: array<u32>;
@group(0) @binding(9) var<storage, read_write> carry: array<vec4f>;

// <weights>
alias Stored = vec4f;

// A quad of a matrix.
fn weight(at: u32) -> vec4f {
  return effective[at];
}

// Quad i of the constants that begin at quad `at`.
fn per_neuron(at: u32, i: u32) -> vec4f {
  return effective[at + i];
}
// </weights>

// The number of the lowest bit that is set: fewer instructions than countTrailingZeros, where that is none of its own.
fn lowest_bit(word: u32) -> u32 {
  return countOneBits(~word & (word - 1u));
}

const TILE_WORDS: u32 = (WORKGROUP + 7u) / 8u;
var<workgroup> masks: array<atomic<u32>, 3u * TILE_WORDS>;

fn slot(i: u32) -> f32 {
  return step.slots[i / 4u][i % 4u];
}

// e^x - 1, exact near 0 as well: there by its series, elsewhere by exp.
fn expm1(x: vec4f) -> vec4f {
  let rest = 1.0 + x * (0.5 + x * (0.16666667 + x * (0.041666668 + x * (0.008333334 + x * (0.0013888889 + x * 0.00019841270)))));
  return select(exp(x) - 1.0, x * rest, abs(x) < vec4f(0.4));
}

// log, exact near 1 as well, where a device's own may be 5e-7 off whatever it is of: there by its series in (x - 1) / (x + 1).
fn ln(x: vec4f) -> vec4f {
  let r = (x - 1.0) / (x + 1.0);
  let s = r * r;
  let near = 2.0 * r * (1.0 + s * (0.33333333 + s * (0.2 + s * (0.14285714 + s * 0.11111111))));
  return select(log(x), near, abs(x - 1.0) < vec4f(0.3));
}

// sin and cos to float32: a device's own may be 5e-4 off. x = n pi + r with |r| <= pi/2, pi in two parts.
fn turned(x: vec4f, n: vec4f) -> vec4f {
  let r = (x - n * 3.140625) - n * 0.00096765359;
  let s = r * r;
  return r + r * s * (-0.16666667 + s * (0.0083333333 + s * (-0.00019841270 + s * (2.7557319e-6 - s * 2.5052108e-8))));
}

fn sine(x: vec4f) -> vec4f {
  let n = round(x * 0.31830989);
  return turned(x, n) * (1.0 - 2.0 * abs(n - 2.0 * trunc(0.5 * n)));
}

fn cosine(x: vec4f) -> vec4f {
  let n = floor(x * 0.31830989);
  return turned(x, n + 0.5) * (2.0 * abs(n - 2.0 * trunc(0.5 * n)) - 1.0);
}

// The neurons of quad q that exist: the last quad may be half empty.
fn existing(q: u32) -> vec4<bool> {
  return vec4u(4u * q) + vec4u(0u, 1u, 2u, 3u) < vec4u(N);
}

fn state_at(k: u32, b: u32, q: u32) -> vec4f {
  if (dims.first == 0u) {
    return carry[select(0u, dims.carry_in, k < STATES) + (k * dims.B + b) * Q + q];
  }
  if (HAS_START) {
    return start[(k * dims.B + b) * Q + q];
  }
  return vec4f(0);
}

fn nibble(z: vec4f) -> u32 {
  let bit = select(vec4u(0), vec4u(1, 2, 4, 8), z > vec4f(0));
  return bit.x | bit.y | bit.z | bit.w;
}

fn spikes_at(t: u32, b: u32, q: u32) -> vec4f {
  let word = spikes[(t * dims.B + b) * W + q / 8u] >> (4u * (q % 8u));
  return select(vec4f(0), vec4f(1), (vec4u(word) & vec4u(1, 2, 4, 8)) != vec4u(0));
}

// Word w of the spikes of the step before t from global memory: of WIDE layers, whose other tiles ran in other workgroups.
fn last_word(t: u32, b: u32, w: u32) -> u32 {
  if (t > 0u) {
    return spikes[((t - 1u) * dims.B + b) * W + w];
  }
  var word = 0u;
  for (var i = 0u; i < 8u; i++) {
    if (8u * w + i < Q) {
      word |= nibble(state_at(STATES, b, 8u * w + i)) << (4u * i);
    }
  }
  return word;
}

// The words of four neurons that hold 32 steps each.
fn load_time_bits(at: u32) -> vec4u {
  return vec4u(spikes[at], spikes[at + 1u], spikes[at + 2u], spikes[at + 3u]);
}

fn store_time_bits(at: u32, words: vec4u) {
  spikes[at] = words.x;
  spikes[at + 1u] = words.y;
  spikes[at + 2u] = words.z;
  spikes[at + 3u] = words.w;
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let b = group.x;
  let tile = group.y * WORKGROUP;
  let owned = tile + lane < Q;
  let q = min(tile + lane, Q - 1u); // clamped, for reading
  let T = dims.T;
  let B = dims.B;
  let t_end = min(dims.t1, select(T, lengths[b], HAS_LENGTHS));
  let bits_at = dims.bits_along_time + b * 4u * Q + 4u * q; // of this quad, along time
  let bit_shift = 4u * (lane % 8u);

  for (var i = lane; i < 3u * TILE_WORDS; i += WORKGROUP) {
    atomicStore(&masks[i], 0u);
  }
  workgroupBarrier();

  var z_last = vec4f(0);
  var time_bits = vec4u(0);
  if (SPIKES) {
    if (REPLAY && dims.t0 > 0u) {
      z_last = spikes_at(dims.t0 - 1u, b, q);
    } else {
      z_last = state_at(STATES, b, q);
    }
    if (owned) {
      atomicOr(&masks[((dims.t0 + 2u) % 3u) * TILE_WORDS + lane / 8u], nibble(z_last) << bit_shift);
      if (dims.t0 % 32u != 0u && !REPLAY) {
        time_bits = load_time_bits(bits_at + (dims.t0 / 32u) * B * 4u * Q);
      }
    }
  }
  var stat_count = vec4f(0);
  var stat_min = vec4f(3e38);
  var stat_max = vec4f(-3e38);
  var stat_penalty = vec4f(0);
  let stat_at = ((STATES + select(0u, 1u, SPIKES)) * B + b) * Q + q;
  if (STATS && dims.first == 0u) {
    stat_count = carry[stat_at];
    stat_min = carry[stat_at + B * Q];
    stat_max = carry[stat_at + 2u * B * Q];
    stat_penalty = carry[stat_at + 3u * B * Q];
  }
  // <dense_weights>
  // </dense_weights>
  // <prepare>
  let p_tau = per_neuron(PARAMS, 0u * Q + q);
  let p_threshold = per_neuron(PARAMS, 1u * Q + q);
  let h0 = expm1(vec4f(-1.0) / p_tau) + vec4f(1.0);
  var s_v = state_at(0u, b, q);
  // </prepare>
  workgroupBarrier();

  for (var t = dims.t0; t < t_end; t++) {
    let at = (t * B + b) * Q + q;
    let row = at - dims.row0 * B * Q;
    var input = vec4f(0);
    if (HAS_BIAS) {
      input += per_neuron(BIAS, q);
    }
    if (CURRENT_IN_TRACE && owned) {
      input += trace[row];
    }
    if (HAS_CURRENT) {
      input += current[at - dims.current_first];
    }
    // <dense>
    // </dense>
    if (HAS_INPUT) {
      for (var w = 0u; w < IN_WORDS; w++) {
        var word = in_bits[(t * B + b) * IN_WORDS + w];
        while (word != 0u) {
          input += weight(W_IN + (32u * w + lowest_bit(word)) * Q + q);
          word &= word - 1u;
        }
      }
    }
    if (RECURRENT) {
      for (var w = 0u; w < W; w++) {
        var word = 0u;
        if (WIDE) {
          word = last_word(t, b, w);
        } else if (REPLAY && t > dims.t0) {
          word = spikes[((t - 1u) * B + b) * W + w];
        } else {
          word = atomicLoad(&masks[((t + 2u) % 3u) * TILE_WORDS + min(w, TILE_WORDS - 1u)]);
        }
        while (word != 0u) {
          input += weight(W_REC + (32u * w + lowest_bit(word)) * Q + q);
          word &= word - 1u;
        }
      }
    }

    // <step>
    let v = h0 * s_v + input;
    let x = (v - p_threshold) / p_threshold;
    var z = select(vec4f(0), vec4f(1), x > vec4f(0));
    let record = v;
    let penalty = vec4f(0);
    let plane_0 = v;
    s_v = v - p_threshold * z;
    // </step>
    if (SPIKES) {
      z = select(vec4f(0), z, existing(q));
      z_last = z;
    }
    if (owned) {
      // <save>
      trace[row] = plane_0;
      // </save>
      if (SPIKES && !REPLAY) {
        atomicOr(&masks[(t % 3u) * TILE_WORDS + lane / 8u], nibble(z) << bit_shift);
        time_bits |= select(vec4u(0), vec4u(1u << (t % 32u)), z > vec4f(0));
        if (t % 32u == 31u) {
          store_time_bits(bits_at + (t / 32u) * B * 4u * Q, time_bits);
          time_bits = vec4u(0);
        }
      }
    }
    if (STATS) {
      stat_count += z;
      stat_min = min(stat_min, record);
      stat_max = max(stat_max, record);
      stat_penalty += penalty;
    }

    if (SPIKES && !REPLAY) {
      for (var i = lane; i < TILE_WORDS; i += WORKGROUP) {
        atomicStore(&masks[((t + 1u) % 3u) * TILE_WORDS + i], 0u);
      }
      workgroupBarrier();
      for (var i = lane; i < TILE_WORDS; i += WORKGROUP) {
        if (tile / 8u + i < W) {
          spikes[(t * B + b) * W + tile / 8u + i] = atomicLoad(&masks[(t % 3u) * TILE_WORDS + i]);
        }
      }
    }
  }

  // Padding: steps that the sample does not have.
  for (var t = max(dims.t0, t_end); t < dims.t1; t++) {
    if (owned) {
      let row = ((t - dims.row0) * B + b) * Q + q;
      // <pad>
      trace[row] = vec4f(0);
      // </pad>
      if (SPIKES && !REPLAY && t % 32u == 31u) {
        store_time_bits(bits_at + (t / 32u) * B * 4u * Q, time_bits);
        time_bits = vec4u(0);
      }
    }
    if (SPIKES && !REPLAY) {
      for (var i = lane; i < TILE_WORDS; i += WORKGROUP) {
        if (tile / 8u + i < W) {
          spikes[(t * B + b) * W + tile / 8u + i] = 0u;
        }
      }
    }
  }

  if (owned && !REPLAY) {
    let keep_at = dims.carry_out + b * Q + q;
    // <keep>
    carry[keep_at] = s_v;
    // </keep>
    if (SPIKES) {
      carry[(STATES * B + b) * Q + q] = z_last;
      if (dims.t1 % 32u != 0u) {
        store_time_bits(bits_at + (dims.t1 / 32u) * B * 4u * Q, time_bits);
      }
    }
    if (STATS) {
      carry[stat_at] = stat_count;
      carry[stat_at + B * Q] = stat_min;
      carry[stat_at + 2u * B * Q] = stat_max;
      carry[stat_at + 3u * B * Q] = stat_penalty;
    }
  }
}
