import { describe, expect, it } from 'vitest';
import { Engine } from '../../src/autograd/engine.ts';
import type { Device, Step } from '../../src/device/device.ts';
import { Recorder } from '../../src/device/recorder.ts';
import { byteLength, type Storage } from '../../src/device/storage.ts';
import { planMemory } from '../../src/gpu/plan.ts';
import { AHP, type AHPOptions } from '../../src/layers/ahp.ts';
import { LIF } from '../../src/layers/lif.ts';
import { Linear } from '../../src/layers/linear.ts';
import { Readout } from '../../src/layers/readout.ts';
import { Sequential } from '../../src/layers/sequential.ts';
import { crossEntropy } from '../../src/loss/cross_entropy.ts';
import * as regularize from '../../src/loss/regularize.ts';
import { Adam, type AdamOptions } from '../../src/optim/adam.ts';

// What a training step of a recurrent layer with a readout, cross entropy and Adam costs: dispatches and bytes.

interface Shape {
  readonly B: number;
  readonly T: number;
  readonly inputs: number;
  readonly hidden: number;
}
const A: Shape = { B: 32, T: 50, inputs: 128, hidden: 128 };
const S: Shape = { B: 64, T: 200, inputs: 80, hidden: 240 };
const SMNIST: Shape = { B: 256, T: 840, inputs: 80, hidden: 240 };

interface Options {
  readonly form?: 'bits' | 'f32';
  readonly layer?: AHPOptions;
  readonly adam?: AdamOptions;
  readonly memory?: 'full' | 'low';
  readonly regularized?: boolean;
  readonly limits?: Limits;
}

type Limits = Device['limits'];
const webgpu: Limits = { maxWorkgroup: 256, maxBinding: 128 * 2 ** 20 };

async function stepOf({ B, T, inputs, hidden }: Shape, options: Options = {}): Promise<Step> {
  const { form = 'bits', layer = {}, adam = {}, memory = 'full', regularized = false, limits = webgpu } = options;
  const recorder = new Recorder(limits);
  const engine = new Engine(recorder);
  const net = new Sequential(new AHP(inputs, hidden, { recurrent: true, ...layer }), new Readout(hidden, 10));
  engine.bind(net);
  const tape = engine.tape({ memory });
  const x = tape.input(new Float32Array(T * B * inputs), { shape: [T, B, inputs], form });
  let { loss } = crossEntropy(net.forward(x), new Array<number>(B).fill(0));
  if (regularized) loss = loss.add(regularize.rate()(tape)).add(regularize.voltage()(tape));
  loss.backward();
  await new Adam(adam).step(tape);
  return recorder.steps[0]!;
}

const count = async (shape: Shape, options?: Options): Promise<number> => (await stepOf(shape, options)).calls.length;

describe('a training step of one recurrent layer', () => {
  it('is eight dispatches, on spikes and on a few dense inputs, on a GPU and on a CPU that plays one', async () => {
    const labels = (await stepOf(A)).calls.map((c) => c.label);
    expect(labels).toEqual([
      'effective weights',
      '0 AHP forward (cell_forward)',
      '1 Readout forward (cell_forward)',
      'cross entropy (loss)',
      '1 Readout backward (cell_backward)',
      '0 AHP backward (cell_backward)',
      '1 Readout, 0 AHP, 0 AHP recurrent weight gradient (weight_gradient_spikes)',
      'update (adam)',
    ]);
    for (const software of [false, true]) {
      const limits = { ...webgpu, software };
      expect(await count(S, { limits })).toBe(8);
      expect(await count({ ...A, inputs: 16 }, { form: 'f32', limits })).toBe(8);
    }
  });

  it('is one product and one weight gradient more on many dense inputs', async () => {
    expect(await count({ ...A, inputs: 17 }, { form: 'f32' })).toBe(10);
  });

  it('has two more for each further chunk of time', async () => {
    for (const [chunk, chunks] of [
      [200, 1],
      [100, 2],
      [64, 4],
      [63, 4],
      [1, 200],
    ] as const)
      expect(await count(S, { layer: { chunk } })).toBe(8 + 2 * (chunks - 1));
  });

  it('lists what everything else adds', async () => {
    const added = async (options: Options): Promise<number> => (await count(A, options)) - 8;
    expect(await added({ regularized: true })).toBe(1);
    expect(await added({ adam: { clip: { value: 1 } } })).toBe(0);
    expect(await added({ adam: { clip: { norm: 1 } } })).toBe(2);
    expect(await added({ layer: { bias: true } })).toBe(1);
    expect(await added({ layer: { learn: ['tau'] } })).toBe(2);
    expect(await added({ layer: { connections: { density: 0.5 } } })).toBe(1);
    expect(await added({ layer: { connections: { density: 0.5 }, recurrentConnections: { density: 0.5 } } })).toBe(1);
  });

  it('with low memory runs no more steps again in a dispatch than a dispatch may do', async () => {
    for (const [hidden, budget] of [
      [240, 1e8],
      [1600, 1e9],
    ] as const) {
      const { calls } = await stepOf({ ...S, hidden }, { memory: 'low', limits: { ...webgpu, budget } });
      const replays = calls.filter((c) => c.label.startsWith('0 AHP replay'));
      expect(replays.length).toBeGreaterThan(1);
      for (const c of replays) expect(c.work).toBeLessThanOrEqual(budget);
    }
  });

  it('with low memory runs each part again: forward and replay, backward and gradients for each', async () => {
    const { calls } = await stepOf(S, { memory: 'low' });
    const of = (what: string): number => calls.filter((c) => c.label.startsWith(`0 AHP ${what}`)).length;
    const parts = of('forward');
    expect(parts).toBeGreaterThan(1);
    expect([of('replay'), of('backward')]).toEqual([parts, parts]);
  });
});

