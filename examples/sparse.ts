/**
 * The way in which the published AHP net was trained (Rao, Plank, Wild & Maass 2022), on digits shown row by row: a recurrent
 * layer, half of it with the slow current; a fifth of the connections from its neurons, found by DEEP R during training;
 * voltages and rates regularised; a readout that hears of spikes a step late.
 * `npx spiketape run examples/sparse.ts -- --density 0.1 --epochs 20`
 */
import { Adam, AHP, fit, init, loss, Readout, regularize, Sequential, schedules, triangle } from 'spiketape';
import { host, options } from 'spiketape/host';
import { digitSequences } from './digits/sequences.ts';

const args = options({ density: 0.2, epochs: 16, neurons: 128, seed: 1 });
const { train, test, cue } = await digitSequences('rows', args.seed);

const fewer = { rewire: { density: args.density, l1: 1e-5 } };
const net = new Sequential(
  new AHP(train.inputs, args.neurons, {
    recurrent: true,
    adaptive: Math.floor(args.neurons / 2),
    tau: 20,
    tauAhp: 700,
    beta: 0.1,
    surrogate: triangle({ gamma: 0.6 }),
    weightGain: 2,
    recurrentGain: 0.5,
    recurrentConnections: fewer,
  }),
  new Readout(args.neurons, 10, { tau: 20, delay: 1, connections: fewer }),
).initialize(args.seed);
const masks = [...net.namedParameters()].filter(([name]) => name.endsWith('_mask'));
const before = masks.map(([, mask]) => mask.data.slice());

await fit(await init(), net, train, {
  loss: loss.crossEntropy({ at: { cue } }),
  regularizers: [regularize.voltage({ weight: 1e-3 }), regularize.rate({ target: 0.05, weight: 1 })],
  optimizer: new Adam({ lr: 1e-2 }),
  schedule: schedules.cosine(),
  epochs: args.epochs,
  seed: args.seed,
  validation: test,
  signal: host.signal,
  onEpoch: ({ epoch, loss, spikeRate, voltageMin, validation }) =>
    console.log(
      `epoch ${epoch}: loss ${loss.toFixed(3)}, ${(100 * (validation?.accuracy ?? 0)).toFixed(1)} % held out,`,
      `${spikeRate.toFixed(3)} spikes per neuron and step, no voltage below ${voltageMin.toFixed(1)} thresholds`,
    ),
});
masks.forEach(([name, { data }], i) => {
  const there = data.filter((x) => x !== 0).length;
  const moved = data.filter((x, k) => x !== 0 && before[i]![k] === 0).length;
  console.log(`${name}: ${there} of ${data.length} connections, ${moved} of them found during training`);
});
