// The adjoint of a layer of neurons over a chunk of time steps, from the last step to the first.
//
//   dz_t = gradient from above + rate gradient + W_rec^T dI_{t+1} + what the equations pass back from step t+1
//   (dI_t, d states_{t-1}, dz_{t-1}, d parameters) = adjoint of step at t
//
// The equations between the <...> marks are those of a LIF neuron with reset by subtraction and the triangle surrogate;
// the assembler puts another neuron's in their place. What the equations need of the forward pass is read from `trace`
// and from the spike bits; dI may overwrite the trace's first plane (IN_PLACE), which is not read again.
//
// Where the surrogate's derivative (`slope`) is 0, as it mostly is, nothing that is sent back to a spike matters. With ROWS
// (never WIDE) the neurons where it is not are listed, and a thread sums whole rows of W_rec for four of them; without, each
// thread sums one column of quads for its own neurons, whatever their slope, in reads that neighbours share.
//
// Layouts as in cell_forward.wgsl, and
//   trace      [PLANES][rows][B][Q], the first row is step row0; the states before it are in start
//   grad_out   [planes][T][B][Q]: the gradient of the spikes, then that of the recorded voltage, each if there. Of spikes alone it
//              may begin at a later step, at quad grad_first. Below a small layer, dI of that layer [T][B][its quads] instead:
//              region <above> leads it back through that layer's weights
//   grad_in    [T][B][Q]: dI, unless IN_PLACE
//   carry      [Q] rate gradient, then [STATES (+1: z) + learned constants][B][Q]: adjoint of the states before the chunk, and sums
//              over time of the parameters' gradients (CARRIED in all); then [2][B][Q]: dI of an even and of an odd step, for
//              the chunk before, and IN_CARRY for each step before
//   W_REC      rows [post][Q over pre]: row j is what dI of neuron j adds to every presynaptic dz; with ROWS, rows [pre][Q over post]
//
// GRAD_START: an empty chunk at step 0 (t0 = t1 = 0) adds what the recurrent weights send back to the spikes before the first step.
//
// Dispatch: (B, TILES, 1), tiles as in cell_forward.wgsl.

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
  start_at: u32,
  last: u32,
  grad_record: u32,
  grad_first: u32,
  surrogate_slot: u32,
  penalty_slot: u32,
}

const N: u32 = 32u;
const Q: u32 = 8u;
const W: u32 = 1u;
const WORKGROUP: u32 = 8u;
const STATES: u32 = 1u;
const CARRIED: u32 = 2u;
const W_REC: u32 = 2u * Q;
const PARAMS: u32 = 0u;
const HAS_START: bool = false;
const HAS_LENGTHS: bool = false;
const HAS_GRAD_SPIKES: bool = true;
const HAS_GRAD_RECORD: bool = false;
const HAS_FINAL: bool = false;
const HAS_RATE: bool = false;
const GRAD_START: bool = false;
const RECURRENT: bool = true;
const SPIKES: bool = true;
const WIDE: bool = false;
const ROWS: u32 = 1u;
const IN_PLACE: bool = true;
const IN_CARRY: bool = WIDE || ROWS == 1u;
// Quads of dI in workgroup memory: 2 WORKGROUP, with IN_CARRY 1.
const LATER: u32 = 1u;

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<uniform> dims: Dims;
@group(0) @binding(2) var<storage, read> effective: array<Stored>;
@group(0) @binding(3) var<storage, read> grad_out: array<vec4f>;
@group(0) @binding(4) var<storage, read> start: array<vec4f>;
@group(0) @binding(5) var<storage, read> lengths: array<u32>;
@group(0) @binding(6) var<storage, read> spikes: array<u32>;
@group(0) @binding(7) var<storage, read_write> trace: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> grad_in: array<vec4f>;
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

// Compilers that fill workgroup memory with zeros number by number take long over each. So dI of the step after goes by `carry`
// wherever that costs no time (IN_CARRY), and what is sent back to a neuron comes where that was listed.

// dI of an even and of an odd step: one is read, the other written.
var<workgroup> later: array<vec4f, LATER>;
// The neurons where the slope is not 0, and how many they are at an even and at an odd step.
var<workgroup> listed: array<u32, 1u + ROWS * (4u * WORKGROUP - 1u)>;
var<workgroup> found: array<atomic<u32>, 2>;

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

fn existing(q: u32) -> vec4<bool> {
  return vec4u(4u * q) + vec4u(0u, 1u, 2u, 3u) < vec4u(N);
}

