// Squared van Rossum distance between spike trains, averaged over neurons, with its gradient.
//
//   d_t = o_t - y_t,  f_t = decay f_{t-1} + d_t,  L_b = scale/N sum_t sum_n w_t f_{t,n}^2     over the valid steps
//   grad_t = 2 weight scale/N w_t f_t + decay grad_{t+1};  result[b] = (weight * L_b, 0, -1, 0 or -1 without steps)
//
// slots from dims.numbers on: weight, decay, scale. The weights w_t come from the mask, else they are 1; a sample whose
// steps all have weight 0 counts as one without steps. The gradient's memory holds f on the way.
//
// outputs [T][B][Q] quads as floats or [T][B][W] words of spikes (SPIKES), targets [T][B][W] words of spikes, lengths [B],
// mask [T][B] without padding, result [B], grad [T][B][Q] as floats.
//
// Dispatch: (B, 1, 1), a workgroup a sample, a thread every LANES-th neuron.

struct Step {
  seed: u32,
  step: u32,
  slots: array<vec4f, 64>,
}

struct Dims {
  T: u32,
  B: u32,
  numbers: u32,
}

const N: u32 = 10u;
const SPIKES: bool = true;
const HAS_LENGTHS: bool = false;
const HAS_MASK: bool = false;
const HAS_GRAD: bool = true;

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<uniform> dims: Dims;
@group(0) @binding(2) var<storage, read> outputs: array<u32>;
@group(0) @binding(3) var<storage, read> targets: array<u32>;
@group(0) @binding(4) var<storage, read> lengths: array<u32>;
@group(0) @binding(5) var<storage, read> mask: array<f32>;
@group(0) @binding(6) var<storage, read_write> result: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> grad: array<f32>;

const PITCH: u32 = 4u * ((N + 3u) / 4u);
const W: u32 = (N + 31u) / 32u;
const LANES: u32 = 64u;
var<workgroup> parts: array<f32, LANES>;

fn slot(i: u32) -> f32 {
  return step.slots[i / 4u][i % 4u];
}

fn difference(row: u32, n: u32) -> f32 {
  let y = f32((targets[row * W + n / 32u] >> (n % 32u)) & 1u);
  if (SPIKES) {
    return f32((outputs[row * W + n / 32u] >> (n % 32u)) & 1u) - y;
  }
  return bitcast<f32>(outputs[row * PITCH + n]) - y;
}

fn weight_at(row: u32) -> f32 {
  if (HAS_MASK) {
    return mask[row];
  }
  return 1.0;
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let b = group.x;
  let B = dims.B;
  var len = dims.T;
  if (HAS_LENGTHS) {
    len = lengths[b];
  }
  let weight = slot(dims.numbers);
  let decay = slot(dims.numbers + 1u);
  let scale = slot(dims.numbers + 2u) / f32(N);

  var loss = 0.0;
  for (var n = lane; n < N; n += LANES) {
    var f = 0.0;
    for (var t = 0u; t < len; t++) {
      let row = t * B + b;
      f = decay * f + difference(row, n);
      loss += weight_at(row) * f * f;
      if (HAS_GRAD) {
        grad[row * PITCH + n] = f;
      }
    }
    if (HAS_GRAD) {
      var g = 0.0;
      for (var left = len; left > 0u; left--) {
        let row = (left - 1u) * B + b;
        g = 2.0 * weight * scale * weight_at(row) * grad[row * PITCH + n] + decay * g;
        grad[row * PITCH + n] = g;
      }
    }
  }
  if (HAS_GRAD) {
    for (var n = lane; n < PITCH; n += LANES) {
      for (var t = select(len, 0u, n >= N); t < dims.T; t++) {
        grad[(t * B + b) * PITCH + n] = 0.0;
      }
    }
  }

  parts[lane] = loss;
  workgroupBarrier();
  if (lane == 0u) {
    var total = 0.0;
    for (var i = 0u; i < LANES; i++) {
      total += parts[i];
    }
    var count = 0.0;
    for (var t = 0u; t < len; t++) {
      count += weight_at(t * B + b);
    }
    result[b] = vec4f(weight * scale * total, 0.0, -1.0, select(-1.0, 0.0, count > 0.0));
  }
}