const transient = (step: Step): number => planMemory(step).buffers.reduce((sum, b) => sum + b.bytes, 0);

/** All memory of a step on the device, uniforms and reports apart. */
function bytesOf(step: Step): number {
  const others = new Set<Storage>(step.inputs.values());
  for (const call of step.calls)
    for (const s of Object.values(call.buffers)) if (s && s.role !== 'transient') others.add(s);
  return transient(step) + [...others].reduce((sum, s) => sum + byteLength(s), 0);
}

describe('memory', () => {
  it('sMNIST: 206 MB of saved voltages, no binding over 128 MiB', async () => {
    const step = await stepOf(SMNIST);
    const all = new Set(step.calls.flatMap((c) => Object.values(c.buffers)));
    const traces = [...all].filter((s) => s?.name === '0 AHP trace').map((s) => byteLength(s!));
    expect(traces.length).toBe(2);
    expect(traces.reduce((a, b) => a + b)).toBe(4 * 840 * 256 * 240);
    for (const s of all) if (s) expect(byteLength(s), s.name).toBeLessThanOrEqual(128 * 2 ** 20);
  });

  it.each([
    [
      'full',
      0.53e9,
      (N: number) => [new Linear(N, N, { bias: false, init: () => new Float32Array(N * N) }), new LIF(N)],
    ],
    ['low', 0.25e9, (N: number) => [new LIF(N, N, { init: () => new Float32Array(N * N) })]],
  ] as const)(
    'N 4096, B 16, T 500, forward and backward, with %s memory peaks under %d bytes',
    async (memory, most, layers) => {
      const [N, B, T] = [4096, 16, 500];
      const recorder = new Recorder(webgpu);
      const engine = new Engine(recorder);
      const net = new Sequential(...layers(N));
      engine.bind(net);
      const tape = engine.tape({ memory });
      // its values do not matter, and would take a second to pack
      net.forward(tape.place({ form: 'bits', shape: [T, B, N], requiresGrad: false }, new Uint32Array(0)));
      regularize.rate()(tape).backward();
      await tape.run();
      const bytes = bytesOf(recorder.steps[0]!);
      console.log(`${memory} memory: ${(bytes / 1e6).toFixed(0)} MB`);
      expect(bytes).toBeLessThan(most);
    },
  );

  it.each([
    ['one hidden layer', () => [new AHP(80, 240, { recurrent: true })], 0.25],
    ['two hidden layers', () => [new AHP(80, 240, { recurrent: true }), new AHP(240, 240, { recurrent: true })], 0.2],
    ['two hidden layers of two widths', () => [new AHP(80, 130, { recurrent: true }), new AHP(130, 240)], 0.2],
    [
      'two hidden layers, each behind a Linear',
      () => [new Linear(80, 240), new AHP(240, { recurrent: true }), new Linear(240, 240), new AHP(240)],
      0.2,
    ],
  ] as const)('sMNIST, %s: fits in bindings of 128 MiB, takes far less with low memory', async (_, hidden, most) => {
    const bytes = async (memory: 'full' | 'low', maxBinding: number): Promise<number> => {
      const recorder = new Recorder({ maxWorkgroup: 256, maxBinding });
      const engine = new Engine(recorder);
      const net = new Sequential(...hidden(), new Readout(240, 10));
      engine.bind(net);
      const tape = engine.tape({ memory });
      const x = tape.place({ form: 'bits', shape: [840, 256, 80], requiresGrad: false }, new Uint32Array(0));
      crossEntropy(net.forward(x), new Array<number>(256).fill(0)).loss.backward();
      await tape.run();
      return bytesOf(recorder.steps[0]!);
    };
    const [full, low] = [await bytes('full', 2 ** 31), await bytes('low', webgpu.maxBinding)];
    console.log(`${(low / 1e6).toFixed(0)} MB of ${(full / 1e6).toFixed(0)}`);
    expect(low).toBeLessThan(most * full);
    // with full memory it fits too, in parts
    expect((await bytes('full', webgpu.maxBinding)) / full).toBeLessThan(1.01);
  });

  it('grows linearly with time and batch, and with low memory far slower than time', async () => {
    const bytes = async (shape: Shape, memory: 'full' | 'low' = 'full') => transient(await stepOf(shape, { memory }));
    const once = await bytes(S);
    expect(await bytes({ ...S, T: 400 })).toBeLessThan(2.01 * once);
    expect(await bytes({ ...S, B: 128 })).toBeLessThan(2.01 * once);
    const low = await bytes(S, 'low');
    expect(low).toBeLessThan(0.4 * once);
  });
});
