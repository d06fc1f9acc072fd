// Softmax cross entropy of a readout over the last valid steps of each sample, with its gradient.
//
//   PER_STEP: L_b = mean over the window of CE(o_t, label);  otherwise L_b = CE(mean of o_t over the window, label)
//   grad = weight * dL/do (0 outside the window);  result[b] = (weight * L_b, correct, prediction, label)
//
// The window is the last dims.window steps before lengths[b] (all of them where there are fewer); the prediction is the
// class with the largest mean output over the window. A sample without steps counts for nothing. weight is a slot.
//
// outputs [T][B][Q] quads read as floats, labels [B], result [B][4], grad [T][B][Q] as floats.
//
// Dispatch: (B, 1, 1), a workgroup a sample.

struct Step {
  seed: u32,
  step: u32,
  slots: array<vec4f, 64>,
}

struct Dims {
  T: u32,
  B: u32,
  window: u32,
  weight_slot: u32,
}

const N: u32 = 10u;
const PER_STEP: bool = true;
const HAS_LENGTHS: bool = false;
const HAS_GRAD: bool = true;

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<uniform> dims: Dims;
@group(0) @binding(2) var<storage, read> outputs: array<f32>;
@group(0) @binding(3) var<storage, read> labels: array<u32>;
@group(0) @binding(4) var<storage, read> lengths: array<u32>;
@group(0) @binding(5) var<storage, read_write> result: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> grad: array<f32>;

const PITCH: u32 = 4u * ((N + 3u) / 4u);
const LANES: u32 = 32u;
var<workgroup> mean_output: array<f32, N>;
var<workgroup> parts: array<f32, LANES>;

fn slot(i: u32) -> f32 {
  return step.slots[i / 4u][i % 4u];
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let b = group.x;
  let len = select(dims.T, lengths[b], HAS_LENGTHS);
  let from_step = len - min(len, dims.window);
  let count = f32(max(len - from_step, 1u));
  let label = labels[b];
  let weight = slot(dims.weight_slot);

  for (var c = lane; c < N; c += LANES) {
    var sum = 0.0;
    for (var t = from_step; t < len; t++) {
      sum += outputs[(t * dims.B + b) * PITCH + c];
    }
    mean_output[c] = sum / count;
  }
  workgroupBarrier();

  var largest = -3e38;
  var prediction = 0u;
  for (var c = 0u; c < N; c++) {
    if (mean_output[c] > largest) {
      largest = mean_output[c];
      prediction = c;
    }
  }
  var total = 0.0;
  for (var c = 0u; c < N; c++) {
    total += exp(mean_output[c] - largest);
  }
  var loss = 0.0;
  if (!PER_STEP && lane == 0u && len > 0u) {
    loss = log(total) + largest - mean_output[label];
  }

  for (var t = lane; t < dims.T; t += LANES) {
    let row = (t * dims.B + b) * PITCH;
    let inside = t >= from_step && t < len;
    var top = largest;
    var bottom = total;
    if (PER_STEP && inside) {
      top = -3e38;
      for (var c = 0u; c < N; c++) {
        top = max(top, outputs[row + c]);
      }
      bottom = 0.0;
      for (var c = 0u; c < N; c++) {
        bottom += exp(outputs[row + c] - top);
      }
      loss += (log(bottom) + top - outputs[row + label]) / count;
    }
    if (HAS_GRAD) {
      for (var c = 0u; c < PITCH; c++) {
        var g = 0.0;
        if (inside && c < N) {
          let o = select(mean_output[min(c, N - 1u)], outputs[row + c], PER_STEP);
          g = weight / count * (exp(o - top) / bottom - select(0.0, 1.0, c == label));
        }
        grad[row + c] = g;
      }
    }
  }

  parts[lane] = loss;
  workgroupBarrier();
  if (lane == 0u) {
    var sum = 0.0;
    for (var i = 0u; i < LANES; i++) {
      sum += parts[i];
    }
    let counted = len > 0u;
    result[b] = vec4f(weight * sum, select(0.0, 1.0, counted && prediction == label), f32(prediction), select(-1.0, f32(label), counted));
  }
}
