// A layer of gated cells (LSTM, GRU) over a chunk of time steps.
//
//   what gate g gets = gates[t][b][g H ..] + sum_j R[g][.][j] h_{t-1}[j] (+ bias of R)
//   h_t, other states = step(what the gates get, states of step t-1)
//
// The equations between the <...> marks are those of an LSTM, i f g o, for one sample; the assembler puts those of another cell,
// and of several samples, in their place. Four units are one vec4f, called a quad; a thread owns a quad of all gates and
// keeps its states in registers over the whole time loop. h_{t-1} of the whole layer is in workgroup memory: two of them in
// turn, so that one barrier a step is enough. A workgroup serves SAMPLES samples, which share each weight that it reads.
//
// Layouts (Q = ceil(H/4) quads, ROW = ceil(GATES H/4) quads; time-major; gate g begins at column g H, in the middle of a quad
// where H is no multiple of 4)
//   effective  quads; R is rows [pre][ROW]
//   start      [STATES][B][Q]             states before the first step
//   lengths    [B]                        steps of each sample; those after are padding: h and traces 0, states stay
//   gates      [T][B][4 ROW]              what the inputs give to the gates; in training a value of each gate that the
//                                         backward step needs takes its place
//   trace      [PLANES][T][B][Q] quads    what else the backward step needs: first h_{t-1}
//   hidden     [T][B][Q]                  h
//   carry      [STATES][B][Q]             states after the last step of the chunk
//
// dims.units is H: a bound that is known only at run time keeps compilers from writing the loop out.
//
// Dispatch: (ceil(B / SAMPLES), 1, 1) workgroups of at least Q threads.

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
  units: u32,
}

const H: u32 = 32u;
const Q: u32 = 8u;
const ROW: u32 = 32u;
const SAMPLES: u32 = 1u;
const WORKGROUP: u32 = 8u;
const R: u32 = 0u;
const BIAS: u32 = 0u;
const HAS_START: bool = false;
const HAS_LENGTHS: bool = false;

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<uniform> dims: Dims;
@group(0) @binding(2) var<storage, read> effective: array<Stored>;
@group(0) @binding(3) var<storage, read> start: array<vec4f>;
@group(0) @binding(4) var<storage, read> lengths: array<u32>;
@group(0) @binding(5) var<storage, read_write> gates: array<f32>;
@group(0) @binding(6) var<storage, read_write> trace: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> hidden: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> carry: array<vec4f>;

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

var<workgroup> before: array<vec4f, 2u * SAMPLES * Q>;

// Four numbers from the middle of two quads; `shift` does not change at run time.
fn joined(a: vec4f, b: vec4f, shift: u32) -> vec4f {
  if (shift == 1u) {
    return vec4f(a.yzw, b.x);
  }
  if (shift == 2u) {
    return vec4f(a.zw, b.xy);
  }
  return vec4f(a.w, b.xyz);
}

// The weights of presynaptic unit j to quad q of a gate.
fn recurrent(j: u32, gate: u32, q: u32) -> vec4f {
  let i = gate * H / 4u + q;
  if (gate * H % 4u == 0u) {
    return weight(R + j * ROW + i);
  }
  return joined(weight(R + j * ROW + i), weight(R + j * ROW + min(i + 1u, ROW - 1u)), gate * H % 4u);
}

fn recurrent_bias(gate: u32, q: u32) -> vec4f {
  let i = gate * H / 4u + q;
  if (gate * H % 4u == 0u) {
    return per_neuron(BIAS, i);
  }
  return joined(per_neuron(BIAS, i), per_neuron(BIAS, min(i + 1u, ROW - 1u)), gate * H % 4u);
}

// Quad q of a gate in row t B + b. What is no unit of the gate has the value of its last one.
fn gate_at(row: u32, gate: u32, q: u32) -> vec4f {
  let at = 4u * ROW * row + gate * H;
  let n = 4u * q;
  return vec4f(gates[at + n], gates[at + min(n + 1u, H - 1u)], gates[at + min(n + 2u, H - 1u)], gates[at + min(n + 3u, H - 1u)]);
}

