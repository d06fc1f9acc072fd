import { add, concatenate, dense, gatherAlong, slice, type Tensor } from 'spiketape';
import { assertEqual } from '../harness/assert.ts';
import { gpuCase } from '../harness/case.ts';
import { numbers, spikes, withEngine } from './engine-support/nets.ts';
import { scale, weightedSum } from './engine-support/ops.ts';

// Operations on whole tensors: values exact, gradients against what a pencil gives. Everything is a choice of rows or a
// sum of two numbers, so nothing may differ by even a bit.

const [T, B, N] = [5, 3, 6];
const shape = [T, B, N];
const data = numbers(T * B * N, 1, 4);

/** Value number n of step t and sample b of a [T, B, N] array. */
const at = (values: ArrayLike<number>, t: number, b: number, n: number, batch = B): number =>
  values[(t * batch + b) * N + n]!;
const make = (steps: number, batch: number, value: (t: number, b: number, n: number) => number): Float32Array =>
  Float32Array.from({ length: steps * batch * N }, (_, i) =>
    value(Math.floor(i / N / batch), Math.floor(i / N) % batch, i % N),
  );

/** Runs `build` on data as an input; the output and the gradient of x when that of the output is `weights`. */
function differentiated(
  gpu: GPU,
  build: (x: Tensor) => Tensor,
  weights: (size: number) => Float32Array,
): Promise<[Float32Array, Float32Array]> {
  return withEngine(gpu, async (engine) => {
    const tape = engine.tape();
    const x = tape.input(data, { shape, requiresGrad: true, name: 'x' }).keepGradient();
    const y = build(x).keep();
    weightedSum(y, weights(y.shape.reduce((a, b) => a * b, 1))).backward();
    await tape.run();
    return [await y.read(), await x.readGradient()];
  });
}

gpuCase('slice takes steps and samples, and sends their gradients back to where they were', async ({ gpu }) => {
  const weights = (size: number): Float32Array => numbers(size, 2);
  const [steps, dSteps] = await differentiated(gpu, (x) => slice(x, 0, 1, 4), weights);
  assertEqual(
    steps,
    make(3, B, (t, b, n) => at(data, t + 1, b, n)),
    'steps 1 to 3',
  );
  const w = weights(3 * B * N);
  assertEqual(
    dSteps,
    make(T, B, (t, b, n) => (t >= 1 && t < 4 ? at(w, t - 1, b, n) : 0)),
    'gradient of a slice of time',
  );

  const [samples, dSamples] = await differentiated(gpu, (x) => slice(x, 1, 2, 3), weights);
  assertEqual(
    samples,
    make(T, 1, (t, _, n) => at(data, t, 2, n)),
    'sample 2',
  );
  const v = weights(T * N);
  assertEqual(
    dSamples,
    make(T, B, (t, b, n) => (b === 2 ? at(v, t, 0, n, 1) : 0)),
    'gradient of a slice of the batch',
  );
});

gpuCase('gather repeats and reorders, and adds the gradients of what was repeated', async ({ gpu }) => {
  const weights = (size: number): Float32Array => numbers(size, 3);
  const order = [4, 0, 0, 2];
  const [y, dx] = await differentiated(gpu, (x) => gatherAlong(x, 0, order), weights);
  assertEqual(
    y,
    make(4, B, (t, b, n) => at(data, order[t]!, b, n)),
    'gathered steps',
  );
  const w = weights(4 * B * N);
  const sum = (t: number, b: number, n: number): number =>
    Math.fround(order.reduce((s, from, i) => (from === t ? Math.fround(s + at(w, i, b, n)) : s), 0));
  assertEqual(dx, make(T, B, sum), 'gradient');

  const samples = [2, 2, 1, 0];
  const [z, dz] = await differentiated(gpu, (x) => gatherAlong(x, 1, samples), weights);
  assertEqual(
    z,
    make(T, 4, (t, b, n) => at(data, t, samples[b]!, n)),
    'gathered samples',
  );
  const v = weights(T * 4 * N);
  const back = (t: number, b: number, n: number): number =>
    samples.reduce((s, from, i) => (from === b ? Math.fround(s + at(v, t, i, n, 4)) : s), 0);
  assertEqual(dz, make(T, B, back), 'gradient');
});

gpuCase('concatenate along time and batch, of a tensor with itself and with another', async ({ gpu }) => {
  const weights = (size: number): Float32Array => numbers(size, 4);
  const [y, dx] = await differentiated(gpu, (x) => concatenate(x, slice(x, 0, 0, 2), 0), weights);
  assertEqual(
    y,
    make(T + 2, B, (t, b, n) => at(data, t < T ? t : t - T, b, n)),
    'along time',
  );
  const w = weights((T + 2) * B * N);
  assertEqual(
    dx,
    make(T, B, (t, b, n) => (t < 2 ? Math.fround(at(w, t, b, n) + at(w, t + T, b, n)) : at(w, t, b, n))),
    'gradient along time',
  );

  const other = numbers(T * 2 * N, 5);
  const join = (x: Tensor): Tensor => concatenate(x, x.tape.input(other, { shape: [T, 2, N] }), 1);
  const [z, dz] = await differentiated(gpu, join, weights);
  assertEqual(
    z,
    make(T, B + 2, (t, b, n) => (b < B ? at(data, t, b, n) : at(other, t, b - B, n, 2))),
    'along the batch',
  );
  const v = weights(T * (B + 2) * N);
  assertEqual(
    dz,
    make(T, B, (t, b, n) => at(v, t, b, n, B + 2)),
    'gradient along the batch',
  );
});

