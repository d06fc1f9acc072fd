import { describe, expect, it } from 'vitest';
import { Engine } from '../../src/autograd/engine.ts';
import { Parameter } from '../../src/autograd/parameter.ts';
import { Recorder } from '../../src/device/recorder.ts';
import { Linear } from '../../src/layers/linear.ts';
import { Sequential } from '../../src/layers/sequential.ts';
import { crossEntropy } from '../../src/loss/index.ts';
import { Adam, AdamW } from '../../src/optim/adam.ts';
import type { Optimizer } from '../../src/optim/optimizer.ts';
import { RMSprop } from '../../src/optim/rmsprop.ts';
import * as schedules from '../../src/optim/schedules.ts';
import { SGD } from '../../src/optim/sgd.ts';
import { ReferenceDevice } from '../../src/reference/device.ts';
import { Dataset } from '../../src/train/dataset.ts';
import { fit as trainNet } from '../../src/train/fit.ts';
import { givenTwins, lossWithGradients, moduleOfValues } from '../support/given_gradients.ts';

// Update rules on the reference: steps by hand from the rules as PyTorch's documentation states them, with gradients given.

type Gradients = Readonly<Record<string, readonly number[]>>;

/** Values of all parameters after each of the steps with these gradients. */
async function train(
  optimizer: Optimizer,
  start: Gradients,
  gradients: readonly Gradients[],
  between: (step: number) => void = () => undefined,
): Promise<Record<string, number[]>[]> {
  const engine = new Engine(new ReferenceDevice({ twins: givenTwins }));
  const module = moduleOfValues(start);
  engine.bind(module);
  const after = [];
  for (const [i, g] of gradients.entries()) {
    between(i);
    const tape = engine.tape();
    lossWithGradients(tape, module, g).backward();
    await optimizer.step(tape);
    await engine.pull(module);
    after.push(module.values());
  }
  return after;
}

/** The one number of each step. */
const path = async (optimizer: Optimizer, p: number, gradients: readonly number[]): Promise<number[]> =>
  (
    await train(
      optimizer,
      { p: [p] },
      gradients.map((g) => ({ p: [g] })),
    )
  ).map(({ p }) => p![0]!);

const close = (actual: readonly number[], expected: readonly number[]): void =>
  actual.forEach((x, i) => {
    expect(x).toBeCloseTo(expected[i]!, 6);
  });

describe('SGD', () => {
  it('goes down the gradient', async () => {
    close(await path(new SGD({ lr: 0.1 }), 1, [2, -1]), [0.8, 0.9]);
  });

  it('adds the decay to the gradient', async () => {
    // 1 - 0.1 (2 + 0.5) = 0.75 ; 0.75 - 0.1 (1 + 0.375) = 0.6125
    close(await path(new SGD({ lr: 0.1, weightDecay: 0.5 }), 1, [2, 1]), [0.75, 0.6125]);
  });

  it('has momentum', async () => {
    // m = 2, 0.9 * 2 - 1 = 0.8, 0.72 + 3 = 3.72
    close(await path(new SGD({ lr: 0.1, momentum: 0.9 }), 1, [2, -1, 3]), [0.8, 0.72, 0.348]);
  });

  it('dampens all but the first gradient', async () => {
    // m = 2, 0.9 * 2 + 0.25 * -1 = 1.55
    close(await path(new SGD({ lr: 0.1, momentum: 0.9, dampening: 0.75 }), 1, [2, -1]), [0.8, 0.645]);
    close(await path(new SGD({ lr: 0.1, dampening: 0.75 }), 1, [2, -1]), [0.8, 0.9]);
  });

  it('looks ahead with Nesterov', async () => {
    // m = 2, 0.8 ; steps g + 0.9 m = 3.8, -1 + 0.72 = -0.28
    close(await path(new SGD({ lr: 0.1, momentum: 0.9, nesterov: true }), 1, [2, -1]), [0.62, 0.648]);
  });
});

