// Loss of a sequence of outputs against labels or values, with its gradient: cross entropy or squared error.
//
//   f = the outputs o_t of each step (POOL_NONE), or over the counted steps their mean, sum or maximum
//   cross entropy: l(f) = -sum_c q_c log softmax(f)_c,  q_c = class_weights[c] * ((1 - smoothing) [c = label] + smoothing/N)
//   SQUARES:       l(f) = 1/N sum_c (f_c - y_c)^2 * class_weights[label], over the number of counted steps for a sum;
//                  y_c is given (BY_SAMPLE, BY_STEP) or told by the label: correct or wrong, for a sum per counted step
//   L_b = l(f), with POOL_NONE the mean of l(o_t) over the counted steps;  the number of steps is the sum of their weights
//   grad = weight * dL/do (0 outside);  result[b] = (weight * L_b, right, prediction, label)
//
// Counted are the last dims.window steps before lengths[b] (all of them where there are fewer), each with weight 1; with a
// mask the steps with a weight above 0 there. A maximum takes the first of equal steps. The prediction is the class with
// the largest f (without pooling: mean); it is -1 where there are no labels. A sample without steps has label -1.
// BY_STEP_LABEL, without pooling: each step has a label; right is the weighted share of steps that were, prediction and label
// are those of the last counted step.
// slots from dims.numbers on: weight, then smoothing, or for SQUARES the correct and the wrong value.
//
// outputs [T][B][Q] quads as floats or [T][B][W] words of spikes (SPIKES), labels [B] or [T][B], targets [B][Q] or [T][B][Q] as
// floats, class_weights [N], lengths [B], mask [T][B] without padding, result [B], grad [T][B][Q] as floats.
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
  numbers: u32,
}

const POOL_NONE: u32 = 0u;
const POOL_MEAN: u32 = 1u;
const POOL_SUM: u32 = 2u;
const POOL_MAX: u32 = 3u;
const BY_LABEL: u32 = 0u;
const BY_SAMPLE: u32 = 1u;
const BY_STEP: u32 = 2u;
const BY_STEP_LABEL: u32 = 3u;

const N: u32 = 10u;
const POOL: u32 = 0u;
const TARGET: u32 = 0u;
const SQUARES: bool = false;
const SPIKES: bool = false;
const SMOOTHED: bool = false;
const HAS_CLASS_WEIGHTS: bool = false;
const HAS_LENGTHS: bool = false;
const HAS_MASK: bool = false;
const HAS_GRAD: bool = true;
// Room for what is made of the outputs, and for the steps of maxima: N, or 1 where there is no use for it.
const KEPT: u32 = 10u;
const KEPT_STEPS: u32 = 1u;

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<uniform> dims: Dims;
@group(0) @binding(2) var<storage, read> outputs: array<u32>;
@group(0) @binding(3) var<storage, read> labels: array<u32>;
@group(0) @binding(4) var<storage, read> targets: array<f32>;
@group(0) @binding(5) var<storage, read> class_weights: array<f32>;
@group(0) @binding(6) var<storage, read> lengths: array<u32>;
@group(0) @binding(7) var<storage, read> mask: array<f32>;
@group(0) @binding(8) var<storage, read_write> result: array<vec4f>;
@group(0) @binding(9) var<storage, read_write> grad: array<f32>;

const PITCH: u32 = 4u * ((N + 3u) / 4u);
const W: u32 = (N + 31u) / 32u;
const LANES: u32 = 32u;
var<workgroup> pooled: array<f32, KEPT>;
var<workgroup> largest_at: array<u32, KEPT_STEPS>;
var<workgroup> parts: array<f32, LANES>;

fn slot(i: u32) -> f32 {
  return step.slots[i / 4u][i % 4u];
}

fn output_at(t: u32, b: u32, c: u32) -> f32 {
  let row = t * dims.B + b;
  if (SPIKES) {
    return f32((outputs[row * W + c / 32u] >> (c % 32u)) & 1u);
  }
  return bitcast<f32>(outputs[row * PITCH + c]);
}

fn weight_at(t: u32, b: u32) -> f32 {
  if (HAS_MASK) {
    return mask[t * dims.B + b];
  }
  return 1.0;
}

fn feature(t: u32, b: u32, c: u32) -> f32 {
  if (POOL == POOL_NONE) {
    return output_at(t, b, c);
  }
  return pooled[c];
}

fn label_at(t: u32, b: u32) -> u32 {
  if (TARGET == BY_LABEL) {
    return labels[b];
  }
  if (TARGET == BY_STEP_LABEL) {
    return labels[t * dims.B + b];
  }
  return 0u;
}

fn most_likely(t: u32, b: u32) -> u32 {
  var best = 0u;
  for (var c = 1u; c < N; c++) {
    if (output_at(t, b, c) > output_at(t, b, best)) {
      best = c;
    }
  }
  return best;
}

// Probability that cross entropy wants for class c, times the class's weight.
fn wanted(c: u32, label: u32) -> f32 {
  var q = select(0.0, 1.0, c == label);
  if (SMOOTHED) {
    let smoothing = slot(dims.numbers + 1u);
    q = (1.0 - smoothing) * q + smoothing / f32(N);
  }
  if (HAS_CLASS_WEIGHTS) {
    q *= class_weights[c];
  }
  return q;
}

// Value that the squared error wants.
fn goal(t: u32, b: u32, c: u32, label: u32, steps: f32) -> f32 {
  if (TARGET == BY_SAMPLE) {
    return targets[b * PITCH + c];
  }
  if (TARGET == BY_STEP) {
    return targets[(t * dims.B + b) * PITCH + c];
  }
  let y = slot(dims.numbers + select(2u, 1u, c == label));
  return select(y, y * steps, POOL == POOL_SUM);
}