fn start_at(k: u32, b: u32, q: u32) -> vec4f {
  if (HAS_START) {
    return start[dims.start_at + (k * dims.B + b) * Q + q];
  }
  return vec4f(0);
}

fn spikes_at(t: u32, b: u32, q: u32) -> vec4f {
  let word = spikes[(t * dims.B + b) * W + q / 8u] >> (4u * (q % 8u));
  return select(vec4f(0), vec4f(1), (vec4u(word) & vec4u(1, 2, 4, 8)) != vec4u(0));
}

fn store_grad_in(at: u32, value: vec4f) {
  if (IN_PLACE) {
    trace[at] = value;
  } else {
    grad_in[at] = value;
  }
}

// Where dI of step t lies in `carry`.
fn passed_at(t: u32, b: u32) -> u32 {
  return Q + ((CARRIED + t % 2u) * dims.B + b) * Q;
}

// W_rec^T dI_t for four presynaptic neurons, from their rows.
fn from_rows(t: u32, b: u32, pre: vec4u) -> vec4f {
  let passed = passed_at(t, b);
  let at = W_REC + pre * Q;
  var sum_0 = vec4f(0);
  var sum_1 = vec4f(0);
  var sum_2 = vec4f(0);
  var sum_3 = vec4f(0);
  for (var j = 0u; j < Q + (dims.T >> 31u); j++) {
    let d = carry[passed + j];
    sum_0 += d * weight(at.x + j);
    sum_1 += d * weight(at.y + j);
    sum_2 += d * weight(at.z + j);
    sum_3 += d * weight(at.w + j);
  }
  return vec4f(1) * mat4x4f(sum_0, sum_1, sum_2, sum_3);
}

// W_rec^T dI_t for the four presynaptic neurons of quad q.
fn sent_back(t: u32, b: u32, q: u32) -> vec4f {
  if (ROWS == 1u) {
    return from_rows(t, b, 4u * q + vec4u(0u, 1u, 2u, 3u));
  }
  var sum = vec4f(0);
  let passed = passed_at(t, b);
  // a bound that is no constant keeps drivers from unrolling the loop, which takes some of them a minute
  for (var j = 0u; j < Q + (dims.T >> 31u); j++) {
    var d = vec4f(0);
    if (WIDE) {
      d = carry[passed + j];
    } else {
      d = later[(t % 2u) * WORKGROUP + min(j, WORKGROUP - 1u)];
    }
    let at = W_REC + 4u * j * Q + q;
    sum += d.x * weight(at) + d.y * weight(at + Q) + d.z * weight(at + 2u * Q) + d.w * weight(at + 3u * Q);
  }
  return sum;
}

// Lists the neurons of this thread that are wanted at step t: the places of those.
fn list(t: u32, lane: u32, wanted: vec4<bool>) -> vec4u {
  let ones = select(vec4u(0), vec4u(1), wanted);
  let before = vec4u(0u, ones.x, ones.x + ones.y, ones.x + ones.y + ones.z);
  let count = before.w + ones.w;
  var places = before;
  if (count > 0u) {
    places += atomicAdd(&found[t % 2u], count);
    for (var i = 0u; i < 4u; i++) {
      if (wanted[i]) {
        listed[places[i]] = 4u * lane + i;
      }
    }
  }
  return places;
}

fn listed_at(i: vec4u) -> vec4u {
  return vec4u(listed[i.x], listed[i.y], listed[i.z], listed[i.w]);
}

