import { describe, expect, it } from 'vitest';
import { Engine, loss } from '../../src/index.ts';
import type { LossFunction } from '../../src/loss/index.ts';
import { ReferenceDevice } from '../../src/reference/device.ts';
import { finiteDifferences } from '../support/finite_differences.ts';
import { gradient64, loss64, read64 } from '../support/float64.ts';
import { lossCases, lossExperiment } from '../support/losses.ts';

// Losses on the float64 reference, against numbers worked out by hand, and their gradients against finite differences.

interface Given {
  /** [T][B][N] */
  readonly outputs: readonly (readonly (readonly number[])[])[];
  readonly targets: readonly number[];
  readonly lengths?: readonly number[];
  readonly form?: 'f32' | 'bits';
}

async function judge(
  lossOf: LossFunction,
  { outputs, targets, lengths, form = 'f32' }: Given,
): Promise<{ value: number; gradient: number[]; result: number[] }> {
  const tape = new Engine(new ReferenceDevice()).tape();
  const [T, B, N] = [outputs.length, outputs[0]!.length, outputs[0]![0]!.length];
  const o = tape.input(outputs.flat(2), {
    shape: [T, B, N],
    form,
    requiresGrad: true,
    name: 'o',
    ...(lengths ? { lengths } : {}),
  });
  const { loss: total, result } = lossOf(o.keepGradient(), targets);
  result.keep();
  total.backward();
  await tape.run();
  return {
    value: await loss64(total),
    gradient: [...(await gradient64(o, total))],
    result: [...(await read64(result))],
  };
}

// inputs are float32: ln 3 among them is rounded
function close(actual: readonly number[], expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  expected.forEach((e, i) => {
    expect(actual[i], `[${i}]`).toBeCloseTo(e, 7);
  });
}

const { log, LN2 } = Math;

