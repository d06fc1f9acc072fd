/** A recording. */
export interface Sound {
  /** Samples a second. */
  rate: number;
  /** The mean of the channels, 1 for full scale, shape [n]. */
  samples: Float32Array<ArrayBuffer>;
}

interface Format {
  float: boolean;
  channels: number;
  rate: number;
  /** Bits of a sample. */
  bits: number;
}

const PCM = 1;
const FLOAT = 3;
const EXTENSIBLE = 0xfffe;

/**
 * Reads a RIFF WAVE file: integers of 8, 16, 24 or 32 bits or floats of 32 or 64, any number of channels, which are
 * averaged. Chunks other than `fmt ` and `data` are passed over.
 *
 * @param bytes the whole file
 * @param name what error messages call it
 * @throws Error with name and byte offset when the file is cut short, damaged, or coded otherwise
 */
export function readWav(bytes: Uint8Array, name: string): Sound {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wrong = (offset: number, text: string): Error => new Error(`${name}: byte ${offset}: ${text}`);
  const tag = (offset: number): string => String.fromCharCode(...bytes.subarray(offset, offset + 4));

  if (bytes.length < 12) throw wrong(bytes.length, `expected a WAVE file, which has a header of 12 bytes, but it ends`);
  if (tag(0) !== 'RIFF' || tag(8) !== 'WAVE')
    throw wrong(0, `expected a WAVE file, 'RIFF' and 'WAVE', got ${shown(tag(0))} and ${shown(tag(8))}`);

  let format: Format | undefined;
  // chunks start at even offsets; one of odd length is followed by a byte of padding
  for (let at = 12; at < bytes.length; ) {
    if (at + 8 > bytes.length) {
      // a lone byte of padding at the end is common
      if (bytes.length - at === 1) break;
      throw wrong(at, `expected a chunk's name and length, 8 bytes, but the file ends after ${bytes.length - at}`);
    }
    const [kind, length, start] = [tag(at), view.getUint32(at + 4, true), at + 8];
    if (start + length > bytes.length)
      throw wrong(at, `the chunk ${shown(kind)} has ${length} bytes, but the file ends after ${bytes.length - start}`);
    if (kind === 'fmt ') format = formatOf(view, start, length, wrong);
    if (kind === 'data') {
      if (!format) throw wrong(at, `expected the chunk 'fmt ' before 'data'`);
      return { rate: format.rate, samples: samplesOf(view, start, length, format, wrong) };
    }
    at = start + length + (length % 2);
  }
  throw wrong(bytes.length, `expected the chunk 'data', but the file ends`);
}

type Wrong = (offset: number, text: string) => Error;

function formatOf(view: DataView, at: number, length: number, wrong: Wrong): Format {
  if (length < 16) throw wrong(at, `the chunk 'fmt ' has ${length} bytes, expected at least 16`);
  let code = view.getUint16(at, true);
  if (code === EXTENSIBLE) {
    if (length < 40) throw wrong(at, `the chunk 'fmt ' has ${length} bytes, expected 40 for the extensible form`);
    code = view.getUint16(at + 24, true);
  }
  const [channels, rate, block] = [
    view.getUint16(at + 2, true),
    view.getUint32(at + 4, true),
    view.getUint16(at + 12, true),
  ];
  const bits = view.getUint16(at + 14, true);
  const float = code === FLOAT;
  const known = float ? [32, 64] : [8, 16, 24, 32];
  if (code !== PCM && !float) throw wrong(at, `the coding is ${code}, expected ${PCM} (integers) or ${FLOAT} (floats)`);
  if (!known.includes(bits)) throw wrong(at + 14, `samples have ${bits} bits, expected ${known.join(', ')}`);
  if (channels === 0) throw wrong(at + 2, 'there are 0 channels, expected at least one');
  if (rate === 0) throw wrong(at + 4, 'there are 0 samples a second');
  if (block !== (channels * bits) / 8)
    throw wrong(at + 12, `a frame has ${block} bytes, expected ${channels} channels x ${bits / 8} bytes`);
  return { float, channels, rate, bits };
}

function samplesOf(
  view: DataView,
  start: number,
  length: number,
  { float, channels, bits }: Format,
  wrong: Wrong,
): Float32Array<ArrayBuffer> {
  const bytes = bits / 8;
  const frame = channels * bytes;
  if (length % frame !== 0)
    throw wrong(start, `the chunk 'data' has ${length} bytes, expected a multiple of ${frame}, the bytes of a frame`);
  const read = float ? floatReader(view, bits, wrong) : integerReader(view, bits);
  const out = new Float32Array(length / frame);
  for (let i = 0; i < out.length; i++) {
    let sum = 0;
    for (let c = 0; c < channels; c++) sum += read(start + i * frame + c * bytes);
    out[i] = sum / channels;
  }
  return out;
}

function floatReader(view: DataView, bits: number, wrong: Wrong): (at: number) => number {
  return (at) => {
    const x = bits === 32 ? view.getFloat32(at, true) : view.getFloat64(at, true);
    if (!Number.isFinite(x)) throw wrong(at, `the sample is ${x}, expected a finite number`);
    return x;
  };
}

function integerReader(view: DataView, bits: number): (at: number) => number {
  switch (bits) {
    case 8: // the only one without a sign
      return (at) => (view.getUint8(at) - 128) / 128;
    case 16:
      return (at) => view.getInt16(at, true) / 2 ** 15;
    case 24:
      return (at) => (view.getUint8(at) + 256 * view.getInt16(at + 1, true)) / 2 ** 23;
    default:
      return (at) => view.getInt32(at, true) / 2 ** 31;
  }
}

const shown = (text: string): string => JSON.stringify(text).replaceAll('"', "'");
