import type { Loss } from '../autograd/loss.ts';
import type { Parameter } from '../autograd/parameter.ts';
import type { Tape } from '../autograd/tape.ts';
import type { Tensor } from '../autograd/tensor.ts';
import type { Executable } from '../device/device.ts';
import { type Storage, unpadRows } from '../device/storage.ts';
import type { ReferenceDevice } from '../reference/device.ts';

// What the reference computed, without the rounding to float32 that reading a tensor does.

/** A kept tensor's values, without padding. */
export async function read64(t: Tensor): Promise<Float64Array> {
  const { executable, storage } = placeOf(t);
  return contents(executable, storage, t.shape);
}

/** The gradient of a tensor for which keepGradient() was called. */
export async function gradient64(t: Tensor, loss: Loss): Promise<Float64Array> {
  const { executable } = placeOf(loss.terms[0]!.term.tensor);
  const storage = t.tape.engine.lowered(executable).gradients.get(t.id);
  if (!storage) throw new Error(`no gradient of the loss reaches ${t}`);
  return contents(executable, storage, t.shape);
}

/** The last step's gradient of a parameter, itself and not a copy. */
export function parameterGradient64(tape: Tape, p: Parameter): Float64Array {
  const { grads, device } = tape.arena!;
  const at = tape.arena!.offset(p);
  return (device as ReferenceDevice).memory(grads).subarray(at, at + p.data.length);
}

/** A parameter's values on the reference, itself and not a copy. */
export function parameter64(tape: Tape, p: Parameter): Float64Array {
  const { params, device } = tape.arena!;
  const at = tape.arena!.offset(p);
  return (device as ReferenceDevice).memory(params).subarray(at, at + p.data.length);
}

/** The loss of a step that ran. */
export async function loss64(loss: Loss): Promise<number> {
  let total = 0;
  for (const term of new Set(loss.terms.map((t) => t.term))) {
    // a sum over numbers, whatever their precision
    total += term.sum((await read64(term.tensor)) as unknown as Float32Array);
  }
  return total;
}

function placeOf(t: Tensor): { executable: Executable; storage: Storage } {
  const source = t.tape.source(t);
  if (!('executable' in source)) throw new Error(`${t} is on no device`);
  return source;
}

async function contents(executable: Executable, storage: Storage, shape: readonly number[]): Promise<Float64Array> {
  const { words } = await executable.read(storage);
  if (!(words instanceof Float64Array)) throw new Error(`${storage.name} was not computed by the reference`);
  return unpadRows(words, shape, (n) => new Float64Array(n));
}
