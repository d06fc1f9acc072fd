import { describe, expect, it } from 'vitest';
import {
  Adam,
  atan,
  Dataset,
  Engine,
  encode,
  fastSigmoid,
  LIF,
  Linear,
  loss,
  regularize,
  Sequential,
} from '../../src/index.ts';
import { ReferenceDevice } from '../../src/reference/device.ts';
import { fit as train } from '../../src/train/fit.ts';

// What people type who come from other frameworks, or in a hurry. Each is told what was expected.

const wrong = <T>(x: unknown): T => x as T;
const set = new Dataset({ steps: 2, inputs: 4, values: new Float32Array(32), labels: [0, 1, 0, 1] });
const net = (): Sequential => new Sequential(new LIF(4, 4), new Linear(4, 2));

describe('options that are no object', () => {
  it.each<[string, () => unknown, string]>([
    [
      'new Adam(net.parameters())',
      () => new Adam(wrong(net().parameters())),
      'Adam: expects its options as an object, such as { lr: ... }, got an array',
    ],
    [
      'new Adam(0.01)',
      () => new Adam(wrong(0.01)),
      'Adam: expects its options as an object, such as { lr: ... }, got 0.01',
    ],
    [
      'fastSigmoid(25)',
      () => fastSigmoid(wrong(25)),
      'fast_sigmoid: expects its options as an object, such as { slope: ... }, got 25',
    ],
    ['regularize.rate(0.02)', () => regularize.rate(wrong(0.02)), 'regularize.rate: expects its options as an object'],
    [
      'encode.rate(25)',
      () => encode.rate(wrong(25)),
      'encode.rate: expects its options as an object, such as { steps: ... }, got 25',
    ],
    [
      'connections: 0.2',
      () => new LIF(4, 4, { connections: wrong(0.2) }),
      'connections: expects its options as an object',
    ],
    [
      'surrogate: fastSigmoid',
      () => new LIF(4, { surrogate: wrong(fastSigmoid) }),
      "must be a name or a Surrogate, such as 'atan' or fastSigmoid(), got the function fastSigmoid",
    ],
    ['surrogate: atan', () => new LIF(4, { surrogate: wrong(atan) }), 'got the function atan'],
  ])('%s', (_, make, message) => expect(make).toThrow(message));
});

describe('fit', () => {
  const usual = () => ({ loss: loss.crossEntropy(), optimizer: new Adam(), epochs: 1, batchSize: 2 });
  const engine = new Engine(new ReferenceDevice());
  it.each<[string, readonly unknown[], string]>([
    ['without an engine', [net(), set, usual()], 'fit: engine must be an Engine, as init() gives it, got a Sequential'],
    ['a list of layers', [engine, [new LIF(4, 4)], set, usual()], 'fit: net must be a Sequential, got an array'],
    ['arrays as data', [engine, net(), [], usual()], 'fit: set must be a Dataset, got an array'],
    [
      'no optimiser',
      [engine, net(), set, { ...usual(), optimizer: undefined }],
      'fit: optimizer must be an optimiser such as new Adam(), got undefined',
    ],
    [
      'a loss by name',
      [engine, net(), set, { ...usual(), loss: 'ce_rate' }],
      "fit: loss must be a loss such as loss.crossEntropy(), got 'ce_rate'",
    ],
    [
      'a loss not called',
      [engine, net(), set, { ...usual(), loss: loss.crossEntropy }],
      'got a Tensor; was crossEntropy() meant?',
    ],
    [
      'a regulariser not called',
      [engine, net(), set, { ...usual(), regularizers: [regularize.rate] }],
      'got a Tape; was regularize.rate() meant?',
    ],
    [
      'a misspelt option',
      [engine, net(), set, { ...usual(), batch_size: 2 }],
      "there is no option 'batch_size'; did you mean 'batchSize'?",
    ],
  ])('%s', async (_, args, message) => {
    await expect(train(...(args as Parameters<typeof train>))).rejects.toThrow(message);
  });
});

it('a net is given an array in place of a tensor', () => {
  expect(() => net().forward(wrong([1, 2]))).toThrow(
    'net: expects a tensor of the step, as tape.input(...) gives it, got an array',
  );
});

it('a net prints itself', () => {
  expect(String(net())).toMatch(/^place +layer +inputs +outputs +trained +fixed\n0 +LIF +4 +4 +16 +2\n/);
});
