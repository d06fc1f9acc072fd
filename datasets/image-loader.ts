import seedrandom from 'seedrandom';
import { levelCrossing, levelCrossingInputs } from './level-crossing.ts';
import { DataLoader } from './loader.ts';
import type { GreyImages } from './mnist.ts';
import { onlyKnown, suggest } from './options.ts';
import type { Sample, SampleForm } from './sample.ts';

export interface ImageLoaderOptions {
  /**
   * - 'static': the whole image at every step, as bytes, [steps, pixels]
   * - 'intensity': pixels one after the other, as bytes, [pixels / perStep + cue, perStep]; with a cue one input more, which
   *   is 255 during the cue
   * - 'level-crossing': pixels one after the other, as spikes, [pixels + cue, 2 levels]; see `levelCrossing`
   */
  readonly encoding: 'static' | 'intensity' | 'level-crossing';
  /** Pixels along a side that are averaged into one, before all else (default 1). */
  readonly pool?: number;
  /** Shows the pixels in an order that this seed decides, the same for all images. */
  readonly permuted?: number;
  /** Of 'static' (default 1: an encoder layer makes the steps). */
  readonly steps?: number;
  /** Of 'intensity': pixels of a step (default 1; 28 are a row of MNIST). */
  readonly perStep?: number;
  /** Steps after the last pixel (default 56 of 'level-crossing', 0 of 'intensity'). */
  readonly cue?: number;
  /** Of 'level-crossing' (default 40). */
  readonly levels?: number;
}

/** Options that are of one encoding alone. */
const OWN: Readonly<Record<ImageLoaderOptions['encoding'], readonly string[]>> = {
  static: ['steps'],
  intensity: ['perStep', 'cue'],
  'level-crossing': ['levels', 'cue'],
};

/**
 * Images as a net takes them, encoded when a batch is made of them: 60,000 sequences of 840 steps and 80 inputs are 16 GB
 * as numbers, and 47 MB as the pixels that are kept here.
 *
 * @throws when an option is not what it should be
 */
export function imageLoader(images: GreyImages, options: ImageLoaderOptions): DataLoader {
  const { encoding, pool = 1, permuted, steps = 1, perStep = 1, levels = 40 } = options;
  if (!Object.hasOwn(OWN, encoding))
    throw new Error(`imageLoader: there is no encoding '${encoding}'${suggest(String(encoding), Object.keys(OWN))}`);
  onlyKnown(`imageLoader: '${encoding}'`, options, ['encoding', 'pool', 'permuted', ...OWN[encoding]]);
  const { cue = encoding === 'level-crossing' ? 56 : 0 } = options;
  for (const [name, n, least] of [
    ...([
      ['pool', pool, 1],
      ['steps', steps, 1],
      ['perStep', perStep, 1],
      ['cue', cue, 0],
    ] as const),
    ['levels', levels, 3] as const,
  ]) {
    if (!(Number.isInteger(n) && n >= least))
      throw new Error(`imageLoader: ${name} must be a whole number from ${least} on, got ${n}`);
  }
  const { width, height } = images;
  if (width % pool !== 0 || height % pool !== 0)
    throw new Error(`imageLoader: pool ${pool} does not divide images of ${width} x ${height} pixels`);
  const size = (width / pool) * (height / pool);
  if (size % perStep !== 0) throw new Error(`imageLoader: perStep ${perStep} does not divide ${size} pixels`);
  const order = permuted === undefined ? null : permutation(size, permuted);
  const pixelsOf = (i: number): Uint8Array => {
    const pooled = poolPixels(images, i, pool);
    return order ? Uint8Array.from(order, (from) => pooled[from] as number) : pooled;
  };
  const { shape, form, encode } = encoderOf(encoding, { size, steps, perStep, cue, levels });
  const decode = (i: number): Sample => ({ values: encode(pixelsOf(i)) });
  return new DataLoader({
    count: images.count,
    steps: shape[0],
    inputs: shape[1],
    form,
    labels: images.labels,
    decode,
  });
}

interface Encoder {
  readonly shape: readonly [steps: number, inputs: number];
  readonly form: SampleForm;
  readonly encode: (pixels: Uint8Array) => Sample['values'];
}

function encoderOf(
  encoding: ImageLoaderOptions['encoding'],
  { size, steps, perStep, cue, levels }: { size: number; steps: number; perStep: number; cue: number; levels: number },
): Encoder {
  switch (encoding) {
    case 'static': {
      const encode = (pixels: Uint8Array): Uint8Array =>
        Uint8Array.from({ length: steps * size }, (_, k) => pixels[k % size] as number);
      return { shape: [steps, size], form: 'bytes', encode };
    }
    case 'intensity': {
      const inputs = perStep + (cue > 0 ? 1 : 0);
      const shown = size / perStep;
      const encode = (pixels: Uint8Array): Uint8Array => {
        const values = new Uint8Array((shown + cue) * inputs);
        for (let p = 0; p < size; p++) values[Math.floor(p / perStep) * inputs + (p % perStep)] = pixels[p] as number;
        for (let t = shown; t < shown + cue; t++) values[t * inputs + perStep] = 255;
        return values;
      };
      return { shape: [shown + cue, inputs], form: 'bytes', encode };
    }
    case 'level-crossing': {
      const encode = (pixels: Uint8Array): Uint32Array => levelCrossing(pixels, { levels, cue }).words;
      return { shape: [size + cue, levelCrossingInputs({ levels })], form: 'bits', encode };
    }
  }
}

/** Image i with squares of pixels averaged, rounded to whole numbers. */
export function poolPixels({ width, height, pixels }: GreyImages, i: number, pool: number): Uint8Array {
  const image = pixels.subarray(i * width * height, (i + 1) * width * height);
  if (pool === 1) return image;
  const [columns, rows] = [width / pool, height / pool];
  const sums = new Uint32Array(columns * rows);
  image.forEach((value, p) => {
    const at = Math.floor(Math.floor(p / width) / pool) * columns + Math.floor((p % width) / pool);
    sums[at] = (sums[at] as number) + value;
  });
  return Uint8Array.from(sums, (sum) => Math.round(sum / pool ** 2));
}

/** 0 .. n - 1 in an order that the seed decides. */
export function permutation(n: number, seed: number): Uint32Array<ArrayBuffer> {
  const random = seedrandom(`${seed}/permutation`);
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j] as number, order[i] as number];
  }
  return order;
}
