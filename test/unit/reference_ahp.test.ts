import { describe, expect, it } from 'vitest';
import { Engine } from '../../src/autograd/engine.ts';
import { AHP } from '../../src/layers/ahp.ts';
import { Readout } from '../../src/layers/readout.ts';
import { crossEntropy } from '../../src/loss/cross_entropy.ts';
import { triangle } from '../../src/neurons/surrogates.ts';
import { ReferenceDevice } from '../../src/reference/device.ts';
import { moduleOf, runCell } from '../support/experiment.ts';
import { gradient64, parameterGradient64, read64 } from '../support/float64.ts';
import { Random } from '../support/random.ts';

// The equations and the adjoint of the AHP net as its authors published them, written out by hand as plain loops, against
// what is derived from the definition. Nothing is shared: neither expressions, nor layouts, nor kernels.

const [T, K, N, C] = [40, 7, 9, 4];
const GAMMA = 0.3;

interface Numbers {
  readonly x: number[][];
  readonly win: number[][];
  readonly wrec: number[][];
  readonly wout: number[][];
  readonly tau: number[];
  readonly tauAhp: number;
  readonly beta: number[];
  readonly theta: number;
  readonly tauOut: number;
  readonly label: number;
  readonly detached: boolean;
}

const zeros = (...shape: number[]): number[] => Array.from({ length: shape[0]! }, () => 0);
const matrix = (rows: number, columns: number): number[][] => Array.from({ length: rows }, () => zeros(columns));
const row = (m: readonly number[][], i: number): number[] => m[i] ?? [];

/** Forward and backward for one sample, loss: softmax cross entropy of the mean output. */
function byHand(p: Numbers) {
  const alpha = p.tau.map((tau) => Math.exp(-1 / tau));
  const rho = Math.exp(-1 / p.tauAhp);
  const alphaOut = Math.exp(-1 / p.tauOut);
  const [v, a, z, o] = [matrix(T, N), matrix(T, N), matrix(T, N), matrix(T, C)];
  for (let t = 0; t < T; t++) {
    for (let n = 0; n < N; n++) {
      const [vLast, aLast, zLast] = [v[t - 1]?.[n] ?? 0, a[t - 1]?.[n] ?? 0, z[t - 1]?.[n] ?? 0];
      a[t]![n] = rho * aLast - p.beta[n]! * zLast;
      let current = 0;
      for (let k = 0; k < K; k++) current += p.win[n]![k]! * p.x[t]![k]!;
      for (let j = 0; j < N; j++) current += p.wrec[n]![j]! * (z[t - 1]?.[j] ?? 0);
      v[t]![n] = alpha[n]! * vLast * (1 - zLast) + current + a[t]![n]!;
      z[t]![n] = v[t]![n]! > p.theta ? 1 : 0;
    }
    for (let c = 0; c < C; c++) {
      o[t]![c] = alphaOut * (o[t - 1]?.[c] ?? 0);
      for (let n = 0; n < N; n++) o[t]![c]! += p.wout[c]![n]! * (z[t - 1]?.[n] ?? 0);
    }
  }
  const mean = zeros(C).map((_, c) => o.reduce((sum, step) => sum + step[c]!, 0) / T);
  const total = mean.reduce((sum, m) => sum + Math.exp(m), 0);
  const dLoss = mean.map((m, c) => (Math.exp(m) / total - (c === p.label ? 1 : 0)) / T);

  const [dv, da, dz, dOut] = [matrix(T + 1, N), matrix(T + 1, N), matrix(T + 1, N), matrix(T + 1, C)];
  const [dWin, dWrec, dWout] = [matrix(N, K), matrix(N, N), matrix(C, N)];
  const [dAlpha, dBeta] = [zeros(N), zeros(N)];
  let [dRho, dTheta] = [0, 0];
  for (let t = T - 1; t >= 0; t--) {
    for (let c = 0; c < C; c++) dOut[t]![c] = dLoss[c]! + alphaOut * dOut[t + 1]![c]!;
    for (let n = 0; n < N; n++) {
      let d = -p.beta[n]! * da[t + 1]![n]!;
      for (let j = 0; j < N; j++) d += p.wrec[j]![n]! * dv[t + 1]![j]!;
      for (let c = 0; c < C; c++) d += p.wout[c]![n]! * dOut[t + 1]![c]!;
      if (!p.detached) d -= alpha[n]! * v[t]![n]! * dv[t + 1]![n]!;
      dz[t]![n] = d;
      const distance = (v[t]![n]! - p.theta) / p.theta;
      const slope = GAMMA * Math.max(0, 1 - Math.abs(distance));
      dv[t]![n] = (slope / p.theta) * d + alpha[n]! * (1 - z[t]![n]!) * dv[t + 1]![n]!;
      da[t]![n] = dv[t]![n]! + rho * da[t + 1]![n]!;
      dTheta -= (d * slope * v[t]![n]!) / p.theta ** 2;
    }
  }
  for (let t = 0; t < T; t++) {
    const [vLast, aLast, zLast] = [row(v, t - 1), row(a, t - 1), row(z, t - 1)];
    for (let n = 0; n < N; n++) {
      for (let k = 0; k < K; k++) dWin[n]![k]! += dv[t]![n]! * p.x[t]![k]!;
      for (let j = 0; j < N; j++) if (j !== n) dWrec[n]![j]! += dv[t]![n]! * (zLast[j] ?? 0);
      for (let c = 0; c < C; c++) dWout[c]![n]! += dOut[t]![c]! * (zLast[n] ?? 0);
      dAlpha[n]! += dv[t]![n]! * (vLast[n] ?? 0) * (1 - (zLast[n] ?? 0));
      dBeta[n]! -= da[t]![n]! * (zLast[n] ?? 0);
      dRho += da[t]![n]! * (aLast[n] ?? 0);
    }
  }
  return {
    z: z.flat(),
    v: v.flat(),
    a: a.flat(),
    o: o.flat(),
    weight: dWin.flat(),
    recurrent: dWrec.flat(),
    out: dWout.flat(),
    beta: dBeta,
    threshold: [dTheta],
    // the decays are exp(-1/tau)
    tau: dAlpha.map((d, n) => (d * alpha[n]!) / p.tau[n]! ** 2),
    tauAhp: [(dRho * rho) / p.tauAhp ** 2],
    x: dv.slice(0, T).flatMap((d) => zeros(K).map((_, k) => d.reduce((sum, x, n) => sum + x * p.win[n]![k]!, 0))),
  };
}

