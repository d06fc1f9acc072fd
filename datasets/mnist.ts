import { readUnpacked } from './archive.ts';
import { type Files, firstOf } from './files.ts';
import { readIdx } from './idx.ts';
import { onlyKnown, suggest } from './options.ts';

/** Grey images of a part of a data set, as bytes. */
export interface GreyImages {
  readonly count: number;
  /** Pixels in a row, rows of an image. */
  readonly width: number;
  readonly height: number;
  /** [count, height * width], 0 to 255, row by row. */
  readonly pixels: Uint8Array;
  /** [count] */
  readonly labels: Uint8Array;
}

export interface Mnist {
  readonly name: 'mnist' | 'fashion-mnist';
  readonly classNames: readonly string[];
  readonly train: GreyImages;
  readonly test: GreyImages;
}

export interface MnistOptions {
  /** Which of the two it is: their files have the same names (default 'mnist'). */
  readonly name?: 'mnist' | 'fashion-mnist';
}

const CLASSES: Readonly<Record<Mnist['name'], readonly string[]>> = {
  mnist: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
  'fashion-mnist': [
    ...['T-shirt/top', 'Trouser', 'Pullover', 'Dress', 'Coat'],
    ...['Sandal', 'Shirt', 'Sneaker', 'Bag', 'Ankle boot'],
  ],
};

/**
 * MNIST (LeCun, Cortes & Burges) or Fashion-MNIST (Xiao, Rasul & Vollgraf 2017) from the four files as published, packed or
 * not: 60,000 training images of 28 x 28 pixels and 10,000 test images.
 *
 * @throws when a file is missing, cut short or another than its name says, with the file and the byte
 */
export async function loadMnist(files: Files, options: MnistOptions = {}): Promise<Mnist> {
  onlyKnown('loadMnist', options, ['name']);
  const { name = 'mnist' } = options;
  if (!Object.hasOwn(CLASSES, name))
    throw new Error(`loadMnist: there is no data set '${name}'${suggest(name, Object.keys(CLASSES))}`);
  const classNames = CLASSES[name];
  const [train, test] = [await partOf(files, 'train', classNames), await partOf(files, 't10k', classNames)];
  if (train.width !== test.width || train.height !== test.height)
    throw new Error(
      `loadMnist: training images are ${train.width} x ${train.height} pixels, test images ${test.width} x ${test.height}`,
    );
  return { name, classNames, train, test };
}

async function partOf(files: Files, part: string, classNames: readonly string[]): Promise<GreyImages> {
  const imagesFile = await firstOf(files, namesOf(part, 'images', 3));
  const labelsFile = await firstOf(files, namesOf(part, 'labels', 1));
  const images = readIdx(await readUnpacked(files, imagesFile), 3, imagesFile);
  const labels = readIdx(await readUnpacked(files, labelsFile), 1, labelsFile);
  const [count, height, width] = images.shape as [number, number, number];
  if (labels.shape[0] !== count)
    throw new Error(`${labelsFile}: byte 4: has ${labels.shape[0]} labels, ${imagesFile} has ${count} images`);
  const wrong = labels.values.findIndex((label) => label >= classNames.length);
  if (wrong >= 0)
    throw new Error(
      `${labelsFile}: byte ${labels.header + wrong}: expected a label from 0 to ${classNames.length - 1}, got ${labels.values[wrong]}`,
    );
  return { count, width, height, pixels: images.values, labels: labels.values };
}

/** The names that are in use for one of the files. */
const namesOf = (part: string, what: string, dimensions: number): string[] =>
  [`${part}-${what}-idx${dimensions}-ubyte`, `${part}-${what}.idx${dimensions}-ubyte`].flatMap((n) => [`${n}.gz`, n]);
