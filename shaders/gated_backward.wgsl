// The adjoint of gated_forward.wgsl over a chunk of time steps, backwards.
//
//   dL/dh_t = dL/dy_t + what step t+1 sends back
//   dL/d(what the gates get), dL/d(states of step t-1) = adjoint step
//   dL/dh_{t-1} += sum over gates g, units n of R[g][n][.] dL/d(what g gets through R)[n]
//
// The equations between the <...> marks are those of an LSTM for one sample. Threads and samples are laid out as in the
// forward kernel; the errors that go through R are in workgroup memory.
//
// Layouts (Q, ROW as there)
//   effective    quads; R is rows [post][Q], post = g H + n
//   grad_out     [T][B][Q]                dL/dy
//   lengths      [B]                      steps of each sample; the gradients of those after are 0
//   gates        [T][B][4 ROW]            what the forward step kept of each gate; dL/d(input of the gates) takes its place
//   trace        [PLANES][T][B][Q] quads  what it kept besides: first h_{t-1}
//   d_recurrent  [T][B][4 ROW]            with APART: dL/d(recurrent sums), where that is another
//   carry        [STATES][B][Q]           dL/d(states), from the steps after and to those before
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
  resumed: u32,
}

const H: u32 = 32u;
const Q: u32 = 8u;
const ROW: u32 = 32u;
const GATES: u32 = 4u;
const SAMPLES: u32 = 1u;
const WORKGROUP: u32 = 8u;
const R: u32 = 0u;
const HAS_GRAD_OUT: bool = true;
const HAS_LENGTHS: bool = false;
const APART: bool = false;

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<uniform> dims: Dims;
@group(0) @binding(2) var<storage, read> effective: array<Stored>;
@group(0) @binding(3) var<storage, read> grad_out: array<vec4f>;
@group(0) @binding(4) var<storage, read> lengths: array<u32>;
@group(0) @binding(5) var<storage, read> trace: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> gates: array<f32>;
@group(0) @binding(7) var<storage, read_write> d_recurrent: array<f32>;
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

var<workgroup> errors: array<vec4f, SAMPLES * GATES * Q>;

// The weights of unit n of a gate to quad q of presynaptic units; what is no unit of the gate has the last one's.
fn recurrent(gate: u32, n: u32, q: u32) -> vec4f {
  return weight(R + (gate * H + min(n, H - 1u)) * Q + q);
}

// Quad q of a gate in row t B + b. What is no unit of the gate has the value of its last one.
fn gate_at(row: u32, gate: u32, q: u32) -> vec4f {
  let at = 4u * ROW * row + gate * H;
  let n = 4u * q;
  return vec4f(gates[at + n], gates[at + min(n + 1u, H - 1u)], gates[at + min(n + 2u, H - 1u)], gates[at + min(n + 3u, H - 1u)]);
}

// Writes one gradient of each kind.
fn put(at: u32, from_input: f32, from_recurrent: f32) {
  gates[at] = from_input;
  if (APART) {
    d_recurrent[at] = from_recurrent;
  }
}

// Writes the gradients of quad q of a gate.
fn put_gate(row: u32, gate: u32, q: u32, from_input: vec4f, from_recurrent: vec4f) {
  let at = 4u * ROW * row + gate * H + 4u * q;
  put(at, from_input.x, from_recurrent.x);
  if (H % 4u == 0u || 4u * q + 1u < H) {
    put(at + 1u, from_input.y, from_recurrent.y);
  }
  if (H % 4u == 0u || 4u * q + 2u < H) {
    put(at + 2u, from_input.z, from_recurrent.z);
  }
  if (H % 4u == 0u || 4u * q + 3u < H) {
    put(at + 3u, from_input.w, from_recurrent.w);
  }
}

// A row ends with a whole quad; in `gates` the rest of it is 0 already.
fn end_row(row: u32, q: u32) {
  if (APART && q == 0u) {
    for (var n = GATES * H; n < 4u * ROW; n++) {
      d_recurrent[4u * ROW * row + n] = 0.0;
    }
  }
}

// The units of quad q that exist: the last quad may be half empty.
fn existing(q: u32, value: vec4f) -> vec4f {
  return select(vec4f(0), value, vec4u(4u * q) + vec4u(0u, 1u, 2u, 3u) < vec4u(H));
}

fn state_at(k: u32, b: u32, q: u32) -> vec4f {
  if (dims.resumed == 1u) {
    return carry[(k * dims.B + b) * Q + q];
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

fn arriving(row: u32, q: u32) -> vec4f {
  if (HAS_GRAD_OUT) {
    return grad_out[row * Q + q];
  }
  return vec4f(0);
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
  var d_h0 = state_at(0u, b0, q);
  var d_c0 = state_at(1u, b0, q);
  // </prepare>

  for (var t = last; t > dims.t0; ) {
    t--;
    // <step>
    if (t < end0) {
      let row = t * dims.B + b0;
      let bar_h = d_h0 + arriving(row, q);
      let i = 0.5 * gate_at(row, 0u, q) + 0.5;
      let f = 0.5 * gate_at(row, 1u, q) + 0.5;
      let g = gate_at(row, 2u, q);
      let o = 0.5 * gate_at(row, 3u, q) + 0.5;
      let c_last = trace[plane + row * Q + q];
      let c = tanh(f * c_last + i * g);
      let bar_c = d_c0 + bar_h * o * (1.0 - c * c);
      let e_i = existing(q, bar_c * g * i * (1.0 - i));
      let e_f = existing(q, bar_c * c_last * f * (1.0 - f));
      let e_g = existing(q, bar_c * i * (1.0 - g * g));
      let e_o = existing(q, bar_h * c * o * (1.0 - o));
      d_h0 = vec4f(0);
      d_c0 = bar_c * f;
      if (owned) {
        put_gate(row, 0u, q, e_i, e_i);
        put_gate(row, 1u, q, e_f, e_f);
        put_gate(row, 2u, q, e_g, e_g);
        put_gate(row, 3u, q, e_o, e_o);
        end_row(row, q);
        errors[(0u * GATES + 0u) * Q + q] = e_i;
        errors[(0u * GATES + 1u) * Q + q] = e_f;
        errors[(0u * GATES + 2u) * Q + q] = e_g;
        errors[(0u * GATES + 3u) * Q + q] = e_o;
      }
    }
    var back0 = vec4f(0);
    // </step>
    workgroupBarrier();
    for (var gate = 0u; gate < GATES; gate++) {
      // <gather>
      for (var n = 0u; n < dims.units; n++) {
        let w = recurrent(gate, n, q);
        back0 += errors[(0u * GATES + gate) * Q + n / 4u][n % 4u] * w;
      }
      // </gather>
    }
    workgroupBarrier();
    // <back>
    if (t < end0) {
      d_h0 += back0;
    }
    // </back>
  }

  if (owned) {
    // <finish>
    if (first + 0u < dims.B) {
      for (var t = end0; t < dims.t1; t++) {
        for (var gate = 0u; gate < GATES; gate++) {
          put_gate(t * dims.B + b0, gate, q, vec4f(0), vec4f(0));
        }
        end_row(t * dims.B + b0, q);
      }
      carry[(0u * dims.B + b0) * Q + q] = existing(q, d_h0);
      carry[(1u * dims.B + b0) * Q + q] = existing(q, d_c0);
    }
    // </finish>
  }
}
