import { type DataLoader, type GreyImages, imageLoader, loadDigits, loadMnist, split } from 'spiketape/datasets';
import { host } from 'spiketape/host';
import type { LabelledRange } from 'spiketape/report';
import { dataFiles } from '../common/data.ts';

export interface SequenceOptions {
  readonly quick: boolean;
  readonly permuted: boolean;
  readonly seed: number;
  /** Training samples at most, once validation is cut from them; 0: all. */
  readonly limit: number;
  /** Pixels along a side that are averaged into one. */
  readonly pool: number;
  readonly cue: number;
}

export interface ImageSequences {
  /** What it is, for people. */
  readonly text: string;
  readonly classes: readonly string[];
  readonly inputs: number;
  readonly cue: number;
  readonly train: DataLoader;
  readonly validation: DataLoader;
  /** The test part: asked for once, when training is over. */
  readonly test: () => DataLoader;
  readonly phases: LabelledRange[];
  /** The first image of the validation part, grey values from 0 to 1. */
  readonly validationImage: { width: number; height: number; values: Float32Array };
}

/** Part of the training samples that is kept for validation. */
const VALIDATION = 1 / 12;

/**
 * Images shown pixel by pixel as spikes of level crossings, then a cue: MNIST from the data folder or the net, with `--quick`
 * the embedded digits where there is no folder. Validation is cut from the training part by the seed.
 */
export async function imageSequences(options: SequenceOptions): Promise<ImageSequences> {
  const { quick, permuted, seed, limit, cue } = options;
  const embedded = quick && !(await host.hasData('mnist'));
  const { name, train, test, classes, pool } = embedded ? await embeddedDigits(seed) : await mnist(options.pool);
  const loaderOf = (images: GreyImages): DataLoader =>
    imageLoader(images, { encoding: 'level-crossing', pool, cue, ...(permuted ? { permuted: 0 } : {}) });
  const all = loaderOf(train);
  const [rest, kept] = split(train.count, { fractions: [1 - VALIDATION, VALIDATION], seed, labels: train.labels });
  const most = (which: Uint32Array, n: number): Uint32Array => (limit > 0 ? which.subarray(0, Math.ceil(n)) : which);
  const [trained, validated] = [most(rest, limit), most(kept, limit / 6)];
  const pixels = all.steps - cue;
  const side = Math.sqrt(pixels);
  const what = `${name}, ${side} x ${side} pixels${permuted ? ' in an order of their own' : ''}`;
  const first = validated[0]!;
  const { width, height } = train;
  const image = train.pixels.subarray(first * width * height, (first + 1) * width * height);
  return {
    text: `${what}: ${trained.length} to train, ${validated.length} to validate, ${all.steps} steps of ${all.inputs} inputs`,
    classes,
    inputs: all.inputs,
    cue,
    train: all.subset(trained),
    validation: all.subset(validated),
    test: () => {
      const loader = loaderOf(test);
      return limit > 0 && limit / 6 < test.count
        ? loader.subset(Array.from({ length: Math.ceil(limit / 6) }, (_, i) => i))
        : loader;
    },
    phases: [
      { from: 0, to: pixels, label: 'pixels' },
      { from: pixels, to: all.steps, label: 'cue' },
    ],
    validationImage: { width, height, values: Float32Array.from(image, (x) => x / 255) },
  };
}

interface Images {
  readonly name: string;
  readonly train: GreyImages;
  readonly test: GreyImages;
  readonly classes: readonly string[];
  readonly pool: number;
}

async function mnist(pool: number): Promise<Images> {
  const { train, test, classNames } = await loadMnist(await dataFiles('mnist'));
  return { name: 'MNIST', train, test, classes: classNames, pool };
}

/** The digits that come with the package, a fifth of them as the test part. */
async function embeddedDigits(seed: number): Promise<Images> {
  const { count, width, height, images, labels } = await loadDigits();
  const size = width * height;
  const part = (which: Uint32Array): GreyImages => ({
    count: which.length,
    width,
    height,
    pixels: Uint8Array.from({ length: which.length * size }, (_, k) =>
      Math.round(255 * images[which[Math.floor(k / size)]! * size + (k % size)]!),
    ),
    labels: Uint8Array.from(which, (i) => labels[i]!),
  });
  const [train, test] = split(count, { fractions: [0.8, 0.2], seed, labels });
  return {
    name: 'the embedded digits (no MNIST folder was given)',
    train: part(train),
    test: part(test),
    classes: [...'0123456789'],
    pool: 1,
  };
}
