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

/** Collects the reports of many steps and sums them up. */
export class Monitor {
  #loss = 0;
  #samples = 0;
  #correct = 0;
  #predicted = 0;
  #spikes = 0;
  #neuronSteps = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;
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
    let loss = 0;
    let samples = 0;
    for (let b = 0; b < result.length / 4; b++) {
      const label = result[4 * b + RESULT.label]!;
      if (label < 0) continue;
      samples++;
      loss += result[4 * b + RESULT.loss]!;
      const prediction = result[4 * b + RESULT.prediction]!;
      if (prediction < 0) continue;
      this.#predicted++;
      this.#correct += result[4 * b + RESULT.correct]!;
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
      this.#spikes += row(ACTIVITY.spikes).reduce((a, b) => a + b, 0);
      // an encoder makes more steps than the data has, as many for each sample
      const steps = run.v.lengths ? validSteps : run.v.shape[0]! * run.v.shape[1]!;
      this.#neuronSteps += N * steps;
      this.watch.add(run, rows, steps);
      if (smallest.some((low, n) => !(low <= largest[n]!))) {
        throw new Error(
          `${run.label}: a membrane voltage is not a number; lower the learning rate, or look for extreme values in the data`,
        );
      }
      this.#min = smallest.reduce((a, b) => Math.min(a, b), this.#min);
      this.#max = largest.reduce((a, b) => Math.max(a, b), this.#max);
    }
    // a step's loss is a mean over its samples already; steps count by their samples
    this.#loss += loss * samples;
    this.#samples += samples;
  }

  get score(): Score {
    const n = Math.max(1, this.#samples);
    return {
      loss: this.#loss / n,
      accuracy: this.#predicted > 0 ? this.#correct / this.#predicted : Number.NaN,
      spikeRate: this.#spikes / Math.max(1, this.#neuronSteps),
      voltageMin: this.#min,
      voltageMax: this.#max,
      samples: this.#samples,
    };
  }
}

const spiking = (tape: Tape): CellRun[] => tape.cells.filter((r) => r.z);
