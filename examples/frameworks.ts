/**
 * Three nets as other frameworks write them, and by the rules of each: what a voltage at the threshold does, how and when
 * the reset acts, what a decay is made of. `npx spiketape run examples/frameworks.ts -- --only norse --epochs 20`
 */
import {
  Adam,
  atanSurrogate,
  ConstantCurrent,
  CubaLIF,
  Dataset,
  Encode,
  encode,
  fastSigmoid,
  fit,
  init,
  LIF,
  type LIFOptions,
  Linear,
  loss,
  Readout,
  Sequential,
} from 'spiketape';
import { loadDigits, split } from 'spiketape/datasets';
import { options } from 'spiketape/host';

const { only, epochs } = options({ only: ['all', 'snntorch', 'spikingjelly', 'norse'], epochs: 10 });

// nn.Linear(64, 128), snn.Leaky(beta=0.95, spike_grad=surrogate.fast_sigmoid(slope=25)), ...; SF.ce_rate_loss()
const leaky: LIFOptions = { semantics: 'snntorch', beta: 0.95, surrogate: fastSigmoid({ slope: 25 }) };
const snntorch = {
  net: new Sequential(
    new ConstantCurrent(64, 25),
    new Linear(64, 128),
    new LIF(128, leaky),
    new Linear(128, 10),
    new LIF(10, leaky),
  ),
  loss: loss.ceRate(),
};

// encoding.PoissonEncoder(), layer.Linear(64, 128, bias=False), neuron.LIFNode(tau=2.0, surrogate_function=surrogate.ATan()),
// ...; F.mse_loss(out_fr, one_hot)
const node: LIFOptions = { semantics: 'spikingjelly', tau: 2, surrogate: atanSurrogate({ a: 2 }) };
const spikingjelly = {
  net: new Sequential(
    new Encode(64, encode.rate({ steps: 20 })),
    new Linear(64, 128, { bias: false }),
    new LIF(128, node),
    new Linear(128, 10, { bias: false }),
    new LIF(10, node),
  ),
  loss: loss.squaredError({ at: 'mean' }),
};

// ConstantCurrentLIFEncoder(32, LIFParameters(v_th=0.33)), LIFRecurrentCell(64, 128, LIFParameters(v_th=0.33, alpha=100)),
// nn.Linear(128, 10, bias=False), LIBoxCell(); the largest voltage. A surrogate's x is in thresholds here: 100 x 0.33.
const volts = { semantics: 'norse', tau: 10, threshold: 0.33, surrogate: fastSigmoid({ slope: 33 }) } as const;
const norse = {
  net: new Sequential(
    new ConstantCurrent(64, 32),
    new LIF(64, volts),
    new CubaLIF(64, 128, { ...volts, recurrent: true, tauSyn: 5 }),
    new Readout(128, 10, { semantics: 'norse', tau: 10 }),
  ),
  loss: loss.ceMaxMembrane(),
};

const digits = await loadDigits();
const all = new Dataset({ steps: 1, inputs: 64, values: digits.images, labels: digits.labels });
const [train, test] = split(digits.count, { fractions: [0.8, 0.2], seed: 1, labels: digits.labels });
const engine = await init();
for (const [name, { net, loss }] of Object.entries({ snntorch, spikingjelly, norse })) {
  if (only !== 'all' && only !== name) continue;
  const { epochs: results } = await fit(engine, net, all.subset(train), {
    loss,
    optimizer: new Adam({ lr: 5e-3 }),
    epochs,
    batchSize: 64,
    validation: all.subset(test),
  });
  const last = results.at(-1);
  const [accuracy, rate] = [last?.validation?.accuracy ?? 0, last?.spikeRate ?? 0];
  console.log(`${name}: ${(100 * accuracy).toFixed(1)} % held out, ${rate.toFixed(3)} spikes per neuron and step`);
}