const table = (data: ArrayLike<number>, columns: number): number[][] =>
  Array.from({ length: data.length / columns }, (_, r) =>
    Array.from({ length: columns }, (_, i) => data[r * columns + i]!),
  );

const close = (actual: ArrayLike<number>, expected: readonly number[], what: string): void => {
  const largest = expected.reduce((m, e) => Math.max(m, Math.abs(e)), 0);
  expect(largest, `largest magnitude of ${what}`).toBeGreaterThan(1e-6);
  expect(actual.length, `length of ${what}`).toBe(expected.length);
  const worst = expected.reduce((m, e, i) => Math.max(m, Math.abs(e - actual[i]!)), 0);
  expect(worst / largest, `relative error of ${what}`).toBeLessThan(1e-12);
};

describe.each([false, true])('AHP by hand, reset detached: %s', (detached) => {
  it('agrees with the derived forward pass and adjoint to 1e-12', async () => {
    const random = new Random('by hand false');
    const layer = new AHP(K, N, {
      recurrent: true,
      detachReset: detached,
      weightGain: 1.6,
      adaptive: 5,
      threshold: 0.9,
      tauAhp: 60,
      beta: 0.15,
      tau: random.between(N, 5, 20),
      surrogate: triangle({ gamma: GAMMA }),
      learn: ['tau', 'tauAhp', 'beta', 'threshold'],
    });
    const readout = new Readout(N, C, { delay: 1, tau: 12 });
    const module = moduleOf([layer, readout], 'by hand');
    const engine = new Engine(new ReferenceDevice());
    engine.bind(module);
    const tape = engine.tape();
    const input = random.spikes(T * K, 0.3);
    const x = tape.input(input, { shape: [T, 1, K], form: 'bits', requiresGrad: true, name: 'x' });
    const run = runCell(layer, x);
    const out = runCell(readout, run.z!);
    const { loss } = crossEntropy(out.v, [2], { at: 'mean' });
    loss.backward();
    x.keepGradient();
    for (const t of [run.z!, run.v, run.states.a!, out.v]) t.keep();
    await tape.run();

    const p = layer.params;
    const hand = byHand({
      x: table(input, K),
      win: table(p.weight!.data, K),
      wrec: table(p['recurrent.weight']!.data, N),
      wout: table(readout.params.weight!.data, N),
      tau: [...p.tau!.data],
      tauAhp: p.tauAhp!.data[0]!,
      beta: [...p.beta!.data],
      theta: p.threshold!.data[0]!,
      tauOut: readout.params.tau!.data[0]!,
      label: 2,
      detached,
    });
    const rate = hand.z.reduce((m, s) => m + s, 0) / hand.z.length;
    expect(rate).toBeGreaterThan(0.05);
    expect(rate).toBeLessThan(0.4);
    expect([...(await read64(run.z!))]).toEqual(hand.z);
    close(await read64(run.v), hand.v, 'v');
    close(await read64(run.states.a!), hand.a, 'a');
    close(await read64(out.v), hand.o, 'o');
    close(parameterGradient64(tape, p.weight!), hand.weight, 'dW_in');
    close(parameterGradient64(tape, p['recurrent.weight']!), hand.recurrent, 'dW_rec');
    close(parameterGradient64(tape, readout.params.weight!), hand.out, 'dW_out');
    close(parameterGradient64(tape, p.tau!), hand.tau, 'dtau');
    close(parameterGradient64(tape, p.tauAhp!), hand.tauAhp, 'dtauAhp');
    close(parameterGradient64(tape, p.beta!), hand.beta, 'dbeta');
    close(parameterGradient64(tape, p.threshold!), hand.threshold, 'dthreshold');
    close(await gradient64(x, loss), hand.x, 'dx');
  });
});
