import { count, type Form, inWords, packSpikes, padRows, rows, width } from '../device/storage.ts';
import { words } from '../kernels/sizes.ts';
import type { Tape } from './tape.ts';
import type { Lengths, Tensor } from './tensor.ts';

export interface InputOptions {
  /** Time-major, [T, B, N]. */
  readonly shape: readonly number[];
  /**
   * 'f32' (default); 'bits' for spikes, given as 0 and 1, or as Uint32Array [T, B, ceil(N / 32)] with 32 neurons a word, the
   * first in its lowest bit, and sent as one bit each; 'bytes' for integers 0..255, sent as
   * one byte each, to be turned to floats by `dense`; 'words' for labels, not padded.
   */
  readonly form?: Form;
  /** Valid steps of each sample; all T by default. */
  readonly lengths?: ArrayLike<number>;
  readonly requiresGrad?: boolean;
  readonly name?: string;
}

/**
 * Brings data into a step.
 *
 * @param data numbers in the order of the shape, or a kept tensor of an earlier step, which stays on the device
 * @throws when the data does not fill the shape, or holds NaN or infinity, or spikes that are neither 0 nor 1
 */
export function input(tape: Tape, data: ArrayLike<number> | Tensor, options: InputOptions): Tensor {
  const { shape, form = 'f32', requiresGrad = false, name = 'input' } = options;
  const lengths = options.lengths && placeLengths(tape, options.lengths, shape, name);
  const spec = { form, shape, requiresGrad, name, lengths };
  if (isTensor(data)) {
    if (data.form !== form || data.shape.join() !== shape.join())
      throw new Error(`${name}: must be ${form}[${shape.join(', ')}], got ${data}`);
    return tape.place(spec, data.tape.source(data));
  }
  if (data.length !== count(shape) && !(form === 'bits' && inWords(data, shape)))
    throw new Error(`${name}: shape [${shape.join(', ')}] has ${count(shape)} values, got ${data.length}`);
  return tape.place(spec, encode(data, form, shape, name));
}

const isTensor = (data: ArrayLike<number> | Tensor): data is Tensor => 'tape' in data;

function placeLengths(tape: Tape, lengths: ArrayLike<number>, shape: readonly number[], name: string): Lengths {
  const [T, B] = shape as [number, number];
  if (lengths.length !== B)
    throw new Error(`${name}: lengths must have one entry for each of ${B} samples, got ${lengths.length}`);
  const values = Uint32Array.from(lengths);
  for (let b = 0; b < B; b++) {
    if (!(Number.isInteger(lengths[b]) && lengths[b]! >= 0 && lengths[b]! <= T))
      throw new Error(`${name}: lengths[${b}] must be in 0..${T}, got ${lengths[b]}`);
  }
  return {
    tensor: tape.place({ form: 'words', shape: [B], requiresGrad: false, name: `${name} lengths` }, values),
    values,
  };
}

function encode(
  data: ArrayLike<number>,
  form: Form,
  shape: readonly number[],
  name: string,
): Float32Array | Uint32Array {
  const refuse = (i: number, expected: string): never => {
    throw new Error(`${name}: value ${i} is ${data[i]}, expected ${expected}`);
  };
  switch (form) {
    case 'f32':
    case 'half': {
      for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i])) refuse(i, 'a finite number');
      const padded = padRows(data, shape, (n) => new Float32Array(n));
      return form === 'f32' ? padded : halves(padded);
    }
    case 'bits':
      if (shape.length !== 3) throw new Error(`${name}: spikes must have shape [T, B, N], got [${shape.join(', ')}]`);
      if (inWords(data, shape)) {
        const [N, W] = [width(shape), words(width(shape))];
        for (let i = W - 1; i < data.length; i += W)
          if (N % 32 && data[i]! >>> (N % 32)) refuse(i, `no spike beyond neuron ${N - 1}`);
      } else for (let i = 0; i < data.length; i++) if (data[i] !== 0 && data[i] !== 1) refuse(i, 'a spike, 0 or 1');
      return packSpikes(data, shape as [number, number, number]);
    case 'bytes': {
      for (let i = 0; i < data.length; i++)
        if (!(Number.isInteger(data[i]) && data[i]! >= 0 && data[i]! <= 255)) refuse(i, 'an integer in 0..255');
      const [n, m] = [width(shape), rows(shape)];
      const pitch = 4 * Math.ceil(n / 4);
      const out = new Uint8Array(pitch * m);
      for (let r = 0; r < m; r++) for (let i = 0; i < n; i++) out[r * pitch + i] = data[r * n + i]!;
      return new Uint32Array(out.buffer);
    }
    case 'words':
      for (let i = 0; i < data.length; i++)
        if (!(Number.isInteger(data[i]) && data[i]! >= 0 && data[i]! < 2 ** 32)) refuse(i, 'an unsigned integer');
      return Uint32Array.from(data);
  }
}

const scratch = new Float32Array(1);
const scratchBits = new Uint32Array(scratch.buffer);

/** Two binary16 numbers a word, rounded to nearest even; beyond 65,504 becomes infinity. */
function halves(values: Float32Array): Uint32Array {
  const half = (x: number): number => {
    scratch[0] = x;
    const bits = scratchBits[0]!;
    const sign = (bits >>> 16) & 0x8000;
    const magnitude = Math.abs(scratch[0]);
    if (magnitude >= 65520) return sign | 0x7c00;
    // below the smallest normal number steps are 2^-24 wide; above, 11 significant bits are kept
    const step = magnitude < 2 ** -14 ? 2 ** -24 : 2 ** (((bits >>> 23) & 255) - 127 - 10);
    const units = magnitude / step;
    const floor = Math.floor(units);
    const rounded = floor + (units - floor > 0.5 || (units - floor === 0.5 && floor % 2 === 1) ? 1 : 0);
    const value = rounded * step;
    if (value < 2 ** -14) return sign | rounded;
    const exponent = Math.floor(Math.log2(value));
    return sign | ((exponent + 15) << 10) | (value / 2 ** (exponent - 10) - 1024);
  };
  const out = new Uint32Array(values.length / 2);
  for (let i = 0; i < out.length; i++) out[i] = half(values[2 * i]!) | (half(values[2 * i + 1]!) << 16);
  return out;
}
