export interface WavOptions {
  rate?: number;
  channels?: number;
  /** Bits of a sample, with 'f' before them for floats. */
  form?: '8' | '16' | '24' | '32' | 'f32' | 'f64';
  extensible?: boolean;
  /** Chunks before `data`, by name. */
  chunks?: Record<string, Uint8Array>;
}

/** A WAVE file of these samples, channels interleaved, 1 for full scale. */
export function wavFile(samples: ArrayLike<number>, options: WavOptions = {}): Uint8Array<ArrayBuffer> {
  const { rate = 8000, channels = 1, form = '16', extensible = false, chunks = {} } = options;
  const float = form.startsWith('f');
  const bytes = Number(form.replace('f', '')) / 8;
  const data = new DataView(new ArrayBuffer(samples.length * bytes));
  for (let i = 0; i < samples.length; i++) {
    const [at, x] = [i * bytes, samples[i]!];
    if (form === '8') data.setUint8(at, Math.round(128 + 128 * x));
    else if (form === '16') data.setInt16(at, Math.round(2 ** 15 * x), true);
    else if (form === '24') {
      const whole = Math.round(2 ** 23 * x);
      data.setUint8(at, whole & 255);
      data.setInt16(at + 1, whole >> 8, true);
    } else if (form === '32') data.setInt32(at, Math.round(2 ** 31 * x), true);
    else if (form === 'f32') data.setFloat32(at, x, true);
    else data.setFloat64(at, x, true);
  }
  const code = float ? 3 : 1;
  const fmt = new DataView(new ArrayBuffer(extensible ? 40 : 16));
  fmt.setUint16(0, extensible ? 0xfffe : code, true);
  fmt.setUint16(2, channels, true);
  fmt.setUint32(4, rate, true);
  fmt.setUint32(8, rate * channels * bytes, true);
  fmt.setUint16(12, channels * bytes, true);
  fmt.setUint16(14, bytes * 8, true);
  if (extensible) fmt.setUint16(24, code, true);
  const all = { 'fmt ': new Uint8Array(fmt.buffer), ...chunks, data: new Uint8Array(data.buffer) };
  const body = Object.entries(all).flatMap(([name, content]) => [
    ...ascii(name),
    ...little(content.length),
    ...content,
    ...(content.length % 2 ? [0] : []),
  ]);
  return Uint8Array.from([...ascii('RIFF'), ...little(4 + body.length), ...ascii('WAVE'), ...body]);
}

const ascii = (text: string): number[] => [...text].map((c) => c.charCodeAt(0));
const little = (n: number): number[] => [n & 255, (n >> 8) & 255, (n >> 16) & 255, n >>> 24];
