// dW[post, pre] (+)= sum over b, t of dI_t[post] z_{t - shift}[pre], gathered: only steps at which pre spiked are read.
//
// One dispatch makes the gradients of up to three matrices, its jobs. A job counts the steps t0 <= t < t1 of
//   spikes_0, spikes_1, spikes_2           words of its spikes, from bits_along_time on [ceil(T/32)][B][4 KQ]; where that is NONE,
//                                          a few dense inputs instead, floats [T][B][4 KQ]
//   d_current_0, d_current_1, d_current_2  quads of dI [rows][B][Q]; the first row is step row0
//   start                                  states before the first step, [slots][B][4 KQ]: the spikes z_{-1} are slot start_z,
//                                          unless that is NONE; of one job at most
//   grads                                  [post][pre] from dest on, added to what is there if accumulate is 1
// shift is 0 for input and 1 for recurrent spikes. A job begins at workgroup `first`, NONE if there is no such job.
//
// A workgroup makes OUTPUTS quads of postsynaptic neurons, one presynaptic neuron after the other, so that neighbours read
// neighbouring quads of dI. PARTS threads share a quad: they take words of spikes in turns and add their sums in order,
// <together>, which a variant of one part leaves out. <choose> and <gather> are repeated for each job of a variant, with _1
// and _2 in place of _0; a whole workgroup takes one branch of <gather>. ONLY_BITS: no job has floats or a start, which leaves
// less to compile.
//
// Dispatch: (min(groups, 65535), ceil(...), 1) for groups = sum over jobs of ceil(K * Q / OUTPUTS), 64 = OUTPUTS * PARTS threads.

struct Step {
  seed: u32,
  step: u32,
  slots: array<vec4f, 64>,
}

struct Dims {
  first_0: u32,
  K_0: u32,
  N_0: u32,
  B_0: u32,
  t0_0: u32,
  t1_0: u32,
  row0_0: u32,
  shift_0: u32,
  start_z_0: u32,
  bits_along_time_0: u32,
  no_diagonal_0: u32,
  dest_0: u32,
  accumulate_0: u32,
  first_1: u32,
  K_1: u32,
  N_1: u32,
  B_1: u32,
  t0_1: u32,
  t1_1: u32,
  row0_1: u32,
  shift_1: u32,
  start_z_1: u32,
  bits_along_time_1: u32,
  no_diagonal_1: u32,
  dest_1: u32,
  accumulate_1: u32,
  first_2: u32,
  K_2: u32,
  N_2: u32,
  B_2: u32,
  t0_2: u32,
  t1_2: u32,
  row0_2: u32,
  shift_2: u32,
  start_z_2: u32,
  bits_along_time_2: u32,
  no_diagonal_2: u32,
  dest_2: u32,
  accumulate_2: u32,
  row: u32,
}

struct Job {
  first: u32,
  K: u32,
  N: u32,
  B: u32,
  t0: u32,
  t1: u32,
  row0: u32,
  shift: u32,
  start_z: u32,
  bits_along_time: u32,
  no_diagonal: u32,
  dest: u32,
  accumulate: u32,
}

const OUTPUTS: u32 = 8u;
const PARTS: u32 = 8u;
const ONLY_BITS: bool = false;
const NONE: u32 = 0xffffffffu;

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<uniform> dims: Dims;
@group(0) @binding(2) var<storage, read> spikes_0: array<u32>;
@group(0) @binding(3) var<storage, read> spikes_1: array<u32>;
@group(0) @binding(4) var<storage, read> spikes_2: array<u32>;
@group(0) @binding(5) var<storage, read> d_current_0: array<vec4f>;
@group(0) @binding(6) var<storage, read> d_current_1: array<vec4f>;
@group(0) @binding(7) var<storage, read> d_current_2: array<vec4f>;
@group(0) @binding(8) var<storage, read> start: array<f32>;
@group(0) @binding(9) var<storage, read_write> grads: array<f32>;

var<workgroup> sums: array<vec4f, OUTPUTS * PARTS>;

// The number of the lowest bit that is set: fewer instructions than countTrailingZeros, where that is none of its own.
fn lowest_bit(word: u32) -> u32 {
  return countOneBits(~word & (word - 1u));
}

// Of the spikes of steps 32 t32 .. 32 t32 + 31, those of s0 <= step < s1; at least one of the 32 steps is.
fn counted(t32: u32, s0: u32, s1: u32) -> u32 {
  let first = 32u * t32;
  return (0xffffffffu << (max(first, s0) - first)) & (0xffffffffu >> (first + 32u - min(first + 32u, s1)));
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let group = id.y * dims.row + id.x;
  var job: Job;
  // <choose>
  if (group >= dims.first_0) {
    job = Job(dims.first_0, dims.K_0, dims.N_0, dims.B_0, dims.t0_0, dims.t1_0, dims.row0_0,
      dims.shift_0, dims.start_z_0, dims.bits_along_time_0, dims.no_diagonal_0, dims.dest_0, dims.accumulate_0);
  }
  // </choose>
  let B = job.B;
  let K4 = 4u * ((job.K + 3u) / 4u);
  let Q = (job.N + 3u) / 4u;
  let output = (group - job.first) * OUTPUTS + lane % OUTPUTS;
  let part = lane / OUTPUTS;
  let pre = output / Q;
  let q = output % Q;
  let there = pre < job.K;

  let s0 = max(job.t0, job.shift) - job.shift;
  let s1 = select(0u, job.t1 - job.shift, there);
  let starts = select(0u, B, there && job.start_z != NONE);
  // the next word of a thread is PARTS samples on, which may be some words of time
  let next_t32 = PARTS / B;
  let next_b = PARTS % B;
  var t32 = s0 / 32u + part / B;
  var b = part % B;
  var sum = vec4f(0);
  // <gather>
  if (job.first == dims.first_0) {
    for (var s = part; !ONLY_BITS && s < starts; s += PARTS) {
      sum += start[(job.start_z * B + s) * K4 + pre] * d_current_0[s * Q + q];
    }
    if (!ONLY_BITS && job.bits_along_time == NONE) {
      for (var m = s0 * B + part; m < s1 * B; m += PARTS) {
        sum += bitcast<f32>(spikes_0[m * K4 + pre]) * d_current_0[(m - job.row0 * B) * Q + q];
      }
      t32 = NONE / 32u;
    }
    while (32u * t32 < s1) {
      var word = spikes_0[job.bits_along_time + (t32 * B + b) * K4 + pre] & counted(t32, s0, s1);
      let at = ((32u * t32 + job.shift - job.row0) * B + b) * Q + q;
      while (word != 0u) {
        sum += d_current_0[at + lowest_bit(word) * B * Q];
        word &= word - 1u;
      }
      t32 += next_t32;
      b += next_b;
      if (b >= B) {
        b -= B;
        t32++;
      }
    }
  }
  // </gather>
  // <together>
  sums[lane] = sum;
  workgroupBarrier();
  for (var p = 1u; p < select(PARTS, 0u, part > 0u); p++) {
    sum += sums[p * OUTPUTS + lane];
  }
  // </together>
  if (part == 0u && there) {
    for (var j = 0u; j < 4u; j++) {
      let post = 4u * q + j;
      if (post < job.N) {
        let at = job.dest + post * job.K + pre;
        let value = select(sum[j], 0.0, job.no_diagonal == 1u && post == pre);
        grads[at] = select(0.0, grads[at], job.accumulate == 1u) + value;
      }
    }
  }
}
