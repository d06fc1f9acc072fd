import {
  Adam,
  AdamW,
  Dataset,
  Engine,
  loss,
  type Optimizer,
  Readout,
  RMSprop,
  Sequential,
  SGD,
  Stepper,
  type Tensor,
  fit as train,
} from 'spiketape';
import { ReferenceDevice } from '../../../src/reference/device.ts';
import { givenTwins, lossWithGradients, moduleOfValues } from '../../support/given_gradients.ts';
import { assert, assertClose, assertEqual } from '../harness/assert.ts';
import { gpuCase } from '../harness/case.ts';
import { ahpNet, numbers, small, spikes, weightsOf, withEngine } from './engine-support/nets.ts';

// Update rules against the reference, from given gradients; clipping, groups, windows and single steps on the GPU.

/** Sizes that are no multiple of anything. */
const sizes = { 'a.weight': 131, 'a.tau': 1, 'b.weight': 66, 'b.bias': 5 };
const groups = [
  { params: /tau|bias/, lr: 3e-3, weightDecay: 0.2 },
  { params: 'b.weight', lr: 0 },
];

const start = (): ReturnType<typeof moduleOfValues> =>
  moduleOfValues(Object.fromEntries(Object.entries(sizes).map(([name, n]) => [name, [...numbers(n, n)]])));

/** Parameters after some steps of an optimiser with gradients that differ in size by many orders. */
async function values(engine: Engine, optimizer: Optimizer, module = start(), steps = 4): Promise<number[]> {
  engine.bind(module);
  for (let i = 0; i < steps; i++) {
    const tape = engine.tape();
    const gradients = module.parameters().map((p, k) => {
      const g = numbers(p.data.length, 10 * i + k + 1).map((x, n) => x * 10 ** ((n % 7) - 4));
      return [p.name, g] as const;
    });
    lossWithGradients(tape, module, Object.fromEntries(gradients)).backward();
    await optimizer.step(tape);
  }
  await engine.pull(module);
  engine.unbind(module);
  return module.parameters().flatMap((p) => [...p.data]);
}

gpuCase('every update rule does what the reference does, with groups, clipped or not', ({ gpu, log }) =>
  withEngine(gpu, async (engine) => {
    const reference = new Engine(new ReferenceDevice({ twins: givenTwins }));
    const rules: Readonly<Record<string, () => Optimizer>> = {
      'SGD, Nesterov': () => new SGD({ lr: 0.05, momentum: 0.9, nesterov: true, weightDecay: 0.1, groups }),
      'SGD, dampened': () => new SGD({ lr: 0.05, momentum: 0.9, dampening: 0.4 }),
      Adam: () => new Adam({ lr: 0.05, weightDecay: 0.1, groups, clip: { norm: 2 } }),
      AdamW: () => new AdamW({ lr: 0.05, weightDecay: 0.1, clip: { value: 0.3 } }),
      RMSprop: () => new RMSprop({ lr: 0.05, momentum: 0.5, weightDecay: 0.1, groups, clip: { value: 0.3 } }),
      'RMSprop, centred': () => new RMSprop({ lr: 0.05, centered: true, eps: 1e-3, clip: { norm: 2 } }),
    };
    const first = start()
      .parameters()
      .flatMap((p) => [...p.data]);
    for (const [name, make] of Object.entries(rules)) {
      const [actual, expected] = [await values(engine, make()), await values(reference, make())];
      assertClose(Float32Array.from(actual), Float64Array.from(expected), { relToMax: 2e-6 }, name);
      const moved = actual.filter((x, i) => x !== first[i]).length;
      log(`${name}: ${moved} of ${actual.length} numbers moved`);
      assert(moved > 100, `${name}: parameters move`);
    }
  }),
);

gpuCase('groups update layer by layer to the same bits as at once', ({ gpu }) =>
  withEngine(gpu, async (engine) => {
    const make = (layerwise: boolean) => new AdamW({ lr: 0.05, groups, clip: { value: 0.3 }, layerwise });
    assertEqual(await values(engine, make(true)), await values(engine, make(false)), 'parameters');
  }),
);

