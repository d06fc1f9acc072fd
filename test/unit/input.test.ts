import { expect, it } from 'vitest';
import { Engine } from '../../src/autograd/engine.ts';
import type { InputOptions } from '../../src/autograd/input.ts';
import { Recorder } from '../../src/device/recorder.ts';

// Data that comes into a step: what is refused, and how the rest is laid out.

const tape = () => new Engine(new Recorder()).tape();
const placed = (data: ArrayLike<number>, options: InputOptions): ArrayLike<number> => {
  const t = tape();
  return t.data.get(t.input(data, options).id) as Float32Array;
};
const refused = (data: ArrayLike<number>, options: InputOptions) =>
  expect(() => tape().input(data, { name: 'x', ...options }));

it('refuses data that does not fill the shape', () => {
  refused([1, 2, 3], { shape: [2, 2] }).toThrow('x: shape [2, 2] has 4 values, got 3');
  refused([], { shape: [1] }).toThrow('x: shape [1] has 1 values, got 0');
});

it('refuses NaN and infinity, with the place and the value', () => {
  refused([0, Number.NaN], { shape: [2] }).toThrow('x: value 1 is NaN, expected a finite number');
  refused([Number.POSITIVE_INFINITY], { shape: [1] }).toThrow('x: value 0 is Infinity, expected a finite number');
  refused([0, -Infinity], { shape: [2], form: 'half' }).toThrow('x: value 1 is -Infinity, expected a finite number');
});

it('refuses spikes that are neither 0 nor 1, and spikes without three dimensions', () => {
  refused([0, 1, 0.5, 0], { shape: [2, 1, 2], form: 'bits' }).toThrow('x: value 2 is 0.5, expected a spike, 0 or 1');
  refused([0, Number.NaN], { shape: [2, 1, 1], form: 'bits' }).toThrow('x: value 1 is NaN, expected a spike, 0 or 1');
  refused([0, 1], { shape: [2], form: 'bits' }).toThrow('x: spikes must have shape [T, B, N], got [2]');
});

it('refuses bytes and words out of range', () => {
  refused([0, 256], { shape: [2], form: 'bytes' }).toThrow('x: value 1 is 256, expected an integer in 0..255');
  refused([1.5], { shape: [1], form: 'bytes' }).toThrow('x: value 0 is 1.5, expected an integer in 0..255');
  refused([-1], { shape: [1], form: 'words' }).toThrow('x: value 0 is -1, expected an unsigned integer');
  refused([2 ** 32], { shape: [1], form: 'words' }).toThrow('x: value 0 is 4294967296, expected an unsigned integer');
});

it('refuses lengths that do not fit', () => {
  const shape = [3, 2, 1];
  refused(new Float32Array(6), { shape, lengths: [3] }).toThrow(
    'x: lengths must have one entry for each of 2 samples, got 1',
  );
  refused(new Float32Array(6), { shape, lengths: [3, 4] }).toThrow('x: lengths[1] must be in 0..3, got 4');
  refused(new Float32Array(6), { shape, lengths: [1.5, 3] }).toThrow('x: lengths[0] must be in 0..3, got 1.5');
});

it('refuses a kept tensor of another form or shape', async () => {
  const engine = new Engine(new Recorder());
  const first = engine.tape();
  const x = first.input([1, 2], { shape: [1, 1, 2], name: 'state' }).keep();
  await first.run();
  const next = engine.tape();
  expect(() => next.input(x, { shape: [2], name: 'start' })).toThrow('start: must be f32[2], got state f32[1, 1, 2]');
  expect(() => next.input(x, { shape: [1, 1, 2], form: 'bits' })).toThrow(
    'input: must be bits[1, 1, 2], got state f32[1, 1, 2]',
  );
  expect(next.input(x, { shape: [1, 1, 2] }).shape).toEqual([1, 1, 2]);
});

it('pads the last dimension to whole quads with zeros', () => {
  expect(placed([1, 2, 3, 4, 5, 6], { shape: [2, 3] })).toEqual(Float32Array.of(1, 2, 3, 0, 4, 5, 6, 0));
  expect(placed([1, 2, 3, 4], { shape: [4] })).toEqual(Float32Array.of(1, 2, 3, 4));
  expect(placed([7], { shape: [1] })).toEqual(Float32Array.of(7, 0, 0, 0));
});

it('packs bytes four and halves two to a word, words not at all', () => {
  expect(placed([1, 2, 3, 4, 5, 255], { shape: [2, 3], form: 'bytes' })).toEqual(Uint32Array.of(0x030201, 0xff0504));
  expect(placed([1, -2, 0.5], { shape: [3], form: 'half' })).toEqual(Uint32Array.of(0xc0003c00, 0x3800));
  expect(placed([65504, 65519.9, 65520, 1e9], { shape: [4], form: 'half' })).toEqual(
    Uint32Array.of(0x7bff7bff, 0x7c007c00),
  );
  expect(placed([2 ** -24, 2 ** -25, 2 ** -14, -(2 ** -14)], { shape: [4], form: 'half' })).toEqual(
    Uint32Array.of(0x00000001, 0x84000400),
  );
  expect(placed([7, 8], { shape: [2], form: 'words' })).toEqual(Uint32Array.of(7, 8));
});