fn put_gate(row: u32, gate: u32, q: u32, value: vec4f) {
  let at = 4u * ROW * row + gate * H + 4u * q;
  gates[at] = value.x;
  if (H % 4u == 0u || 4u * q + 1u < H) {
    gates[at + 1u] = value.y;
  }
  if (H % 4u == 0u || 4u * q + 2u < H) {
    gates[at + 2u] = value.z;
  }
  if (H % 4u == 0u || 4u * q + 3u < H) {
    gates[at + 3u] = value.w;
  }
}

// The units of quad q that exist: the last quad may be half empty.
fn existing(q: u32, value: vec4f) -> vec4f {
  return select(vec4f(0), value, vec4u(4u * q) + vec4u(0u, 1u, 2u, 3u) < vec4u(H));
}

fn state_at(k: u32, b: u32, q: u32) -> vec4f {
  if (dims.t0 > 0u) {
    return carry[(k * dims.B + b) * Q + q];
  }
  if (HAS_START) {
    return start[(k * dims.B + b) * Q + q];
  }
  return vec4f(0);
}

// The step of this chunk at which sample b ends.
fn end_of(b: u32) -> u32 {
  if (b >= dims.B) {
    return dims.t0;
  }
  return clamp(select(dims.T, lengths[b], HAS_LENGTHS), dims.t0, dims.t1);
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let q = min(lane, Q - 1u); // clamped, for reading
  let owned = lane < Q;
  let plane = dims.T * dims.B * Q;
  let first = SAMPLES * group.x;
  var last = dims.t0;
  for (var i = 0u; i < SAMPLES; i++) {
    last = max(last, end_of(first + i));
  }
  // <prepare>
  let b0 = min(first + 0u, dims.B - 1u);
  let end0 = end_of(first + 0u);
  var h0 = state_at(0u, b0, q);
  var c0 = state_at(1u, b0, q);
  if (owned) {
    before[(dims.t0 % 2u * SAMPLES + 0u) * Q + q] = h0;
  }
  // </prepare>
  workgroupBarrier();

  for (var t = dims.t0; t < last; t++) {
    // <sums>
    var sum_i0 = vec4f(0);
    var sum_f0 = vec4f(0);
    var sum_g0 = vec4f(0);
    var sum_o0 = vec4f(0);
    // </sums>
    // <gather>
    for (var j = 0u; j < dims.units; j++) {
      let last0 = before[(t % 2u * SAMPLES + 0u) * Q + j / 4u][j % 4u];
      sum_i0 += last0 * recurrent(j, 0u, q);
      sum_f0 += last0 * recurrent(j, 1u, q);
      sum_g0 += last0 * recurrent(j, 2u, q);
      sum_o0 += last0 * recurrent(j, 3u, q);
    }
    // </gather>
    // <step>
    if (t < end0) {
      let row = t * dims.B + b0;
      let kept_i = tanh(0.5 * (gate_at(row, 0u, q) + sum_i0));
      let kept_f = tanh(0.5 * (gate_at(row, 1u, q) + sum_f0));
      let kept_g = tanh(gate_at(row, 2u, q) + sum_g0);
      let kept_o = tanh(0.5 * (gate_at(row, 3u, q) + sum_o0));
      let next_c = existing(q, (0.5 * kept_f + 0.5) * c0 + (0.5 * kept_i + 0.5) * kept_g);
      let next_h = existing(q, (0.5 * kept_o + 0.5) * tanh(next_c));
      if (owned) {
        hidden[row * Q + q] = next_h;
      }
      h0 = next_h;
      c0 = next_c;
    }
    if (owned) {
      before[((t + 1u) % 2u * SAMPLES + 0u) * Q + q] = h0;
    }
    // </step>
    workgroupBarrier();
  }

  if (owned) {
    // <finish>
    if (first + 0u < dims.B) {
      for (var t = end0; t < dims.t1; t++) {
        hidden[(t * dims.B + b0) * Q + q] = vec4f(0);
      }
      carry[(0u * dims.B + b0) * Q + q] = h0;
      carry[(1u * dims.B + b0) * Q + q] = c0;
    }
    // </finish>
  }
}
