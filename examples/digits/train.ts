import { Adam, AHP, type Engine, type EpochResult, type Evaluation, evaluate, fit, loss, Readout, regularize, Sequential, triangle } from 'spiketape';
import { host } from 'spiketape/host';
import type { DigitSequences } from './sequences.ts';

export interface Settings {
  readonly neurons: number;
  readonly epochs: number;
  readonly batch: number;
  readonly lr: number;
  readonly seed: number;
  /** Whether half of the neurons have the AHP current. */
  readonly adaptive: boolean;
  readonly label: string;
}

export interface Trained {
  readonly net: Sequential;
  readonly settings: Settings;
  readonly epochs: readonly EpochResult[];
  readonly test: Evaluation;
  readonly seconds: number;
  readonly aborted: boolean;
}

const percent = (x: number): string => `${(100 * x).toFixed(1)} %`;

/** Trains one net and scores it on the held-out digits. */
export async function train(engine: Engine, data: DigitSequences, settings: Settings): Promise<Trained> {
  const { neurons, epochs, batch, lr, seed, adaptive, label } = settings;
  const began = performance.now();
  const net = new Sequential(
    new AHP(data.train.inputs, neurons, { recurrent: true, adaptive: adaptive ? neurons / 2 : 0, tau: 20, tauAhp: 700, beta: 0.1, surrogate: triangle({ gamma: 0.6 }), weightGain: 2, recurrentGain: 0.5 }),
    new Readout(neurons, 10, { tau: 20 }),
  ).initialize(seed);
  const answer = loss.crossEntropy({ at: { cue: data.cue } });

  const result = await fit(engine, net, data.train, {
    loss: answer,
    regularizers: [regularize.rate({ target: 0.05, weight: 1 }), regularize.voltage({ weight: 1e-3 })],
    optimizer: new Adam({ lr }),
    epochs,
    batchSize: batch,
    seed,
    signal: host.signal,
    schedule: (done) => 0.5 * (1 + Math.cos(Math.PI * done)),
    onProgress: ({ step, steps, epoch, loss, accuracy, spikeRate }) =>
      host.progress({ done: step, total: steps, label: `${label}, epoch ${epoch}`, values: { loss, accuracy, rate: spikeRate } }),
    onEpoch: async (e) => {
      const line = { run: label, epoch: e.epoch, loss: e.loss, accuracy: e.accuracy, spikeRate: e.spikeRate, voltageMin: e.voltageMin, voltageMax: e.voltageMax, lr: e.lr, seconds: e.seconds };
      await host.append('metrics.jsonl', `${JSON.stringify(line)}\n`);
    },
  });
  const test = await evaluate(engine, net, data.test, { loss: answer });
  const seconds = (performance.now() - began) / 1000;
  engine.unbind(net);
  console.log(`${label}: test accuracy ${percent(test.accuracy)} after ${result.epochs.length} epochs in ${seconds.toFixed(1)} s`);
  console.log(`  ${test.spikeRate.toFixed(4)} spikes per neuron and step, membrane voltage ${test.voltageMin.toFixed(2)} .. ${test.voltageMax.toFixed(2)} thresholds`);
  return { net, settings, epochs: result.epochs, test, seconds, aborted: result.aborted };
}
