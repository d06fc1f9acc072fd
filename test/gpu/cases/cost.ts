import {
  Conv2d,
  concatenate,
  Dataset,
  Encode,
  Engine,
  encode,
  IF,
  Layer,
  LIF,
  Linear,
  Parallel,
  Readout,
  Sequential,
  SumPool2d,
  slice,
  type Tensor,
} from 'spiketape';
import { costOf } from 'spiketape/cost';
import { ReferenceDevice } from '../../../src/reference/device.ts';
import { assert, assertEqual } from '../harness/assert.ts';
import { gpuCase } from '../harness/case.ts';
import { withEngine } from './engine-support/nets.ts';

// What is counted on the device is what is counted in float64. Neurons are far from their thresholds: they follow their inputs.

const relay = { reset: 'zero', tau: 1e-3 } as const;

/** The second half of time before the first. */
class Turned extends Layer {
  readonly config = { kind: 'Turned' };
  readonly params = {};
  readonly outputs: number;

  constructor(readonly inputs: number) {
    super();
    this.outputs = inputs;
  }

  forward(x: Tensor): Tensor {
    const T = x.shape[0]!;
    return concatenate(slice(x, 0, T / 2, T), slice(x, 0, 0, T / 2), 0);
  }
}

const pattern = (length: number, every: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => ((i * 7919) % 101 < every ? 1 : 0));

/** Weights of 0 and 10. */
function strong(net: Sequential): Sequential {
  for (const p of net.parameters()) {
    if (p.trainable && p.shape.length > 1) p.data.set(pattern(p.data.length, 20).map((x) => 10 * x));
  }
  return net;
}

const nets: Record<string, () => [Sequential, Dataset]> = {
  recurrent: () => {
    const mask = pattern(37 * 37, 60);
    const net = new Sequential(
      new LIF(9, 37, { ...relay, recurrent: true, recurrentConnections: { mask } }),
      new LIF(37, 5, { ...relay, recurrent: 'one-to-one' }),
      new Readout(5, 3),
    );
    const values = pattern(6 * 70 * 9, 10);
    const labels = new Uint8Array(6);
    return [
      strong(net),
      new Dataset({ steps: 70, inputs: 9, form: 'bits', values, labels, lengths: [70, 1, 33, 64, 7, 70] }),
    ];
  },
  planes: () => {
    const conv = new Conv2d([2, 5, 6], 3, 3, { padding: 1, stride: [2, 1], bias: false });
    const pool = new SumPool2d(conv.outputShape, 2);
    const net = new Sequential(
      new Encode(60, encode.latency({ steps: 12 })),
      conv,
      new IF(conv.outputs, { reset: 'zero' }),
      pool,
      new Parallel([new LIF(pool.outputs, 7, relay), new LIF(pool.outputs, 4, relay)]),
      new Turned(11),
      new Linear(11, 6),
    );
    const values = Float32Array.from({ length: 3 * 60 }, (_, i) => ((i * 37) % 64) / 64);
    return [strong(net), new Dataset({ steps: 1, inputs: 60, values, labels: [0, 0, 0] })];
  },
};

for (const [name, make] of Object.entries(nets)) {
  gpuCase(`cost: ${name}, counts as in float64`, ({ gpu, log }) =>
    withEngine(gpu, async (engine) => {
      const [net, set] = make();
      const found = await costOf(engine, net, set, { batchSize: 4 });
      const [again] = make();
      const expected = await costOf(new Engine(new ReferenceDevice()), again, set, { batchSize: 4 });
      log(String(found));
      assert(
        found.layers.every((l) => l.spikes + l.synapticOperations > 0),
        'a layer neither spikes nor gets spikes',
      );
      assertEqual(JSON.parse(JSON.stringify(found)), JSON.parse(JSON.stringify(expected)));
    }),
  );
}