fn square_scale(steps: f32) -> f32 {
  return 1.0 / (f32(N) * select(1.0, steps, POOL == POOL_SUM));
}

// Of the softmax over classes: the largest feature, the sum of exponentials above it, the sum of what is wanted.
fn sums(t: u32, b: u32, label: u32) -> vec3f {
  var s = vec3f(-3e38, 0.0, 0.0);
  if (SQUARES) {
    return s;
  }
  for (var c = 0u; c < N; c++) {
    s.x = max(s.x, feature(t, b, c));
  }
  for (var c = 0u; c < N; c++) {
    s.y += exp(feature(t, b, c) - s.x);
    s.z += wanted(c, label);
  }
  return s;
}

fn value(t: u32, b: u32, label: u32, s: vec3f, steps: f32) -> f32 {
  var total = 0.0;
  for (var c = 0u; c < N; c++) {
    let f = feature(t, b, c);
    if (SQUARES) {
      let d = f - goal(t, b, c, label, steps);
      total += d * d * square_scale(steps);
    } else {
      total += wanted(c, label) * (log(s.y) + (s.x - f)); // both large, and often equal
    }
  }
  return total;
}

fn derivative(t: u32, b: u32, c: u32, label: u32, s: vec3f, steps: f32) -> f32 {
  let f = feature(t, b, c);
  if (SQUARES) {
    return 2.0 * (f - goal(t, b, c, label, steps)) * square_scale(steps);
  }
  return s.z * exp(f - s.x) / s.y - wanted(c, label);
}

// In the order of the lanes; what it gives is lane 0's.
fn sum_of_lanes(lane: u32, x: f32) -> f32 {
  workgroupBarrier();
  parts[lane] = x;
  workgroupBarrier();
  var total = 0.0;
  if (lane == 0u) {
    for (var i = 0u; i < LANES; i++) {
      total += parts[i];
    }
  }
  return total;
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let b = group.x;
  var len = dims.T;
  if (HAS_LENGTHS) {
    len = lengths[b];
  }
  let from_step = len - min(len, dims.window);
  let label = label_at(0u, b);
  var count = 0.0;
  for (var t = from_step; t < len; t++) {
    count += weight_at(t, b);
  }
  let counted = count > 0.0;
  let steps = select(1.0, count, counted);
  var weight = slot(dims.numbers);
  if (SQUARES && HAS_CLASS_WEIGHTS) {
    weight *= class_weights[label];
  }

  if (POOL != POOL_NONE || TARGET == BY_LABEL) {
    for (var c = lane; c < N; c += LANES) {
      var sum = 0.0;
      var largest = -3e38;
      var at = 0u;
      for (var t = from_step; t < len; t++) {
        let w = weight_at(t, b);
        let o = output_at(t, b, c);
        sum += w * o;
        if (w > 0.0 && o > largest) {
          largest = o;
          at = t;
        }
      }
      if (POOL == POOL_MAX) {
        // comparisons pass over a NaN, which must not be hidden
        let bad = (bitcast<u32>(sum) & 0x7fffffffu) > 0x7f800000u;
        pooled[c] = select(largest, sum, bad);
        largest_at[c] = at;
      } else {
        pooled[c] = select(sum / steps, sum, POOL == POOL_SUM);
      }
    }
  }
  workgroupBarrier();

  var s = vec3f(0);
  var loss = 0.0;
  var right = 0.0;
  if (POOL != POOL_NONE) {
    s = sums(0u, b, label);
    if (lane == 0u && counted) {
      loss = value(0u, b, label, s, steps);
    }
  }
  for (var t = lane; t < dims.T; t += LANES) {
    var here = label;
    var w = 0.0;
    if (t >= from_step && t < len) {
      w = weight_at(t, b);
    }
    if (POOL == POOL_NONE && w > 0.0) {
      here = label_at(t, b);
      s = sums(t, b, here);
      loss += w / steps * value(t, b, here, s, steps);
      if (TARGET == BY_STEP_LABEL) {
        right += select(0.0, w / steps, most_likely(t, b) == here);
      }
    }
    if (HAS_GRAD) {
      for (var c = 0u; c < PITCH; c++) {
        var g = 0.0;
        if (w > 0.0 && c < N) {
          var part = select(w / steps, w, POOL == POOL_SUM);
          if (POOL == POOL_MAX) {
            part = select(0.0, 1.0, largest_at[c] == t);
          }
          g = weight * part * derivative(t, b, c, here, s, steps);
        }
        grad[(t * dims.B + b) * PITCH + c] = g;
      }
    }
  }

  let total = sum_of_lanes(lane, loss);
  var share = 0.0;
  if (TARGET == BY_STEP_LABEL) {
    share = sum_of_lanes(lane, right);
  }
  if (lane == 0u) {
    var prediction = -1.0;
    if (TARGET == BY_LABEL) {
      var best = 0u;
      for (var c = 1u; c < N; c++) {
        if (pooled[c] > pooled[best]) {
          best = c;
        }
      }
      prediction = f32(best);
      share = select(0.0, 1.0, counted && prediction == f32(label));
    }
    var answer = label;
    if (TARGET == BY_STEP_LABEL && counted) {
      var t = len - 1u;
      while (weight_at(t, b) == 0.0) {
        t--;
      }
      prediction = f32(most_likely(t, b));
      answer = label_at(t, b);
    }
    result[b] = vec4f(weight * total, share, prediction, select(-1.0, f32(answer), counted));
  }
}
