import { Engine } from '../../../src/autograd/engine.ts';
import { GpuDevice } from '../../../src/gpu/device.ts';
import { BatchNorm, Dropout, Linear, Parallel, Sequential, ThresholdBatchNorm } from '../../../src/index.ts';
import { ReferenceDevice } from '../../../src/reference/device.ts';
import { compareWithReference, Tally } from '../../support/compare.ts';
import { composed, everything } from '../../support/composed.ts';
import { Random } from '../../support/random.ts';
import { assert } from '../harness/assert.ts';
import { gpuCase } from '../harness/case.ts';

// Dropout, batch normalisation and containers against float64, on odd shapes.

const PATIENT = { timeout: 300_000 };

gpuCase(
  'layers: batch normalisation agrees with the reference, by channel, by step and by threshold',
  async ({ gpu, log }) => {
    const engine = new Engine(await GpuDevice.open({ gpu, poison: true }));
    const tally = new Tally();
    const read = (N: number, ...layers: ConstructorParameters<typeof Sequential>): Sequential =>
      new Sequential(...layers, new Linear(N, 3, { bias: false }));
    const nets: Record<string, [Sequential, Parameters<typeof composed>[1]]> = {
      'one neuron': [read(1, new BatchNorm(1)), { T: 3, B: 2 }],
      'one neuron by step': [read(1, new BatchNorm(1, { perStep: 2 })), { T: 2, B: 3 }],
      'many rows': [read(33, new BatchNorm(33)), { T: 701, B: 7 }],
      channels: [read(66, new BatchNorm(66, { channels: 3 })), { T: 37, B: 2, lengths: [37, 5] }],
      'channels by step': [
        read(66, new BatchNorm(66, { channels: 11, perStep: 9 })),
        { T: 7, B: 3, lengths: [7, 0, 2] },
      ],
      'spikes, fixed scale': [
        read(130, new ThresholdBatchNorm(130, { threshold: 0.4, affine: false })),
        { spikes: true },
      ],
      twice: [
        (() => {
          const layer = new BatchNorm(31);
          return read(31, layer, new Linear(31, 31, { bias: false }), layer);
        })(),
        { B: 5 },
      ],
    };
    for (const [what, [net, options]] of Object.entries(nets))
      tally.add(what, await compareWithReference(engine, composed(net, options)));
    tally.finish(log);
    engine.dispose();
  },
  PATIENT,
);

gpuCase(
  'layers: running statistics follow on the device, are used in inference and come back',
  async ({ gpu, log }) => {
    const results: Float32Array[][] = [];
    const [T, B, N] = [9, 4, 33];
    const lengths = [9, 3, 0, 7];
    for (const device of [await GpuDevice.open({ gpu, poison: true }), new ReferenceDevice()]) {
      const engine: Engine = new Engine(device);
      const net = new Sequential(new BatchNorm(N, { channels: 11, momentum: 0.3 }), new BatchNorm(N, { perStep: 9 }));
      const read: Float32Array[] = [];
      engine.bind(net);
      for (let step = 0; step < 4; step++) {
        const training = step < 3;
        const tape = engine.tape({ step, training });
        const x = new Random(`running ${step}`).normals(T * B * N, 1 + step).map((v, i) => v + (i % N));
        const y = net.forward(tape.input(x, { shape: [T, B, N], lengths })).keep();
        await tape.run();
        if (!training) read.push(await y.read());
      }
      await engine.pull(net);
      for (const p of net.parameters()) if (!p.trainable) read.push(p.data);
      // bound again, it goes on with what was pulled
      engine.unbind(net);
      engine.bind(net);
      const tape = engine.tape({ training: false });
      const y = net.forward(tape.input(new Float32Array(T * B * N).fill(5), { shape: [T, B, N] })).keep();
      await tape.run();
      read.push(await y.read());
      results.push(read);
      engine.dispose();
    }
    const [actual, expected] = results as [Float32Array[], Float32Array[]];
    let worst = 0;
    expected.forEach((e, k) => {
      const magnitude = e.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
      assert(magnitude > 0.1, `result ${k} is something`);
      e.forEach((v, i) => {
        worst = Math.max(worst, Math.abs(v - actual[k]![i]!) / magnitude);
      });
    });
    log(`largest difference ${worst.toExponential(1)}`);
    assert(worst < 1e-4, `running statistics differ by ${worst}`);
  },
  PATIENT,
);

gpuCase(
  'layers: dropout and parallel branches agree with the reference',
  async ({ gpu, log }) => {
    const engine = new Engine(await GpuDevice.open({ gpu, poison: true }));
    const tally = new Tally();
    for (const [N, T, B] of [
      [1, 1, 17],
      [33, 40, 3],
      [130, 16, 2],
    ] as const) {
      const branches = (): Parallel =>
        new Parallel([new Linear(N, 1), new Linear(N, 6), new Dropout(N, 0.2), new Linear(N, 3)]);
      const net = (): Sequential => new Sequential(new Dropout(N, 0.4), branches(), new Linear(N + 10, 3));
      for (const spikes of [false, true])
        tally.add(`${N} ${T} ${B} ${spikes}`, await compareWithReference(engine, composed(net(), { T, B, spikes })));
    }
    tally.finish(log);
    engine.dispose();
  },
  PATIENT,
);

gpuCase(
  'layers: dropout, normalisation, residual, parallel and recurrent layers in one net agree with the reference',
  async ({ gpu, log }) => {
    const engine = new Engine(await GpuDevice.open({ gpu, poison: true }));
    const tally = new Tally();
    tally.add(
      'lengths',
      await compareWithReference(
        engine,
        composed(everything(9, 33, 3), { T: 11, B: 3, spikes: true, lengths: [11, 6, 8] }),
      ),
    );
    tally.finish(log);
    engine.dispose();
  },
  PATIENT,
);
