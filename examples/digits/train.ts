import {
  Adam,
  AHP,
  type Engine,
  type EpochResult,
  type Evaluation,
  evaluate,
  fit,
  loss,
  Readout,
  regularize,
  Sequential,
  triangle,
} from 'spiketape';
import { host } from 'spiketape/host';
import type { DigitSequences } from './sequences.ts';
import type { Settings } from './settings.ts';

export interface Trained {
  readonly net: Sequential;
  readonly settings: Settings;
  readonly label: string;
  readonly epochs: readonly EpochResult[];
  readonly test: Evaluation;
  readonly seconds: number;
  readonly aborted: boolean;
}

const percent = (x: number): string => `${(100 * x).toFixed(1)} %`;

/** Trains one net and scores it on the held-out digits. */
export async function train(
  engine: Engine,
  data: DigitSequences,
  settings: Settings,
  how: { adaptive: boolean; label: string },
): Promise<Trained> {
  const { neurons, epochs, batch, lr, seed, tauAhp, gamma, weightGain, recurrentGain, rate, voltage } = settings;
  const { adaptive, label } = how;
  const began = performance.now();
  const net = new Sequential(
    new AHP(data.train.inputs, neurons, {
      recurrent: true,
      adaptive: adaptive ? Math.floor(neurons / 2) : 0,
      tau: 20,
      tauAhp,
      beta: 0.1,
      surrogate: triangle({ gamma }),
      weightGain,
      recurrentGain,
    }),
    new Readout(neurons, 10, { tau: 20 }),
  ).initialize(seed);
  const answer = loss.crossEntropy({ at: { cue: data.cue } });

  const result = await fit(engine, net, data.train, {
    loss: answer,
    regularizers: [regularize.rate({ target: 0.05, weight: rate }), regularize.voltage({ weight: voltage })],
    optimizer: new Adam({ lr }),
    epochs,
    batchSize: batch,
    seed,
    signal: host.signal,
    schedule: (done) => 0.5 * (1 + Math.cos(Math.PI * done)),
    onProgress: ({ step, steps, epoch, loss, accuracy, spikeRate }) =>
      host.progress({
        done: step,
        total: steps,
        label: `${label}, epoch ${epoch}`,
        values: { loss, accuracy, rate: spikeRate },
      }),
    onEpoch: async (e) => {
      const line = {
        run: label,
        epoch: e.epoch,
        loss: e.loss,
        accuracy: e.accuracy,
        spikeRate: e.spikeRate,
        voltageMin: e.voltageMin,
        voltageMax: e.voltageMax,
        lr: e.lr,
        seconds: e.seconds,
      };
      await host.append('metrics.jsonl', `${JSON.stringify(line)}\n`);
    },
  });
  const test = await evaluate(engine, net, data.test, { loss: answer });
  const seconds = (performance.now() - began) / 1000;
  engine.unbind(net);
  console.log(
    `${label}: test accuracy ${percent(test.accuracy)} after ${result.epochs.length} epochs in ${seconds.toFixed(1)} s`,
  );
  console.log(
    `  ${test.spikeRate.toFixed(4)} spikes per neuron and step, membrane voltage ${test.voltageMin.toFixed(2)} .. ${test.voltageMax.toFixed(2)} thresholds`,
  );
  return { net, settings, label, epochs: result.epochs, test, seconds, aborted: result.aborted };
}
