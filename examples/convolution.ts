/**
 * A convolutional net of spiking neurons with batch normalisation and a residual block, on 8 x 8 digits that stand still for
 * a few steps. `npx spiketape run examples/convolution.ts -- --diagnose` says first what activity and gradients look like.
 */
import {
  Adam,
  AvgPool2d,
  BatchNorm,
  ConstantCurrent,
  Conv2d,
  Dataset,
  Dropout,
  diagnose,
  Flatten,
  fit,
  init,
  LIF,
  type LIFOptions,
  Linear,
  loss,
  Residual,
  Sequential,
  saveModel,
  schedules,
} from 'spiketape';
import { loadDigits, split } from 'spiketape/datasets';
import { host, options } from 'spiketape/host';

const args = options({ epochs: 8, steps: 4, seed: 1, diagnose: false });
const lif: LIFOptions = { tau: 2, reset: 'zero', detachReset: true, surrogate: 'atan' };

// layers over planes are named first: the next one asks for the shape that comes out, [channels, height, width]
const wide = new Conv2d([1, 8, 8], 16, 3, { padding: 'same', bias: false });
const deep = new Conv2d(wide.outputShape, 16, 3, { padding: 'same', bias: false });
const pool = new AvgPool2d(deep.outputShape, 2);
const last = new Conv2d(pool.outputShape, 32, 3, { padding: 'same', bias: false });
const small = new AvgPool2d(last.outputShape, 2);
const net = new Sequential(
  new ConstantCurrent(64, args.steps),
  wide,
  new BatchNorm(wide.outputs, { channels: 16 }),
  new LIF(wide.outputs, lif),
  new Residual(deep, new BatchNorm(deep.outputs, { channels: 16 }), new LIF(deep.outputs, lif)),
  pool,
  last,
  new BatchNorm(last.outputs, { channels: 32 }),
  new LIF(last.outputs, lif),
  small,
  new Flatten(small.outputShape),
  new Dropout(small.outputs, 0.2),
  new Linear(small.outputs, 10),
).initialize(args.seed);
console.log(net.summary());

const digits = await loadDigits();
const all = new Dataset({ steps: 1, inputs: 64, values: digits.images, labels: digits.labels });
const [train, test] = split(digits.count, { fractions: [0.8, 0.2], seed: args.seed, labels: digits.labels });
const engine = await init();
const mean = loss.ceMean();
if (args.diagnose) console.log(String(await diagnose(engine, net, all.batch(train.slice(0, 64)), { loss: mean })));
await fit(engine, net, all.subset(train), {
  loss: mean,
  optimizer: new Adam({ lr: 5e-3 }),
  schedule: schedules.cosine(),
  epochs: args.epochs,
  batchSize: 64,
  seed: args.seed,
  validation: all.subset(test),
  signal: host.signal,
  onEpoch: ({ epoch, loss, spikeRate, validation }) => {
    const right = (100 * (validation?.accuracy ?? 0)).toFixed(1);
    console.log(`epoch ${epoch}: loss ${loss.toFixed(3)}, ${right} % held out, ${spikeRate.toFixed(3)} spikes`);
  },
});
const { json, safetensors } = saveModel(net);
await host.save('convolution.json', json);
await host.save('convolution.safetensors', safetensors);