describe('Adam', () => {
  const [g1, g2] = [0.5, -0.25];
  // m = 0.05, 0.02 ; corrected 0.5, 0.02 / 0.19 ; s = 0.00025, 0.00031225 ; corrected 0.25, 0.00031225 / 0.001999
  const second = 0.02 / 0.19 / (Math.sqrt(0.00031225 / 0.001999) + 1e-8);

  it('corrects its moments for their beginning at 0', async () => {
    close(await path(new Adam({ lr: 0.1 }), 1, [g1, g2]), [0.9, 0.9 - 0.1 * second]);
  });

  it('takes other betas and eps', async () => {
    // m = 0.25, s = 0.125 ; corrected 0.5, 0.25 ; 0.5 / (0.5 + 0.5)
    close(await path(new Adam({ lr: 0.1, betas: [0.5, 0.5], eps: 0.5 }), 1, [g1]), [0.95]);
  });

  it('has the decay in the gradient, AdamW apart from it', async () => {
    // Adam: every first step is lr, whatever the gradient 0.5 + 0.2 is; AdamW: 1 - 0.1 * 0.2 * 1 - 0.1
    close(await path(new Adam({ lr: 0.1, weightDecay: 0.2 }), 1, [g1]), [0.9]);
    close(await path(new AdamW({ lr: 0.1, weightDecay: 0.2 }), 1, [g1, g2]), [
      0.88,
      0.88 - 0.1 * (0.2 * 0.88 + second),
    ]);
    // of Adam's second step with decay: gradients 0.7 and -0.25 + 0.18 = -0.07
    const [m, s] = [0.9 * 0.07 + 0.1 * -0.07, 0.999 * 0.00049 + 0.001 * 0.0049];
    const step = m / 0.19 / (Math.sqrt(s / 0.001999) + 1e-8);
    close(await path(new Adam({ lr: 0.1, weightDecay: 0.2 }), 1, [g1, g2]), [0.9, 0.9 - 0.1 * step]);
    // AdamW's default decay
    close(await path(new AdamW({ lr: 0.1 }), 1, [g1]), [1 - 0.1 * 0.01 - 0.1]);
  });
});

describe('RMSprop', () => {
  it('divides by the root mean square', async () => {
    // s = 0.01 * 4 = 0.04, 0.0396 + 0.01 = 0.0496
    const [a, b] = [2 / 0.2, -1 / Math.sqrt(0.0496)];
    close(await path(new RMSprop({ lr: 0.01 }), 1, [2, -1]), [1 - 0.01 * a, 1 - 0.01 * (a + b)]);
    close(await path(new RMSprop({ lr: 0.01, momentum: 0.5 }), 1, [2, -1]), [
      1 - 0.01 * a,
      1 - 0.01 * (a + 0.5 * a + b),
    ]);
    close(await path(new RMSprop({ lr: 0.01, eps: 0.2, weightDecay: 1 }), 1, [1]), [1 - 0.01 * (2 / (0.2 + 0.2))]);
  });

  it('centred divides by the standard deviation', async () => {
    // alpha 0.5: s = 2, 1 + 0.5 = 1.5 ; a = 1, 0.5 - 0.5 = 0 ; variances 1, 1.5
    const steps = await path(new RMSprop({ lr: 0.1, alpha: 0.5, centered: true }), 1, [2, -1]);
    close(steps, [0.8, 0.8 + 0.1 / Math.sqrt(1.5)]);
  });
});

const start = { a: [1, 2, 3], 'b.weight': [4, 5], 'b.tau': [6] };
const ones = { a: [1, 1, 1], 'b.weight': [1, 1], 'b.tau': [1] };

