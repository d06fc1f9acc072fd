// The Euclidean norm of all gradients, in one order on a device.
//
//   result[g] = sum over the share g of x^2 (SQUARES) or of x ;  with LAST its root
//
// x: [count]; result: [groups], one number a workgroup. Each share is `share` numbers long; a thread adds up every 256th of
// them, then the threads' sums are added in pairs, or where the device has them by the threads of a subgroup, without waiting
// for each other in between. Many gradients take two dispatches: squares first, then the shares' sums.
//
// Dispatch: (ceil(count / share), 1, 1).

// <extensions>
// </extensions>

struct Step {
  seed: u32,
  step: u32,
  slots: array<vec4f, 64>,
}

struct Dims {
  count: u32,
  share: u32,
}

const SQUARES: bool = true;
const LAST: bool = true;

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<uniform> dims: Dims;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read_write> result: array<f32>;

var<workgroup> sums: array<f32, 256>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let end = min(dims.count, (group.x + 1u) * dims.share);
  var sum = 0.0;
  for (var i = group.x * dims.share + lane; i < end; i += 256u) {
    sum += x[i] * select(1.0, x[i], SQUARES);
  }
  sums[lane] = sum;
  // <total>
  for (var half = 128u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) {
      sum += sums[lane + half];
      sums[lane] = sum;
    }
  }
  // </total>
  if (lane == 0u) {
    result[group.x] = select(sum, sqrt(sum), LAST);
  }
}