describe('cross entropy', () => {
  // softmax of (ln 3, 0) is (3/4, 1/4)
  const outputs = [[[0, 0]], [[log(3), 0]]];

  it('of the last step', async () => {
    const { value, gradient, result } = await judge(loss.ceLast(), { outputs, targets: [1] });
    close([value], [log(4)]);
    close(gradient, [0, 0, 3 / 4, -3 / 4]);
    close(result, [log(4), 0, 0, 1]);
  });

  it('of each step: the mean of ln 2 and ln 4/3', async () => {
    const { value, gradient, result } = await judge(loss.ceRate(), { outputs, targets: [0] });
    close([value], [(LN2 + log(4 / 3)) / 2]);
    close(gradient, [-1 / 4, 1 / 4, -1 / 8, 1 / 8]);
    close(result, [value, 1, 0, 0]);
  });

  it('of the mean over the valid steps: softmax of (ln 9 / 2, 0)', async () => {
    const three = [[[0, 0]], [[log(9), 0]], [[-100, 100]]];
    const { value, gradient } = await judge(loss.ceMean(), { outputs: three, targets: [0], lengths: [2] });
    close([value], [log(4 / 3)]);
    close(gradient, [-1 / 8, 1 / 8, -1 / 8, 1 / 8, 0, 0]);
  });

  it('of the count of spikes: (2, 1) in three steps, mean over two samples', async () => {
    const spikes = [
      [
        [1, 0],
        [0, 0],
      ],
      [
        [0, 1],
        [0, 0],
      ],
      [
        [1, 0],
        [0, 0],
      ],
    ];
    const { value, gradient, result } = await judge(loss.ceCount(), { outputs: spikes, targets: [0, 1], form: 'bits' });
    const p = Math.E / (1 + Math.E);
    const first = [(p - 1) / 2, (1 - p) / 2];
    close([value], [(-log(p) + LN2) / 2]);
    close(
      gradient,
      [1, 2, 3].flatMap(() => [...first, 1 / 4, -1 / 4]),
    );
    close(result, [-log(p) / 2, 1, 0, 0, LN2 / 2, 0, 0, 1]);
  });

  it('of the maximum of each membrane: the gradient goes to the first step that has it', async () => {
    const rising = [[[0, 1]], [[log(3), 0]], [[log(3), -1]], [[-5, 1]]];
    const shifted = rising.map(([o]) => [[o![0]!, o![1]! - 1]]);
    const { value, gradient } = await judge(loss.ceMaxMembrane(), { outputs: shifted, targets: [1] });
    close([value], [log(4)]);
    close(gradient, [0, -3 / 4, 3 / 4, 0, 0, 0, 0, 0]);
  });

  it('smoothed and with class weights, as PyTorch defines both', async () => {
    // q = (0.9 + 0.05, 0.05) times the weights (2, 6); p = (3/4, 1/4); divided by the label's weight, 2
    const { value, gradient } = await judge(loss.ceLast({ smoothing: 0.1, classWeights: [2, 6] }), {
      outputs,
      targets: [0],
    });
    close([value], [(1.9 * log(4 / 3) + 0.3 * log(4)) / 2]);
    close(gradient, [0, 0, (2.2 * 0.75 - 1.9) / 2, (2.2 * 0.25 - 0.3) / 2]);
  });

  it('with class weights: the mean over samples is weighted', async () => {
    const two = [
      [
        [0, 0],
        [log(3), 0],
      ],
    ];
    const { value, gradient } = await judge(loss.ceLast({ classWeights: [1, 3] }), { outputs: two, targets: [0, 1] });
    close([value], [(LN2 + 3 * log(4)) / 4]);
    close(gradient, [-1 / 8, 1 / 8, (3 * 0.75) / 4, (-3 * 0.75) / 4]);
  });

  it('with a mask: steps of weight 1, 0, 3', async () => {
    const three = [[[0, 0]], [[50, 0]], [[log(3), 0]]];
    const { value, gradient } = await judge(loss.ceRate({ mask: [1, 0, 3] }), { outputs: three, targets: [0] });
    close([value], [(LN2 + 3 * log(4 / 3)) / 4]);
    close(gradient, [-1 / 8, 1 / 8, 0, 0, -3 / 16, 3 / 16]);
  });

  it('with a mask: the last step is the last that counts, for each sample', async () => {
    const two = [
      [
        [log(3), 0],
        [0, 0],
      ],
      [
        [9, 0],
        [log(3), 0],
      ],
      [
        [0, 9],
        [0, 9],
      ],
    ];
    // the second sample has two steps, of which the mask leaves one; the third has none
    const { value, gradient } = await judge(loss.ceLast({ mask: [1, 1, 0, 1, 0, 1] }), {
      outputs: two,
      targets: [1, 0],
      lengths: [3, 2],
    });
    close([value], [(log(4) + log(4 / 3)) / 2]);
    close(gradient, [3 / 8, -3 / 8, 0, 0, 0, 0, -1 / 8, 1 / 8, 0, 0, 0, 0]);
  });

  it('leaves a sample without counted steps out of the mean', async () => {
    const two = [
      [
        [log(3), 0],
        [5, 0],
      ],
    ];
    const byLength = await judge(loss.crossEntropy(), { outputs: two, targets: [1, 0], lengths: [1, 0] });
    const byMask = await judge(loss.ceCount({ mask: [1, 0] }), { outputs: two, targets: [1, 0] });
    for (const { value, gradient, result } of [byLength, byMask]) {
      close([value], [log(4)]);
      close(gradient, [3 / 4, -3 / 4, 0, 0]);
      expect(result[7]).toBe(-1);
    }
  });

  it('stays finite for outputs of any size', async () => {
    const { value, gradient } = await judge(loss.ceRate(), { outputs: [[[3e4, -3e4]]], targets: [1] });
    close([value], [6e4]);
    close(gradient, [1, -1]);
  });
});