describe('groups of parameters', () => {
  it('have numbers of their own, by name, pattern and predicate', async () => {
    const groups = [
      { params: 'a', lr: 0.5 },
      { params: [/tau$/], lr: 0 },
    ];
    const [after] = await train(new SGD({ lr: 0.1, groups }), start, [ones]);
    close([...after!.a!, ...after!['b.weight']!, ...after!['b.tau']!], [0.5, 1.5, 2.5, 3.9, 4.9, 6]);
    const byPredicate = [{ params: (p: { shape: readonly number[] }) => p.shape[0] === 2, weightDecay: 1 }];
    const [other] = await train(new SGD({ lr: 0.1, groups: byPredicate }), start, [ones]);
    close([...other!.a!, ...other!['b.weight']!], [0.9, 1.9, 2.9, 3.5, 4.4]);
  });

  it('freeze with learning rate 0, decay or not, in every rule', async () => {
    for (const Rule of [SGD, Adam, AdamW, RMSprop]) {
      const optimizer = new Rule({ lr: 0.1, weightDecay: 0.5, groups: [{ params: /^b/, lr: 0 }] });
      const [, after] = await train(optimizer, start, [ones, ones]);
      expect([after!['b.weight'], after!['b.tau']], Rule.name).toEqual([start['b.weight'], start['b.tau']]);
      expect(after!.a![0], Rule.name).toBeLessThan(1);
    }
  });

  it.each([false, true])('give the same numbers layer by layer: %s, and as optimisers apart', async (layerwise) => {
    const gradients = [ones, { a: [3, -1, 2], 'b.weight': [0, 1], 'b.tau': [-2] }];
    const groups = [{ params: ['b.tau', 'a'], lr: 0.02, betas: [0.5, 0.9] as const, eps: 0.1, weightDecay: 0.3 }];
    const together = await train(new Adam({ lr: 0.1, groups, layerwise }), start, gradients);
    const plain = await train(new Adam({ lr: 0.1 }), start, gradients);
    const special = await train(
      new Adam({ lr: 0.02, betas: [0.5, 0.9], eps: 0.1, weightDecay: 0.3 }),
      start,
      gradients,
    );
    for (const i of [0, 1]) {
      expect(together[i]).toEqual({ ...special[i], 'b.weight': plain[i]!['b.weight'] });
    }
  });

  it('follow a change of their rate and of the common scale, and keep what they remember', async () => {
    const optimizer = new SGD({ lr: 0.1, momentum: 0.5, groups: [{ params: 'a', lr: 1 }] });
    const gradients: Gradients[] = [{ a: [1, 0, 0], 'b.tau': [1] }, { a: [0, 0, 0] }, { a: [0, 0, 0] }];
    const after = await train(optimizer, start, gradients, (i) => {
      if (i === 1) optimizer.groups[1]!.lr = 2;
      if (i === 2) optimizer.scale = 0.5;
      if (i === 2) optimizer.lr = 4;
    });
    // momenta 1, 0.5, 0.25 ; rates 1, 2, 1 and 0.1, 0.1, 2
    close(
      after.map((s) => s.a![0]!),
      [0, -1, -1.25],
    );
    close(
      after.map((s) => s['b.tau']![0]!),
      [5.9, 5.85, 5.35],
    );
  });

  const fails = (groups: unknown, message: string | RegExp): Promise<void> =>
    expect(train(new SGD({ lr: 0.1, groups } as never), start, [ones])).rejects.toThrow(message) as Promise<void>;

  it('that take nothing, or what another has, are refused by name', async () => {
    await fails([{ params: 'b.wieght' }], "SGD: groups[0]: there is no parameter 'b.wieght'; did you mean 'b.weight'?");
    await fails(
      [{ params: 'a' }, { params: [/gamma/] }],
      'SGD: groups[1]: /gamma/ takes no parameter; known are a, b.weight',
    );
    await fails([{ params: () => false }], 'the predicate takes no parameter');
    await fails([{ params: [] }], 'an empty list of parameters takes none');
    await fails([{ params: /b/ }, { params: 'b.tau' }], "SGD: groups[1]: parameter 'b.tau' is in groups[0] already");
  });
});

