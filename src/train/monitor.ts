import type { CellRun } from '../autograd/ops/cell_node.ts';
import type { Tape } from '../autograd/tape.ts';
import type { Tensor } from '../autograd/tensor.ts';
import { Watch } from '../diagnose/watch.ts';
import { ACTIVITY } from '../kernels/activity.ts';
import { RESULT } from '../loss/result.ts';

/** What some steps amounted to. */
export interface Score {
  /** Mean loss per sample, regularisers included. */
  readonly loss: number;
  /** Share of samples that were right; NaN for a loss that predicts no class. */
  readonly accuracy: number;
  /** Spikes per neuron and step over all spiking layers. */
  readonly spikeRate: number;
  /** Smallest and largest membrane voltage of a spiking layer. */
  readonly voltageMin: number;
  readonly voltageMax: number;
  readonly samples: number;
}

/** What a score is computed from. */
export interface MonitorSums {
  readonly loss: number;
  readonly samples: number;
  readonly correct: number;
  readonly predicted: number;
  readonly spikes: number;
  readonly neuronSteps: number;
  readonly min: number;
  readonly max: number;
}

/** Collects the reports of many steps and sums them up. */
export class Monitor {
  readonly sums: { -readonly [name in keyof MonitorSums]: number } = {
    loss: 0,
    samples: 0,
    correct: 0,
    predicted: 0,
    spikes: 0,
    neuronSteps: 0,
    min: Number.POSITIVE_INFINITY,
    max: Number.NEGATIVE_INFINITY,
  };
  /** What the layers did, neuron by neuron. */
  readonly watch = new Watch();
  readonly predictions: number[] = [];
  readonly labels: number[] = [];

  /** Has a step report what the monitor needs: the result of its loss, and after `backward` the other terms of it. */
  static watch(tape: Tape, result: Tensor): void {
    tape.report(result);
    for (const run of spiking(tape)) {
      run.extras.monitored = true;
      tape.report(run.activity);
    }
    for (const { term } of tape.loss?.terms ?? []) tape.report(term.tensor);
  }

  /** @param reports of one step of the form of `tape` @param validSteps the sum of its samples' lengths */
  add(tape: Tape, reports: readonly Float32Array[], validSteps: number): void {
    const reported = (t: Tensor): Float32Array => reports[tape.reports.indexOf(t)]!;
    const result = reports[0]!;
    const { sums } = this;
    let loss = 0;
    let samples = 0;
    for (let b = 0; b < result.length / 4; b++) {
      const label = result[4 * b + RESULT.label]!;
      if (label < 0) continue;
      samples++;
      loss += result[4 * b + RESULT.loss]!;
      const prediction = result[4 * b + RESULT.prediction]!;
      if (prediction < 0) continue;
      sums.predicted++;
      sums.correct += result[4 * b + RESULT.correct]!;
      this.predictions.push(prediction);
      this.labels.push(label);
    }
    if (tape.loss) {
      const terms = new Set(tape.loss.terms.map((t) => t.term));
      loss = 0;
      for (const term of terms) loss += term.sum(reported(term.tensor));
    }
    for (const run of spiking(tape)) {
      const N = run.activity.shape[1]!;
      const rows = reported(run.activity);
      const row = (k: number): Float32Array => rows.subarray(k * N, (k + 1) * N);
      const [smallest, largest] = [row(ACTIVITY.smallest), row(ACTIVITY.largest)];
      sums.spikes += row(ACTIVITY.spikes).reduce((a, b) => a + b, 0);
      // an encoder makes more steps than the data has, as many for each sample
      const steps = run.v.lengths ? validSteps : run.v.shape[0]! * run.v.shape[1]!;
      sums.neuronSteps += N * steps;
      this.watch.add(run, rows, steps);
      if (smallest.some((low, n) => !(low <= largest[n]!))) {
        throw new Error(
          `${run.label}: a membrane voltage is not a number; lower the learning rate, or look for extreme values in the data`,
        );
      }
      sums.min = smallest.reduce((a, b) => Math.min(a, b), sums.min);
      sums.max = largest.reduce((a, b) => Math.max(a, b), sums.max);
    }
    // a step's loss is a mean over its samples already; steps count by their samples
    sums.loss += loss * samples;
    sums.samples += samples;
  }

  get score(): Score {
    const { loss, samples, correct, predicted, spikes, neuronSteps, min, max } = this.sums;
    return {
      loss: loss / Math.max(1, samples),
      accuracy: predicted > 0 ? correct / predicted : Number.NaN,
      spikeRate: spikes / Math.max(1, neuronSteps),
      voltageMin: min,
      voltageMax: max,
      samples,
    };
  }
}

const spiking = (tape: Tape): CellRun[] => tape.cells.filter((r) => r.z);
