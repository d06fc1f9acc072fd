import { beforeAll, expect, it } from 'vitest';
import { readUnpacked } from '../../datasets/archive.ts';
import { type GreyImages, imageLoader, levelCrossing, loadMnist, type Mnist } from '../../datasets/index.ts';
import { dataFolder, histogram, md5 } from './folder.ts';

// The real files: 60,000 and 10,000 images, the MD5 sums of the unpacked files as they are published.

let mnist: Mnist;
beforeAll(async () => {
  mnist = await loadMnist(dataFolder('mnist'));
});

it('has the published checksums', async () => {
  const files = dataFolder('mnist');
  const sums = [];
  for (const name of await files.list()) sums.push([name.slice(0, 12), md5(await readUnpacked(files, name))]);
  expect(sums).toEqual([
    ['t10k-images-', '2646ac647ad5339dbf082846283269ea'],
    ['t10k-labels-', '27ae3e4e09519cfbb04c329615203637'],
    ['train-images', '6bbc9ace898e44ae57da46a324031adb'],
    ['train-labels', 'a25bea736e30d166cdddb491f175f624'],
  ]);
});

it('has the known counts of classes', () => {
  const part = ({ count, width, height, pixels, labels }: GreyImages) => [
    count,
    width,
    height,
    pixels.length,
    labels.length,
  ];
  expect(part(mnist.train)).toEqual([60000, 28, 28, 47040000, 60000]);
  expect(part(mnist.test)).toEqual([10000, 28, 28, 7840000, 10000]);
  expect(histogram(mnist.train.labels, 10)).toEqual([5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
  expect(histogram(mnist.test.labels, 10)).toEqual([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
});

it('has the known mean and deviation of the brightness', () => {
  let [sum, squares] = [0, 0];
  for (const x of mnist.train.pixels) {
    sum += x / 255;
    squares += (x / 255) ** 2;
  }
  const mean = sum / mnist.train.pixels.length;
  expect([mean, Math.sqrt(squares / mnist.train.pixels.length - mean ** 2)].map((x) => x.toFixed(4))).toEqual([
    '0.1307',
    '0.3081',
  ]);
});

it('gives batches of level crossings from the pixels', async () => {
  const loader = imageLoader(mnist.train, { encoding: 'level-crossing' });
  expect([loader.count, loader.steps, loader.inputs, loader.form]).toEqual([60000, 840, 80, 'bits']);
  const { values, labels, shape } = await loader.batch([59999, 0]);
  expect([...labels, ...shape]).toEqual([8, 5, 840, 2, 80]);
  const first = levelCrossing(mnist.train.pixels.subarray(0, 784)).words;
  for (let t = 0; t < 840; t++) for (let w = 0; w < 3; w++) expect(values[(t * 2 + 1) * 3 + w]).toBe(first[t * 3 + w]);
});

it('reads Fashion-MNIST, whose classes are all as frequent', async () => {
  const { train, test, classNames } = await loadMnist(dataFolder('fashion-mnist'), { name: 'fashion-mnist' });
  expect([train.count, test.count, classNames[9]]).toEqual([60000, 10000, 'Ankle boot']);
  expect(histogram(train.labels, 10)).toEqual(Array(10).fill(6000));
  expect(histogram(test.labels, 10)).toEqual(Array(10).fill(1000));
  // the first training images, as the publisher's page shows them: a boot, then T-shirts and a dress
  expect(Array.from(train.labels.subarray(0, 5), (label) => classNames[label])).toEqual([
    ...['Ankle boot', 'T-shirt/top', 'T-shirt/top', 'Dress', 'T-shirt/top'],
  ]);
});
