/**
 * Region <weights> of the shaders that read weight matrices in half precision: two numbers a word, as the kernel `effective`
 * packs them.
 *
 * A quad of weights is 8 bytes, as a vec4<f16> is, and its conversion one instruction a number, as for that; but unpacking is
 * part of WGSL, so that this needs neither the feature shader-f16 nor, beside the constants, which stay float32, a binding
 * of its own. Sums are float32 either way: arithmetic in half precision would lose what the many small terms add up to.
 */
export const packedWeights = `alias Stored = vec2u;

fn weight(at: u32) -> vec4f {
  let packed = effective[at];
  return vec4f(unpack2x16float(packed.x), unpack2x16float(packed.y));
}

fn per_neuron(at: u32, i: u32) -> vec4f {
  let k = 2u * (at + i);
  return bitcast<vec4f>(vec4u(effective[k], effective[k + 1u]));
}`;
