// Deep rewiring, DEEP R (Bellec, Kappel, Maass & Legenstein 2018), after an update: of each matrix the same number of
// connections is active before and after.
//
//   active (mask s, +1 or -1):  w = s max(0, x), x = s w - l1 + noise n, n standard normal; it is dormant from now on if x < 0
//   dormant (mask 0):           w = 0; those with the smallest random numbers become active, as many as are missing, with
//                               w = 0 and the sign of the presynaptic neuron, or one at random
//
// The random numbers of one matrix are all different (they are a permutation of the index), so that exactly as many as are
// wanted lie at or below a limit, which is found digit by digit, 8 bits at a time.
//
// params holds weights, masks [post, pre] and signs [pre] (at an entry's `signs` unless that is NONE). moments: [slabs]
// [trainable], what the optimiser remembers; that of lost connections becomes 0 (HAS_MOMENTS). table: an entry a matrix.
//
// Dispatch: (matrices, 1, 1), a workgroup a matrix; a thread has every 256th connection to itself.

struct Step {
  seed: u32,
  step: u32,
  slots: array<vec4f, 64>,
}

struct Dims {
  slabs: u32,
  trainable: u32,
}

struct Entry {
  weight: u32,
  mask: u32,
  signs: u32,
  length: u32,
  pre: u32,
  no_diagonal: u32,
  connections: u32,
  stream: u32,
  l1: f32,
  noise: f32,
}

const NONE: u32 = 0xffffffffu;
const NOISE_STREAMS: u32 = 0x40000000u;
const WORKGROUP: u32 = 256u;
const HAS_MOMENTS: bool = false;

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<uniform> dims: Dims;
@group(0) @binding(2) var<storage, read> table: array<Entry>;
@group(0) @binding(3) var<storage, read_write> params: array<f32>;
@group(0) @binding(4) var<storage, read_write> moments: array<f32>;

var<workgroup> active_count: atomic<u32>;
var<workgroup> counts: array<atomic<u32>, 256>;
// How many are still wanted, and the digits of the limit that are known.
var<workgroup> wanted: u32;
var<workgroup> limit: u32;

fn pcg(x: u32) -> u32 {
  let state = x * 747796405u + 2891336453u;
  let word = ((state >> ((state >> 28u) + 4u)) ^ state) * 277803737u;
  return (word >> 22u) ^ word;
}

// 32 random bits that depend on (seed, stream, step, index) alone.
fn random_bits(stream: u32, index: u32) -> u32 {
  let key = pcg(step.step ^ pcg(stream ^ pcg(step.seed)));
  return pcg(pcg(index + key) ^ key);
}

// A standard normal number (Box & Muller 1958).
fn normal(stream: u32, index: u32) -> f32 {
  let a = f32((random_bits(stream, 2u * index) >> 8u) + 1u) * 5.9604644775390625e-8;
  let b = f32(random_bits(stream, 2u * index + 1u) >> 8u) * 5.9604644775390625e-8;
  // log may be above 0 next to 1, and cos is exact from -pi to pi alone
  return sqrt(max(0.0, -2.0 * log(a))) * cos(6.2831853 * (b - 0.5));
}

fn possible(e: Entry, i: u32) -> bool {
  return e.no_diagonal == 0u || i / e.pre != i % e.pre;
}

fn dormant(e: Entry, i: u32) -> bool {
  return params[e.mask + i] == 0.0 && possible(e, i);
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let e = table[group.x];

  var active_here = 0u;
  for (var i = lane; i < e.length; i += WORKGROUP) {
    let sign = params[e.mask + i];
    var size = sign * params[e.weight + i] - e.l1;
    if (e.noise > 0.0) {
      size += e.noise * normal(e.stream | NOISE_STREAMS, i);
    }
    if (sign == 0.0) {
      size = 0.0;
    } else if (size < 0.0) {
      size = 0.0;
      params[e.mask + i] = 0.0;
      if (HAS_MOMENTS) {
        for (var k = 0u; k < dims.slabs; k++) {
          moments[k * dims.trainable + e.weight + i] = 0.0;
        }
      }
    } else {
      active_here++;
    }
    params[e.weight + i] = sign * size;
  }
  atomicAdd(&active_count, active_here);
  workgroupBarrier();
  if (lane == 0u) {
    wanted = e.connections - min(e.connections, atomicLoad(&active_count));
    limit = 0u;
  }
  let missing = workgroupUniformLoad(&wanted);
  if (missing == 0u) {
    return;
  }

  // The missing'th smallest random number among those of dormant connections, its highest digit first.
  for (var shift = 24i; shift >= 0i; shift -= 8i) {
    atomicStore(&counts[lane], 0u);
    workgroupBarrier();
    // the digits above this one; all 32 bits shifted out are none
    let known = select(limit >> u32(shift + 8i), 0u, shift == 24i);
    for (var i = lane; i < e.length; i += WORKGROUP) {
      if (dormant(e, i)) {
        let bits = random_bits(e.stream, i);
        if (select(bits >> u32(shift + 8i), 0u, shift == 24i) == known) {
          atomicAdd(&counts[(bits >> u32(shift)) & 255u], 1u);
        }
      }
    }
    workgroupBarrier();
    if (lane == 0u) {
      var digit = 0u;
      var left = wanted;
      while (digit < 255u && atomicLoad(&counts[digit]) < left) {
        left -= atomicLoad(&counts[digit]);
        digit++;
      }
      wanted = left;
      limit |= digit << u32(shift);
    }
    workgroupBarrier();
  }
  for (var i = lane; i < e.length; i += WORKGROUP) {
    if (dormant(e, i)) {
      let bits = random_bits(e.stream, i);
      if (bits <= limit) {
        var sign = select(-1.0, 1.0, (pcg(bits) & 1u) == 1u);
        if (e.signs != NONE) {
          sign = params[e.signs + i % e.pre];
        }
        params[e.mask + i] = sign;
      }
    }
  }
}