// W_rec^T dI_{t+1} for the neurons listed at step t, four a thread; the last ones again where four are not left.
fn send_back(t: u32, b: u32, lane: u32) {
  let count = atomicLoad(&found[t % 2u]);
  let k = 4u * lane;
  if (k < count) {
    let i = min(vec4u(k, k + 1u, k + 2u, k + 3u), vec4u(count - 1u));
    let sum = bitcast<vec4u>(from_rows(t + 1u, b, listed_at(i)));
    listed[i.x] = sum.x;
    listed[i.y] = sum.y;
    listed[i.z] = sum.z;
    listed[i.w] = sum.w;
  }
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let b = group.x;
  let tile = group.y * WORKGROUP;
  let owned = tile + lane < Q;
  let q = min(tile + lane, Q - 1u); // clamped, for reading
  let T = dims.T;
  let B = dims.B;
  let len = select(T, lengths[b], HAS_LENGTHS);
  let t_end = min(dims.t1, len);
  let resumed = dims.last == 0u || HAS_FINAL;

  var rate = vec4f(0);
  if (HAS_RATE) {
    rate = carry[q];
  }
  var d_z = vec4f(0);
  if (SPIKES && resumed) {
    d_z = carry[Q + (STATES * B + b) * Q + q];
  }
  // <prepare_above>
  // </prepare_above>
  // <prepare>
  let p_tau = per_neuron(PARAMS, 0u * Q + q);
  let p_threshold = per_neuron(PARAMS, 1u * Q + q);
  let h0 = expm1(vec4f(-1.0) / p_tau) + vec4f(1.0);
  var d_v = vec4f(0);
  if (resumed) {
    d_v = carry[Q + (0u * B + b) * Q + q];
  }
  var n_0 = vec4f(0);
  if (t_end > dims.t0) {
    let row = ((t_end - 1u - dims.row0) * B + b) * Q + q;
    n_0 = trace[row];
  }
  // </prepare>
  if (RECURRENT && !WIDE) {
    if (lane < 2u) {
      atomicStore(&found[lane], 0u);
    }
    if (!IN_CARRY && dims.t1 < len && owned) {
      later[(dims.t1 % 2u) * WORKGROUP + lane] = carry[passed_at(dims.t1, b) + q];
    }
  }
  workgroupBarrier();

  // Padding has no gradient.
  for (var t = max(dims.t0, t_end); t < dims.t1; t++) {
    if (owned) {
      store_grad_in((t - select(0u, dims.row0, IN_PLACE)) * B * Q + b * Q + q, vec4f(0));
    }
  }

  for (var left = t_end; left > dims.t0; left--) {
    let t = left - 1u;
    let at = (t * B + b) * Q + q;
    let row = ((t - dims.row0) * B + b) * Q + q;
    var bar_z = vec4f(0);
    var bar_record = vec4f(0);
    var z = vec4f(0);
    var z_last = vec4f(0);
    if (SPIKES) {
      z = spikes_at(t, b, q);
      if (t > 0u) {
        z_last = spikes_at(t - 1u, b, q);
      } else {
        z_last = start_at(STATES, b, q);
      }
    }
    // <slope>
    let b_0 = trace[max(row, B * Q) - B * Q];
    let gamma = vec4f(slot(dims.surrogate_slot));
    let x = (n_0 - p_threshold) / p_threshold;
    let slope = gamma * max(vec4f(1) - abs(x), vec4f(0));
    // </slope>
    if (RECURRENT && ROWS == 0u && t + 1u < len) {
      bar_z = sent_back(t + 1u, b, q);
    }
    if (RECURRENT && ROWS == 1u) {
      let wanted = vec4<bool>(owned && t + 1u < len) & existing(q) & (slope != vec4f(0));
      let places = list(t, lane, wanted);
      workgroupBarrier();
      send_back(t, b, lane);
      if (lane == 0u) {
        atomicStore(&found[(t + 1u) % 2u], 0u);
      }
      workgroupBarrier();
      bar_z = select(vec4f(0), bitcast<vec4f>(listed_at(places)), wanted);
    }
    if (SPIKES) {
      bar_z += d_z;
      if (HAS_GRAD_SPIKES) {
        // <above>
        bar_z += grad_out[at - dims.grad_first];
        // </above>
      }
      if (HAS_RATE) {
        bar_z += rate;
      }
    }
    if (HAS_GRAD_RECORD) {
      bar_record = grad_out[dims.grad_record + at];
    }
    // <step>
    let e0 = d_v + bar_record + (bar_z - p_threshold * d_v) * slope / p_threshold;
    let d_input = e0;
    let d_last = vec4f(0);
    d_v = h0 * e0;
    n_0 = b_0;
    // </step>
    d_z = d_last;
    let kept = select(vec4f(0), d_input, existing(q));
    if (owned) {
      store_grad_in(select(at, row, IN_PLACE), kept);
      if (RECURRENT && (IN_CARRY || t == dims.t0)) {
        carry[passed_at(t, b) + q] = kept;
      }
      if (RECURRENT && !IN_CARRY) {
        later[(t % 2u) * WORKGROUP + lane] = kept;
      }
    }
    // before dI is read, and places in the list are another step's
    if (RECURRENT && !WIDE) {
      workgroupBarrier();
      if (IN_CARRY) {
        storageBarrier();
      }
    }
  }

  if (owned) {
    if (SPIKES) {
      if (RECURRENT && GRAD_START && dims.t1 == 0u && len > 0u) {
        d_z += sent_back(0u, b, q);
      }
      carry[Q + (STATES * B + b) * Q + q] = d_z;
    }
    // <keep>
    carry[Q + (0u * B + b) * Q + q] = d_v;
    // </keep>
  }
}
