// y = z E (+ bias) for spikes z: only the rows of neurons that spiked are added.
//
// bits is [M][WORDS] packed along neurons, E rows [pre][Q] of the effective weights, y [M][Q].
//
// A dispatch makes the rows first <= m < M; the first row of y is row0.
//
// Dispatch: (ceil(Q / 8), ceil((M - first) / 8), 1) workgroups of 8 x 8 threads, a thread per quad of y.

struct Step {
  seed: u32,
  step: u32,
  slots: array<vec4f, 64>,
}

struct Dims {
  M: u32,
  words: u32,
  Q: u32,
  weights: u32,
  bias: u32,
  first: u32,
  row0: u32,
}

const HAS_BIAS: bool = false;

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<uniform> dims: Dims;
@group(0) @binding(2) var<storage, read> effective: array<Stored>;
@group(0) @binding(3) var<storage, read> bits: array<u32>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;

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

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let q = id.x;
  let m = dims.first + id.y;
  if (q >= dims.Q || m >= dims.M) {
    return;
  }
  var sum = vec4f(0);
  if (HAS_BIAS) {
    sum = per_neuron(dims.bias, q);
  }
  for (var w = 0u; w < dims.words; w++) {
    var word = bits[m * dims.words + w];
    while (word != 0u) {
      sum += weight(dims.weights + (32u * w + lowest_bit(word)) * dims.Q + q);
      word &= word - 1u;
    }
  }
  y[(m - dims.row0) * dims.Q + q] = sum;
}
