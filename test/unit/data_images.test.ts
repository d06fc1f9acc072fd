import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  type BitRows,
  type GreyImages,
  imageLoader,
  levelCrossing,
  loadMnist,
  memoryFiles,
  permutation,
} from '../../datasets/index.ts';

/** An idx file: sizes, then bytes. */
function idx(shape: number[], values: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(4 + 4 * shape.length + values.length);
  bytes.set([0, 0, 8, shape.length]);
  shape.forEach((n, d) => new DataView(bytes.buffer).setUint32(4 + 4 * d, n));
  bytes.set(Array.from(values), 4 + 4 * shape.length);
  return bytes;
}

const pixels = (n: number): number[] => Array.from({ length: n * 12 }, (_, i) => (i * 37) % 256);
const parts = {
  'train-images-idx3-ubyte.gz': gzipSync(idx([4, 3, 4], pixels(4))),
  'train-labels-idx1-ubyte.gz': gzipSync(idx([4], [3, 1, 4, 9])),
  't10k-images.idx3-ubyte': idx([2, 3, 4], pixels(2)),
  't10k-labels.idx1-ubyte': idx([2], [5, 0]),
};
const loaded = (changes: Record<string, Uint8Array | undefined>) =>
  loadMnist(
    memoryFiles(
      Object.fromEntries(Object.entries({ ...parts, ...changes }).filter(([, v]) => v)) as Record<string, Uint8Array>,
    ),
  );

describe('loadMnist', () => {
  it('reads files packed and not, by either of their names', async () => {
    const { name, train, test, classNames } = await loaded({});
    expect([name, classNames[9], train.count, train.width, train.height]).toEqual(['mnist', '9', 4, 4, 3]);
    expect([...train.labels, ...test.labels]).toEqual([3, 1, 4, 9, 5, 0]);
    expect([...train.pixels]).toEqual(pixels(4));
    const fashion = await loadMnist(memoryFiles(parts), { name: 'fashion-mnist' });
    expect([fashion.classNames[0], fashion.classNames[9]]).toEqual(['T-shirt/top', 'Ankle boot']);
  });

  const images = 't10k-images.idx3-ubyte';
  const labels = 't10k-labels.idx1-ubyte';
  it.each<[string, Record<string, Uint8Array | undefined>, string]>([
    [
      'a missing file',
      { [labels]: undefined },
      'or t10k-labels.idx1-ubyte; the folder has t10k-images.idx3-ubyte, train-images',
    ],
    [
      'labels in place of images',
      { [images]: parts[labels] },
      `${images}: cut short at byte 10: an idx header of 16 bytes`,
    ],
    [
      'long labels in place of images',
      { [images]: idx([20], new Uint8Array(20)) },
      `${images}: byte 3: expected images, which have 3 dimensions, got 1 (labels)`,
    ],
    [
      'images in place of labels',
      { [labels]: parts[images] },
      `${labels}: byte 3: expected labels, which have 1 dimensions, got 3 (images)`,
    ],
    [
      'another file',
      { [images]: new TextEncoder().encode('<!DOCTYPE html> not found') },
      `${images}: byte 0: expected an idx file, which begins with 00 00, got 3c 21`,
    ],
    [
      'floats',
      { [images]: Uint8Array.of(0, 0, 13, 3, ...new Array(12).fill(0)) },
      `${images}: byte 2: expected idx type 08 (unsigned bytes), got 0d`,
    ],
    [
      'a file cut short',
      { [images]: parts[images].slice(0, 30) },
      `${images}: its header says 2 x 3 x 4 bytes, so 40 with the header; the file ends at byte 30`,
    ],
    [
      'a packed file cut short',
      { 'train-images-idx3-ubyte.gz': parts['train-images-idx3-ubyte.gz'].subarray(0, 40) },
      'train-images-idx3-ubyte.gz: expected a whole gzip file of 40 bytes',
    ],
    [
      'fewer labels than images',
      { [labels]: idx([1], [5]) },
      `${labels}: byte 4: has 1 labels, ${images} has 2 images`,
    ],
    [
      'a label that is none',
      { [labels]: idx([2], [5, 10]) },
      `${labels}: byte 9: expected a label from 0 to 9, got 10`,
    ],
    [
      'images of another size',
      { [images]: idx([2, 2, 4], new Uint8Array(16)) },
      'training images are 4 x 3 pixels, test images 4 x 2',
    ],
  ])('refuses %s', async (_, changes, message) => {
    await expect(loaded(changes)).rejects.toThrow(message);
  });

  it('refuses another data set', async () => {
    await expect(loadMnist(memoryFiles(parts), { name: 'fashion_mnist' as never })).rejects.toThrow(
      "did you mean 'fashion-mnist'?",
    );
  });
});