describe('clipping', () => {
  const g = { a: [3, 0, 0], 'b.weight': [0, -4], 'b.tau': [0] };

  it('by norm scales all gradients alike', async () => {
    // norm 5, factor 0.2
    const [after] = await train(new SGD({ lr: 1, clip: { norm: 1 } }), start, [g]);
    close([...after!.a!, ...after!['b.weight']!], [1 - 0.6, 2, 3, 4, 5 + 0.8]);
    const [small] = await train(new SGD({ lr: 1, clip: { norm: 6 } }), start, [g]);
    close([small!.a![0]!, small!['b.weight']![1]!], [-2, 9]);
  });

  it('by value bounds each number', async () => {
    const optimizer = new SGD({ lr: 1, clip: { value: 3.5 }, layerwise: true });
    const [after] = await train(optimizer, start, [g]);
    close([...after!.a!, ...after!['b.weight']!], [-2, 2, 3, 4, 8.5]);
  });

  it('tells the norm before it, with clipping or without', async () => {
    for (const clip of [{ norm: 1 }, undefined]) {
      const engine = new Engine(new ReferenceDevice({ twins: givenTwins }));
      const module = moduleOfValues(start);
      engine.bind(module);
      const optimizer = new Adam(clip ? { clip } : {});
      const tape = engine.tape();
      lossWithGradients(tape, module, g).backward();
      const norm = optimizer.gradientNorm(tape).keep();
      tape.report(norm);
      await optimizer.step(tape);
      expect(await norm.read()).toEqual(Float32Array.of(5));
      expect((await tape.collect())[0]![0]).toEqual(Float32Array.of(5));
    }
  });

  it('adds one dispatch by norm, two in large nets, none by value', async () => {
    const dispatches = async (clip: unknown, size: number): Promise<number> => {
      const recorder = new Recorder();
      const engine = new Engine(recorder);
      const module = moduleOfValues({ a: new Array<number>(size).fill(0) });
      engine.bind(module);
      const tape = engine.tape();
      lossWithGradients(tape, module, { a: new Float32Array(size) }).backward();
      await new Adam(clip ? { clip: clip as { norm: number } } : {}).step(tape);
      return recorder.steps[0]!.calls.length;
    };
    const none = await dispatches(undefined, 4);
    expect(await dispatches({ value: 1 }, 4)).toBe(none);
    expect(await dispatches({ norm: 1 }, 16384)).toBe(none + 1);
    expect(await dispatches({ norm: 1 }, 16385)).toBe(none + 2);
  });
});

describe('constraints', () => {
  // two presynaptic neurons, one of each sign; the second matrix is masked as well
  const module = (): ReturnType<typeof moduleOfValues> => {
    const signs = new Parameter([2], { fill: [1, -1] }, { trainable: false });
    const mask = new Parameter([2, 2], { fill: [1, 1, 0, 1] }, { trainable: false });
    const a = new Parameter([2, 2], { fill: [1, -1, 1, -1] }, { signs });
    const b = new Parameter([2, 2], { fill: [1, -1, 0, -1] }, { signs, mask });
    const all = { signs, mask, a, b };
    for (const [name, p] of Object.entries(all)) p.name = name;
    return {
      parameters: () => Object.values(all),
      values: () => ({ a: [...a.data], b: [...b.data] }),
    };
  };
  const gradients = { a: [2, 0.5, -1, -2], b: [2, 0.5, -1, -2] };
  const run = async (optimizer: Optimizer): Promise<Record<string, number[]>> => {
    const engine = new Engine(new ReferenceDevice({ twins: givenTwins }));
    const m = module();
    engine.bind(m);
    const tape = engine.tape();
    lossWithGradients(tape, m, gradients).backward();
    await optimizer.step(tape);
    await engine.pull(m);
    return m.values();
  };

  it.each([false, true])('hold after an update; layer by layer: %s', async (layerwise) => {
    // 1 - 2 and -1 + 2 have the wrong sign, the masked weight has no gradient
    const after = await run(new SGD({ lr: 1, layerwise }));
    expect(after).toEqual({ a: [0, -1.5, 2, 0], b: [0, -1.5, 0, 0] });
  });

  it.each([false, true])('leave frozen parameters alone; layer by layer: %s', async (layerwise) => {
    const after = await run(new SGD({ lr: 1, layerwise, groups: [{ params: 'a', lr: 0 }] }));
    expect(after).toEqual({ a: [1, -1, 1, -1], b: [0, -1.5, 0, 0] });
  });
});

