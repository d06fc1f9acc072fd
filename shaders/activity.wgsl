// Sums a layer's activity over the batch and regularises its firing rates.
//
//   activity[0] spikes of each neuron, [1] smallest v, [2] largest v, [3] voltage penalty (weighted), [4] rate penalty
//   (weighted), [5] mean rate;  d_rate[n] = dL/dz of every spike of neuron n
//
// The expression between the <...> marks is the squared distance of the rate r from a target, and its derivative; the
// assembler puts another in its place. inv_steps is 1 over the number of valid steps of the batch. A penalty on the mean
// rate of the layer takes it from layer_rate, and each neuron has its N-th part of value and derivative.
//
// stats is the carry of cell_forward, from quad dims.stats on: [4][B][Q] count, smallest, largest, penalty.
//
// Dispatch: (ceil(Q / 32), 1, 1), a thread a quad.

struct Step {
  seed: u32,
  step: u32,
  slots: array<vec4f, 64>,
}

struct Dims {
  B: u32,
  stats: u32,
  steps_slot: u32,
  penalty_slot: u32,
}

const N: u32 = 32u;
const Q: u32 = 8u;
const HAS_RATE: bool = true;

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<uniform> dims: Dims;
@group(0) @binding(2) var<storage, read> carry: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> activity: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> d_rate: array<vec4f>;

const LANES: u32 = 32u;
var<workgroup> parts: array<f32, LANES>;

fn slot(i: u32) -> f32 {
  return step.slots[i / 4u][i % 4u];
}

fn existing(q: u32) -> vec4<bool> {
  return vec4u(4u * q) + vec4u(0u, 1u, 2u, 3u) < vec4u(N);
}

// Mean rate over the neurons of the layer; every workgroup sums it up for itself.
fn layer_rate(lane: u32, inv_steps: f32) -> f32 {
  var sum = vec4f(0);
  for (var q = lane; q < Q; q += LANES) {
    for (var b = 0u; b < dims.B; b++) {
      sum += select(vec4f(0), carry[dims.stats + b * Q + q], existing(q));
    }
  }
  parts[lane] = sum.x + sum.y + sum.z + sum.w;
  workgroupBarrier();
  var total = 0.0;
  for (var i = 0u; i < LANES; i++) {
    total += parts[i];
  }
  return total * inv_steps / f32(N);
}

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let owned = id.x < Q;
  let q = min(id.x, Q - 1u); // clamped, for reading
  var count = vec4f(0);
  var smallest = vec4f(3e38);
  var largest = vec4f(-3e38);
  var voltage = vec4f(0);
  for (var b = 0u; b < dims.B; b++) {
    let at = dims.stats + b * Q + q;
    count += carry[at];
    smallest = min(smallest, carry[at + dims.B * Q]);
    largest = max(largest, carry[at + 2u * dims.B * Q]);
    voltage += carry[at + 3u * dims.B * Q];
  }
  let exists = existing(q);
  let inv_steps = slot(dims.steps_slot);
  let r = count * inv_steps;
  var penalty = vec4f(0);
  var derivative = vec4f(0);
  if (HAS_RATE) {
    // <rate>
    let weight = vec4f(slot(dims.penalty_slot));
    let from_target = r - vec4f(slot(dims.penalty_slot + 1u));
    penalty = weight * from_target * from_target;
    derivative = weight * 2.0 * from_target;
    // </rate>
    if (owned) {
      d_rate[q] = select(vec4f(0), derivative * inv_steps, exists);
    }
  }
  if (!owned) {
    return;
  }
  activity[q] = count;
  activity[Q + q] = smallest;
  activity[2u * Q + q] = largest;
  activity[3u * Q + q] = select(vec4f(0), voltage, exists);
  activity[4u * Q + q] = select(vec4f(0), penalty, exists);
  activity[5u * Q + q] = r;
}