gpuCase('add sums values, and gradients of one tensor used twice', async ({ gpu }) => {
  const other = numbers(T * B * N, 6);
  const weights = (size: number): Float32Array => numbers(size, 7);
  const [y, dx] = await differentiated(gpu, (x) => add(add(x, x), x.tape.input(other, { shape })), weights);
  assertEqual(
    y,
    data.map((a, i) => Math.fround(Math.fround(a + a) + other[i]!)),
    'x + x + other',
  );
  assertEqual(
    dx,
    weights(T * B * N).map((w) => 2 * w),
    'gradient',
  );
});

gpuCase('an operation of a user has values, gradients and numbers that change from step to step', ({ gpu }) =>
  withEngine(gpu, async (engine, device) => {
    const w = numbers(T * B * N, 8);
    let pipelines = 0;
    for (const [i, factor] of [2, -0.5, 8].entries()) {
      const tape = engine.tape();
      const x = tape.input(data, { shape, requiresGrad: true }).keepGradient();
      const y = scale(scale(x, factor), 4).keep();
      const loss = weightedSum(y, w).scale(0.25);
      loss.backward();
      await tape.run();
      assertEqual(
        await y.read(),
        data.map((a) => 4 * factor * a),
        `values with factor ${factor}`,
      );
      assertEqual(
        await x.readGradient(),
        w.map((a) => factor * a),
        `gradient with factor ${factor}`,
      );
      const expected = data.reduce(
        (s, a, k) => s + Math.fround(Math.fround(0.25 * w[k]!) * Math.fround(4 * factor * a)),
        0,
      );
      if (Math.abs((await loss.value()) - expected) > 1e-5 * Math.abs(expected))
        throw new Error(`the loss is ${await loss.value()}, expected ${expected}`);
      if (i === 0) ({ pipelines } = device.counters);
      assertEqual(device.counters.pipelines, pipelines, 'pipelines');
    }
  }),
);

gpuCase('dense turns spikes, bytes and halves into the numbers that they stand for', ({ gpu }) =>
  withEngine(gpu, async (engine) => {
    for (const width of [1, 3, 4, 31, 33]) {
      const count = 7 * 2 * width;
      const tape = engine.tape();
      const z = spikes(count, width);
      const bytes = Float32Array.from({ length: count }, (_, i) => (37 * i + width) % 256);
      // exact in half precision: 11 bits, from the smallest subnormal number to the largest
      const exact = [0, -0, 1, -2.5, 0.0999755859375, 65504, -65504, 2 ** -24, -(2 ** -14), 1023 * 2 ** -24, 2047];
      const halves = Float32Array.from({ length: count }, (_, i) => exact[i % exact.length]!);
      const place = (values: Float32Array, form: 'bits' | 'bytes' | 'half'): Tensor =>
        tape.input(values, { shape: [7, 2, width], form });
      const outputs = [
        dense(place(z, 'bits')).keep(),
        dense(place(bytes, 'bytes')).keep(),
        dense(place(bytes, 'bytes'), 1 / 256).keep(),
        dense(place(halves, 'half')).keep(),
      ];
      await tape.run();
      const [readZ, readBytes, readScaled, readHalves] = await Promise.all(outputs.map((t) => t.read()));
      assertEqual(readZ, z, `spikes, width ${width}`);
      assertEqual(readBytes, bytes, `bytes, width ${width}`);
      assertEqual(
        readScaled,
        bytes.map((b) => b / 256),
        `bytes / 256, width ${width}`,
      );
      assertEqual(
        readHalves?.map((x) => x + 0),
        halves.map((x) => x + 0),
        `halves, width ${width}`,
      );
    }
  }),
);

gpuCase('numbers that are not exact in half precision are rounded to nearest, ties to even', ({ gpu }) =>
  withEngine(gpu, async (engine) => {
    const given = [
      1 + 2 ** -11,
      1 + 3 * 2 ** -11,
      1 + 2 ** -12,
      2049,
      2051,
      65519,
      2 ** -25,
      3 * 2 ** -26,
      0.1,
      -1 / 3,
    ];
    const expected = [1, 1 + 2 ** -9, 1, 2048, 2052, 65504, 0, 2 ** -24, 0.0999755859375, -0.333251953125];
    const tape = engine.tape();
    const y = dense(tape.input(given, { shape: [1, 1, given.length], form: 'half' })).keep();
    await tape.run();
    assertEqual(await y.read(), Float32Array.from(expected), 'rounded');
  }),
);