describe('bad options', () => {
  it.each<[() => unknown, string]>([
    [() => new Adam({ lr: -1 }), 'Adam: lr must be in [0, Infinity), got -1'],
    [() => new AdamW({ betas: [0.9, 1] }), 'AdamW: betas[1] must be in [0, 1), got 1'],
    [() => new Adam({ groups: [{ params: 'a', eps: Number.NaN }] }), 'Adam: eps must be in [0, Infinity), got NaN'],
    [() => new SGD({ nesterov: true }), 'SGD: nesterov needs momentum above 0 and dampening 0, got 0 and 0'],
    [() => new RMSprop({ alpha: 1 }), 'RMSprop: alpha must be in [0, 1), got 1'],
    [
      () => new Adam({ weight_decay: 0 } as never),
      "Adam: there is no option 'weight_decay'; did you mean 'weightDecay'? (known are lr, betas, eps, weightDecay, groups, clip, layerwise)",
    ],
    [
      () => new SGD({ groups: [{ params: 'a', momentun: 0 }] } as never),
      "SGD: groups[0]: there is no option 'momentun'; did you mean 'momentum'?",
    ],
    [() => new SGD({ groups: [{ lr: 0 }] } as never), 'SGD: groups[0] has no params: names, patterns or a predicate'],
    [() => new SGD({ groups: [{ params: null, lr: 0 }] } as never), 'SGD: groups[0] has no params'],
    [() => new SGD({ clip: { norm: 0 } }), 'SGD: clip.norm must be above 0 and finite, got 0'],
    [() => new SGD({ clip: {} } as never), 'SGD: clip must be { norm } or { value }, got {}'],
    [
      () => new SGD({ clip: { norm: 1 }, layerwise: true }),
      'SGD: clip.norm does not go with layerwise: the norm is known only when the last gradient is',
    ],
  ])('are refused: %s', (make, message) => {
    expect(make).toThrow(message);
  });
});

describe('fit', () => {
  const set = new Dataset({
    steps: 2,
    inputs: 3,
    values: Float32Array.from({ length: 36 }, (_, i) => Math.sin(2.3 * i)),
    labels: [0, 1, 0, 1, 0, 0],
  });
  const net = () => new Sequential(new Linear(3, 4), new Linear(4, 2)).initialize(2);

  it('schedules all groups by epochs, leaves frozen ones, and tells the rate of the first', async () => {
    const optimizer = new SGD({ lr: 0.2, groups: [{ params: /^1/, lr: 0 }] });
    const model = net();
    const before = model.parameters().map((p) => [...p.data]);
    const { epochs } = await trainNet(new Engine(new ReferenceDevice()), model, set, {
      loss: crossEntropy(),
      optimizer,
      epochs: 4,
      batchSize: 3,
      schedule: schedules.step({ at: [1, 3], factor: 0.5 }),
    });
    expect(epochs.map((e) => e.lr)).toEqual([0.2, 0.1, 0.1, 0.05]);
    expect([optimizer.lr, optimizer.scale]).toEqual([0.2, 1]);
    expect(epochs.map((e) => e.gradientNorm)).toEqual([null, null, null, null]);
    const after = model.parameters().map((p) => [...p.data]);
    expect(after.slice(2)).toEqual(before.slice(2));
    expect(after[0]).not.toEqual(before[0]);
  });

  it('tells the norm of the gradients, before clipping, in which updates end', async () => {
    const model = net();
    const start = model.parameters().flatMap((p) => [...p.data]);
    const clip = { norm: 1e-3 };
    const { epochs } = await trainNet(new Engine(new ReferenceDevice()), model, set, {
      loss: crossEntropy(),
      optimizer: new SGD({ lr: 1, clip }),
      epochs: 1,
      batchSize: 6,
    });
    const { mean, largest } = epochs[0]!.gradientNorm!;
    expect(mean).toBe(largest);
    expect(mean).toBeGreaterThan(0.1);
    const change = model.parameters().flatMap((p) => [...p.data]);
    expect(Math.hypot(...change.map((w, i) => w - start[i]!))).toBeCloseTo(1e-3, 6);
  });
});