describe('levelCrossing', () => {
  const spikes = (bits: BitRows): [number, number][] => {
    const all: [number, number][] = [];
    for (let t = 0; t < bits.steps; t++) for (let n = 0; n < bits.inputs; n++) if (bits.get(t, n)) all.push([t, n]);
    return all;
  };

  it('has two spikes for each level that is crossed, full brightness, and the cue', () => {
    // levels 0, 6, 13, 19, ...: the first three crossed are inputs 2, 4, 6 upwards and 3, 5, 7 downwards
    const bits = levelCrossing([0, 6, 6, 13, 20, 5, 0, 255], { cue: 2 });
    expect([bits.steps, bits.inputs]).toEqual([10, 80]);
    const upTo255 = Array.from({ length: 38 }, (_, i): [number, number] => [6, 2 * (i + 1)]);
    expect(spikes(bits)).toEqual([
      [0, 2],
      [2, 4],
      [3, 6],
      [4, 3],
      [4, 5],
      [4, 7],
      ...upTo255,
      [7, 78],
      [8, 79],
      [9, 79],
    ]);
  });

  it('is the published task: what the rule says for each input, one by one', () => {
    const x = Array.from({ length: 784 }, (_, t) =>
      Math.max(0, Math.min(255, Math.round(140 + 150 * Math.sin(t * t * 0.013)))),
    );
    const thr = Array.from({ length: 40 }, (_, i) => Math.floor((i * 255) / 39));
    const wanted = (t: number, n: number): boolean => {
      if (n === 79) return t >= 784;
      if (t >= 784 || n < 2) return false;
      if (n === 78) return x[t] === 255;
      if (t > 782) return false;
      const i = n >> 1;
      return n % 2 === 0 ? x[t]! < thr[i]! && thr[i]! <= x[t + 1]! : x[t]! >= thr[i]! && thr[i]! > x[t + 1]!;
    };
    const bits = levelCrossing(x);
    expect([bits.steps, bits.inputs]).toEqual([840, 80]);
    let fired = 0;
    for (let t = 0; t < 840; t++) {
      for (let n = 0; n < 80; n++) {
        if (bits.get(t, n) !== wanted(t, n)) throw new Error(`step ${t}, input ${n}: ${bits.get(t, n)}`);
        fired += bits.get(t, n) ? 1 : 0;
      }
    }
    expect(fired).toBeGreaterThan(1000);
  });

  it('refuses what is no number of levels or steps', () => {
    expect(() => levelCrossing([0], { levels: 2 })).toThrow('levels must be a whole number from 3 on, got 2');
    expect(() => levelCrossing([0, 0.5])).toThrow('pixels must be integers in 0..255, got 0.5');
    expect(() => levelCrossing([0], { cue: 0.5 })).toThrow('cue must be a whole number of steps from 0 on, got 0.5');
  });
});

describe('imageLoader', () => {
  const images: GreyImages = {
    count: 2,
    width: 4,
    height: 2,
    pixels: Uint8Array.of(1, 3, 10, 20, 5, 8, 30, 40, 0, 255, 0, 255, 0, 255, 0, 255),
    labels: Uint8Array.of(7, 2),
  };
  const first = async (options: Parameters<typeof imageLoader>[1], from = images) => {
    const loader = imageLoader(from, options);
    const { values, shape, labels } = await loader.batch([0]);
    expect(shape).toEqual([loader.steps, 1, loader.inputs]);
    expect([...labels]).toEqual([7]);
    return [shape[0], shape[2], loader.form, [...values]];
  };

  it('shows whole images, rows and single pixels', async () => {
    const pixels = [1, 3, 10, 20, 5, 8, 30, 40];
    expect(await first({ encoding: 'static' })).toEqual([1, 8, 'bytes', pixels]);
    expect(await first({ encoding: 'static', steps: 2 })).toEqual([2, 8, 'bytes', [...pixels, ...pixels]]);
    expect(await first({ encoding: 'intensity' })).toEqual([8, 1, 'bytes', pixels]);
    expect(await first({ encoding: 'intensity', perStep: 4 })).toEqual([2, 4, 'bytes', pixels]);
    expect(await first({ encoding: 'intensity', perStep: 4, cue: 1 })).toEqual([
      ...[3, 5, 'bytes'],
      [1, 3, 10, 20, 0, 5, 8, 30, 40, 0, 0, 0, 0, 0, 255],
    ]);
    expect(await first({ encoding: 'intensity', pool: 2 })).toEqual([2, 1, 'bytes', [4, 25]]);
  });

  it('shows spikes of level crossings', async () => {
    const options = { levels: 5, cue: 3 };
    const words = [...levelCrossing(images.pixels.subarray(0, 8), options).words];
    expect(await first({ encoding: 'level-crossing', ...options })).toEqual([11, 10, 'bits', words]);
    const loader = imageLoader(images, { encoding: 'level-crossing' });
    expect([loader.steps, loader.inputs]).toEqual([64, 80]);
  });

  it('permutes the pixels of all images alike, by the seed', async () => {
    const order = permutation(8, 3);
    expect([...order].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(permutation(8, 3)).toEqual(order);
    expect(permutation(8, 4)).not.toEqual(order);
    const { values } = await imageLoader(images, { encoding: 'intensity', permuted: 3 }).batch([0, 1]);
    order.forEach((from, t) =>
      expect([values[2 * t], values[2 * t + 1]]).toEqual([images.pixels[from], images.pixels[8 + from]]),
    );
  });

  it('refuses options that are not its own', () => {
    const refused = (options: object) => expect(() => imageLoader(images, options as never));
    refused({ encoding: 'levels' }).toThrow("imageLoader: there is no encoding 'levels'");
    refused({ encoding: 'static', cue: 3 }).toThrow("imageLoader: 'static': there is no option 'cue'");
    refused({ encoding: 'intensity', pool: 4 }).toThrow('pool 4 does not divide images of 4 x 2 pixels');
    refused({ encoding: 'intensity', perStep: 3 }).toThrow('perStep 3 does not divide 8 pixels');
    refused({ encoding: 'level-crossing', levels: 2 }).toThrow('levels must be a whole number from 3 on, got 2');
  });
});