describe('squared error', () => {
  it("of counts, by label: targets are rates times steps, divided by steps as in snnTorch's mse_count_loss", async () => {
    const spikes = [[[1, 0, 1]], [[1, 0, 0]], [[0, 0, 1]], [[1, 0, 0]]];
    const { value, gradient, result } = await judge(loss.mseCount({ correct: 0.5, wrong: 0.25 }), {
      outputs: spikes,
      targets: [0],
      form: 'bits',
    });
    // counts 3, 0, 2; targets 2, 1, 1
    close([value], [3 / 3 / 4]);
    const slope = [2 / 12, -2 / 12, 2 / 12];
    close(gradient, [...slope, ...slope, ...slope, ...slope]);
    close(result, [0.25, 1, 0, 0]);
  });

  it('of counts that are given', async () => {
    const { value, gradient, result } = await judge(loss.mseCount({ targets: 'values' }), {
      outputs: [[[1, 1]], [[0, 1]]],
      targets: [2, 2],
      form: 'bits',
    });
    close([value], [1 / 2 / 2]);
    close(gradient, [-1 / 2, 0, -1 / 2, 0]);
    close(result, [0.25, 0, -1, 0]);
  });

  it('of the membrane by label, with class weights', async () => {
    const { value, gradient, result } = await judge(loss.mseMembrane({ wrong: -1, classWeights: [1, 3] }), {
      outputs: [
        [
          [0, 0],
          [1, 1],
        ],
        [
          [1, 0],
          [1, 1],
        ],
      ],
      targets: [0, 1],
    });
    // sample 0: (1 + 1)/2 and (0 + 1)/2, mean 0.75, weight 1; sample 1: 4/2 at both, weight 3
    close([value], [(0.75 + 3 * 2) / 4]);
    close(gradient, [-1 / 8, 1 / 8, 3 / 4, 0, 0, 1 / 8, 3 / 4, 0]);
    close(result, [0.75 / 4, 1, 0, 0, 6 / 4, 0, 0, 1]);
  });

  it('of the membrane, a target a step, in the valid steps', async () => {
    const { value, gradient } = await judge(loss.mseMembrane({ targets: 'values' }), {
      outputs: [[[0.5]], [[2]], [[9]]],
      targets: [0, 1, 0],
      lengths: [2],
    });
    close([value], [(0.25 + 1) / 2]);
    close(gradient, [0.5, 1, 0]);
  });

  it('of the membrane, a target a sample, at the last step', async () => {
    const { value, gradient } = await judge(loss.squaredError({ at: 'last', targets: 'values' }), {
      outputs: [[[5, 5]], [[1, 3]]],
      targets: [2, 3],
    });
    close([value], [0.5]);
    close(gradient, [0, 0, -1, 0]);
  });
});

describe('van Rossum', () => {
  it('a spike too early by one step, decay 1/2', async () => {
    const tau = 1 / LN2;
    // the difference 1, -1, 0 filtered: 1, -1/2, -1/4
    const { value, gradient, result } = await judge(loss.vanRossum({ tau }), {
      outputs: [[[1]], [[0]], [[0]]],
      targets: [0, 1, 0],
      form: 'bits',
    });
    const scale = LN2;
    close([value], [scale * (1 + 1 / 4 + 1 / 16)]);
    // from the end: -1/2, -1 - 1/4, 2 - 5/8
    close(gradient, [scale * 1.375, scale * -1.25, scale * -0.5]);
    close(result, [value, 0, -1, 0]);
  });

  it('is the mean over neurons and samples, ends with the sample, and a mask weighs the steps', async () => {
    const outputs = [
      [
        [1, 0],
        [0, 0],
      ],
      [
        [0, 0],
        [0, 1],
      ],
    ];
    const targets = [0, 0, 0, 0, 0, 0, 0, 0];
    const { value, gradient, result } = await judge(loss.vanRossum({ tau: 1 / LN2, mask: [1, 2] }), {
      outputs,
      targets,
      lengths: [2, 1],
      form: 'bits',
    });
    const s = LN2 / 2 / 2;
    close([value], [s * (1 + 2 / 4)]);
    close(gradient, [s * (2 + 1), 0, 0, 0, s * 2, 0, 0, 0]);
    close(result.slice(4), [0, 0, -1, 0]);
  });

  it('is 0 with gradient 0 for equal trains', async () => {
    const { value, gradient } = await judge(loss.vanRossum(), { outputs: [[[1]], [[0]]], targets: [1, 0] });
    close([value, ...gradient], [0, 0, 0]);
  });
});

describe('gradients against finite differences, through a layer of neurons in the smooth mode', () => {
  const sizes = { T: 6, B: 3, N: 4, lengths: [6, 3, 5] };
  for (const [name, test] of Object.entries(lossCases)) {
    it(name, async () => {
      for (const { name: of, size, error } of await finiteDifferences(lossExperiment(test, sizes))) {
        expect(size, `size of the derivative by ${of}`).toBeGreaterThan(1e-4);
        expect(error, `relative error of the gradient of ${of}`).toBeLessThan(1e-6);
      }
    });
  }
});