gpuCase('the norm of many gradients is that of the reference, and the same bits every time', ({ gpu }) =>
  withEngine(gpu, async (engine) => {
    for (const n of [1, 257, 16384, 40001]) {
      const module = moduleOfValues({ a: new Array<number>(n).fill(0) });
      engine.bind(module);
      const g = numbers(n, 3).map((x, i) => x * (i % 3 === 0 ? 30 : 1));
      const read: Tensor[] = [];
      const norms: number[] = [];
      for (let i = 0; i < 2; i++) {
        const tape = engine.tape();
        lossWithGradients(tape, module, { a: g }).backward();
        const optimizer = new SGD({ lr: 1, clip: { norm: 0.5 } });
        read.push(optimizer.gradientNorm(tape).keep());
        await optimizer.step(tape);
        norms.push((await read[i]!.read())[0]!);
      }
      const expected = Math.hypot(...g);
      assert(Math.abs(norms[0]! / expected - 1) < 1e-6, `${n}: norm ${norms[0]}, expected ${expected}`);
      assertEqual(norms[1], norms[0], `${n}: the same again`);
      await engine.pull(module);
      // two steps against the same clipped gradient
      const [p] = module.parameters();
      const factor = -2 * Math.min(1, 0.5 / (expected + 1e-6));
      assertClose(
        p!.data,
        Float64Array.from(g, (x) => factor * x),
        { relToMax: 1e-5 },
        `${n}: parameters`,
      );
      engine.unbind(module);
    }
  }),
);

gpuCase(
  'fit in windows with a clipped norm: the bits of a second run, and no new pipeline after the first epoch',
  ({ gpu }) =>
    withEngine(gpu, async (engine, device) => {
      const [steps, count] = [14, 6];
      const data = new Dataset({
        steps,
        inputs: small.inputs,
        values: spikes(count * steps * small.inputs, 5),
        labels: Array.from({ length: count }, (_, i) => i % small.classes),
        lengths: [14, 3, 9, 14, 5, 10],
        form: 'bits',
      });
      const run = async (): Promise<Float32Array> => {
        const net = new Sequential(new Readout(small.inputs, small.classes, { bias: true })).initialize(1);
        const pipelines: number[] = [];
        await train(engine, net, data, {
          loss: loss.crossEntropy(),
          optimizer: new Adam({ lr: 0.01, clip: { norm: 0.1 } }),
          epochs: 3,
          batchSize: 3,
          truncate: { steps: 5, loss: 'each' },
          onEpoch: ({ samples, gradientNorm }) => {
            pipelines.push(device.counters.pipelines);
            assertEqual(samples, count, 'samples of an epoch');
            assert(gradientNorm !== null && gradientNorm.mean > 0, 'there is a norm');
          },
        });
        assertEqual(pipelines[2], pipelines[0], 'pipelines');
        engine.unbind(net);
        return weightsOf(net);
      };
      const first = await run();
      assert(first.every(Number.isFinite), 'the weights are finite');
      assertEqual(await run(), first, 'weights of the second run');
    }),
);

gpuCase('steps one by one give the bits of the whole sequence, and create nothing', ({ gpu, log }) =>
  withEngine(gpu, async (engine, device) => {
    const [T, B] = [40, 2];
    const net = ahpNet(small);
    const stepper = new Stepper(engine, net, { batch: B, form: 'bits' });
    const x = spikes(T * B * small.inputs, 8);
    const at = (t: number, to = t + 1): Float32Array => x.subarray(t * B * small.inputs, to * B * small.inputs);
    const tape = engine.tape({ training: false });
    const y = net.forward(tape.input(x, { shape: [T, B, small.inputs], form: 'bits' })).keep();
    await tape.run();
    const whole = await y.read();

    const outputs: number[] = [];
    let created: unknown = null;
    let began = 0;
    for (let t = 0; t < 30; t++) {
      outputs.push(...(await stepper.step(at(t))));
      if (t === 1) [created, began] = [{ ...device.counters }, performance.now()];
    }
    log(`${((performance.now() - began) / 28).toFixed(2)} ms a step`);
    const { buffers, bindGroups, pipelines } = device.counters;
    assertEqual({ buffers, bindGroups, pipelines }, pick(created), 'buffers, bind groups and pipelines');
    const state = JSON.stringify(await stepper.state());
    outputs.push(...(await stepper.step(at(30, T))));
    assertEqual(Float32Array.from(outputs), whole, 'outputs');
    await stepper.restore(JSON.parse(state));
    const again = await stepper.step(at(30, T));
    assertEqual(again, whole.subarray(30 * B * small.classes), 'outputs after the state was put back');
    const [other] = [new Stepper(engine, net, { batch: B, form: 'bits' })];
    await stepper.reset();
    const turns = [stepper.step(at(0)), other.step(at(5)), stepper.step(at(1))];
    assertEqual([...(await turns[2]!)], outputs.slice(B * small.classes, 2 * B * small.classes), 'outputs in turns');
  }),
);

const pick = (counters: unknown): unknown => {
  const { buffers, bindGroups, pipelines } = counters as Record<'buffers' | 'bindGroups' | 'pipelines', number>;
  return { buffers, bindGroups, pipelines };
};
