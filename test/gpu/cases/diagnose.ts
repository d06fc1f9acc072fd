import { diagnose, Engine, LIF, Linear, loss, Readout, Sequential } from 'spiketape';
import { ReferenceDevice } from '../../../src/reference/device.ts';
import { assert, assertEqual } from '../harness/assert.ts';
import { gpuCase } from '../harness/case.ts';
import { spikes, withEngine } from './engine-support/nets.ts';

// A diagnosis on the device says what the float64 reference says.

const [T, B, K] = [30, 3, 6];
const sample = {
  shape: [T, B, K],
  values: spikes(T * B * K, 3),
  labels: [0, 1, 1],
  lengths: [30, 12, 21],
  form: 'bits' as const,
};

gpuCase('diagnose: the same findings and numbers as on the reference', async ({ gpu, log }) => {
  const net = new Sequential(
    new LIF(K, 9, { recurrent: true, weightGain: 3, tau: 5 }),
    new LIF(9, 5, { weightGain: 60 }),
    new Readout(5, 2),
  ).initialize(4);
  await withEngine(gpu, async (engine) => {
    const options = { loss: loss.crossEntropy({ at: 'last' }) };
    const [device, reference] = [
      await diagnose(engine, net, sample, options),
      await diagnose(new Engine(new ReferenceDevice()), net, sample, options),
    ];
    const told = (d: typeof device): unknown =>
      d.findings.map((f) => [f.where, f.kind, f.neurons, f.value.toPrecision(3)]);
    assertEqual(told(device), told(reference), 'findings');
    assert(
      device.findings.some((f) => f.kind === 'voltage'),
      'a gain of 60 drives voltages far',
    );
    device.layers.forEach((layer, i) => {
      const { gradient } = reference.layers[i]!;
      const ratio = layer.gradient!.all / gradient!.all;
      assert(Math.abs(ratio - 1) < 1e-4, `${layer.label}: gradient ${layer.gradient!.all}, expected ${gradient!.all}`);
    });
    log(`\n${device}`);
  });
});

gpuCase('diagnose: the first operation whose result is not finite in float32', async ({ gpu }) => {
  const net = new Sequential(new Linear(2, 3), new LIF(3), new Linear(3, 2, { bias: false }), new Readout(2));
  await withEngine(gpu, async (engine) => {
    net
      .parameters()
      .find((p) => p.name === '0.weight')!
      .data.fill(3e38);
    const { findings } = await diagnose(engine, net, {
      shape: [4, 1, 2],
      values: new Float32Array(8).fill(10),
      labels: [0],
    });
    assertEqual(findings[0] && [findings[0].kind, findings[0].where], ['not finite', '0 Linear'], 'the first finding');
  });
});
