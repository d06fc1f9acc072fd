import { describe, expect, it } from 'vitest';
import {
  Adam,
  ConstantCurrent,
  Dataset,
  Encode,
  type Encoding,
  Engine,
  encode,
  evaluate,
  LIF,
  Linear,
  loadModel,
  loss,
  Readout,
  Sequential,
  Stepper,
  saveModel,
  fit as train,
} from '../../src/index.ts';
import { ReferenceDevice } from '../../src/reference/device.ts';

// Encoders by hand; the device is compared with the host in test/gpu/cases/encoders.ts.

/** The steps at which each output fires, for one sample. */
function times(values: number[], encoding: Encoding, T = 1, seed = 0): number[][] {
  const { values: z, shape } = encode.onHost(values, encoding, { shape: [T, 1, values.length / T], seed });
  const [steps, , N] = shape;
  return Array.from({ length: N }, (_, n) => [...Array(steps).keys()].filter((t) => z[t * N + n] === 1));
}

describe('rate', () => {
  it('fires as often as the value says, never at 0 and always at 1', () => {
    const [never, sometimes, always] = times([0, 0.3, 1], encode.rate({ steps: 4000 }));
    expect(never).toEqual([]);
    expect(always!.length).toBe(4000);
    // 4,000 draws: the standard deviation of the share is 0.0072
    expect(sometimes!.length / 4000).toBeGreaterThan(0.27);
    expect(sometimes!.length / 4000).toBeLessThan(0.33);
  });

  it('draws each step and neuron by itself, the same for the same seed', () => {
    const one = times([0.5, 0.5], encode.rate({ steps: 200 }));
    expect(times([0.5, 0.5], encode.rate({ steps: 200 }))).toEqual(one);
    expect(times([0.5, 0.5], encode.rate({ steps: 200 }), 1, 1)).not.toEqual(one);
    expect(one[0]).not.toEqual(one[1]);
    // neighbours in time: of 200 pairs about 50 agree on firing twice
    const pairs = one[0]!.filter((t) => one[0]!.includes(t + 1)).length;
    expect(pairs).toBeGreaterThan(30);
    expect(pairs).toBeLessThan(70);
  });

  it('multiplies by the gain', () => {
    expect(times([0.5], encode.rate({ steps: 50, gain: 2 }))[0]!.length).toBe(50);
    expect(times([0.5], encode.rate({ steps: 50, gain: 0 }))[0]).toEqual([]);
  });

  it('takes a value a step where the values move', () => {
    expect(times([1, 0, 1], encode.rate(), 3)[0]).toEqual([0, 2]);
  });
});

describe('latency', () => {
  it('linear: t = (steps - 1)(1 - x), rounded; silent up to the threshold', () => {
    // 11 steps: x = 1 at 0, 0.5 at 5, 0.44 at 5.6 -> 6, 0.02 at 9.8 -> 10, 0.01 and less never, above 1 at 0
    expect(times([1, 0.5, 0.44, 0.02, 0.01, 0, 1.7], encode.latency({ steps: 11 }))).toEqual([
      [0],
      [5],
      [6],
      [10],
      [],
      [],
      [0],
    ]);
  });

  it('logarithmic: t = tau ln(x/(x - threshold))', () => {
    // tau 10, threshold 0.5: x = 1: 10 ln 2 = 6.93 -> 7; x = 2: 10 ln(4/3) = 2.88 -> 3; x = 0.51: 39.3, past the end -> 19
    const curve = encode.latency({ steps: 20, curve: 'logarithmic', tau: 10, threshold: 0.5 });
    expect(times([1, 2, 0.51, 0.5, 100], curve)).toEqual([[7], [3], [19], [], [0]]);
  });

  it('has a last step for a value 1 % above the threshold by default', () => {
    expect(times([0.0101, 0.01], encode.latency({ steps: 30, curve: 'logarithmic' }))).toEqual([[29], []]);
  });

  it('fits all into a single step', () => {
    expect(times([1, 0.3, 0], encode.latency({ steps: 1 }))).toEqual([[0], [0], []]);
  });
});

describe('changes over time', () => {
  it('delta: rises on even outputs, falls on odd ones, nothing at the first step', () => {
    expect(times([1, 1.5, 1.6, 0.6, 1.1], encode.delta({ threshold: 0.5 }), 5)).toEqual([[1, 4], [3]]);
    expect(times([1, 1.5, 1.6, 0.6, 1.1], encode.delta({ threshold: 0.5, ahead: true }), 5)).toEqual([[0, 3], [2]]);
  });

  it('level crossing: one pair of outputs for each level', () => {
    // 0 1 3 2 0 over the levels 1 and 2.5
    const crossed = times([0, 1, 3, 2, 0], encode.levelCrossing({ levels: [1, 2.5] }), 5);
    expect(crossed).toEqual([[1], [4], [2], [3]]);
    const ahead = times([0, 1, 3, 2, 0], encode.levelCrossing({ levels: [1, 2.5], ahead: true }), 5);
    expect(ahead).toEqual([[0], [3], [1], [2]]);
  });
});

it('population: the neuron whose preferred value is nearest fires most', () => {
  const rates = times([0.5], encode.rate({ steps: 2000, population: { cells: 5 } })).map((t) => t.length / 2000);
  // width is the distance of two preferred values, 0.25: exp(-1/2) = 0.61 one away, exp(-2) = 0.14 two away
  [0.135, 0.607, 1, 0.607, 0.135].forEach((r, i) => expect(Math.abs(rates[i]! - r)).toBeLessThan(0.05));
  // the nearest cell fires first: responses 1, 0.61, 0.14 at the steps 0, 3.9, 8.6
  expect(times([0.5], encode.latency({ steps: 11, population: { cells: 5 } }))).toEqual([[9], [4], [0], [4], [9]]);
});

it('a net that begins with an encoder trains on values that stand still, and is saved and loaded with it', async () => {
  const net = new Sequential(
    new Encode(3, encode.rate({ steps: 8, population: { cells: 2 } })),
    new LIF(6, 4),
    new Linear(4, 2),
  );
  const engine = new Engine(new ReferenceDevice());
  const run = async (of: Sequential, step: number) => {
    engine.bind(of);
    const tape = engine.tape({ seed: 3, step, training: false });
    const y = of.forward(tape.input([0.2, 0.9, 0.4], { shape: [1, 1, 3] })).keep();
    await tape.run();
    return [...(await y.read())];
  };
  const first = await run(net, 1);
  expect(first.length).toBe(8 * 2);
  expect(await run(net, 2)).not.toEqual(first);
  expect(await run(loadModel(saveModel(net)), 1)).toEqual(first);
  const crossing = new Encode(1, encode.levelCrossing({ levels: Float32Array.of(0.25, 0.5) as never }));
  expect(loadModel(saveModel(new Sequential(crossing))).outputs).toBe(4);
});

it('constant current repeats values, and their gradients add up', async () => {
  const engine = new Engine(new ReferenceDevice());
  const net = new Sequential(new ConstantCurrent(2, 3), new Linear(2, 1, { bias: false }));
  net.parameters()[0]!.data.set([2, -1]);
  engine.bind(loadModel(saveModel(net)));
  engine.bind(net);
  const tape = engine.tape();
  const x = tape.input([1, 4], { shape: [1, 1, 2], requiresGrad: true, name: 'x' }).keepGradient();
  const y = net.forward(x).keep();
  loss.squaredError({ targets: 'values', at: 'sum' })(y, [0]).loss.backward();
  await tape.run();
  expect([...(await y.read())]).toEqual([-2, -2, -2]);
  // (3 y)^2 / 3 with y = 2 a - b: 6 y (2, -1)
  expect([...(await x.readGradient())]).toEqual([-24, 12]);
  expect([...encode.constantCurrentOnHost([1, 4], { steps: 3 })]).toEqual([1, 4, 1, 4, 1, 4]);
});

describe('in training', () => {
  const images = (more: { lengths?: number[] } = {}): Dataset =>
    new Dataset({
      steps: 1,
      inputs: 3,
      values: Array.from({ length: 18 }, (_, i) => (i % 5) / 5),
      labels: [0, 1, 0, 1, 0, 1],
      ...more,
    });
  const net = (): Sequential =>
    new Sequential(new Encode(3, encode.rate({ steps: 8 })), new LIF(3, 6, { weightGain: 3 }), new Readout(6, 2));

  it('images that stand still: fit and evaluate, whose spikes the seed decides', async () => {
    const losses = [];
    for (const more of [{}, { lengths: [1, 1, 1, 1, 1, 1] }]) {
      const [engine, model, set] = [new Engine(new ReferenceDevice()), net(), images(more)];
      const { epochs } = await train(engine, model, set, {
        loss: loss.ceMean(),
        optimizer: new Adam(),
        epochs: 2,
        batchSize: 4,
        onWarning: () => undefined,
      });
      expect(epochs[1]!.samples).toBe(6);
      expect(epochs[1]!.spikeRate).toBeGreaterThan(0.05);
      expect(epochs[1]!.spikeRate).toBeLessThan(1);
      const once = await evaluate(engine, model, set, { loss: loss.ceMean() });
      expect((await evaluate(engine, model, set, { loss: loss.ceMean() })).loss).toBe(once.loss);
      expect((await evaluate(engine, model, set, { loss: loss.ceMean(), seed: 1 })).loss).not.toBe(once.loss);
      losses.push(once.loss);
    }
    expect(losses[0]).toBe(losses[1]);
  });

  it('steps of one form have numbers of their own', async () => {
    const engine = new Engine(new ReferenceDevice());
    const counts = [];
    for (const gain of [1, 0]) {
      const tape = engine.tape({ training: false });
      const z = encode.onDevice(tape.input([1, 1], { shape: [1, 1, 2] }), encode.rate({ steps: 3, gain })).keep();
      await tape.run();
      counts.push((await z.read()).reduce((a, b) => a + b));
    }
    expect(counts).toEqual([6, 0]);
  });

  it('is refused where it would not do what is expected', () => {
    const engine = new Engine(new ReferenceDevice());
    expect(() => new Stepper(engine, net())).toThrow('Stepper: the net makes 8 steps of one; leave the encoder out');
    const changes = new Sequential(new Encode(1, encode.levelCrossing({ levels: [0.5] })), new LIF(2, 2));
    expect(() => new Stepper(engine, changes)).toThrow(
      '0 Encode: encode.levelCrossing compares each step with its neighbour',
    );
    const late = new Sequential(new Linear(2, 2), new Encode(2, encode.rate()), new LIF(2, 2));
    engine.bind(late);
    const run = (training: boolean) => late.forward(engine.tape({ training }).input([1, 1], { shape: [1, 1, 2] }));
    expect(() => run(true)).toThrow(/1 Encode: no gradient goes back through an encoder to 0 Linear/);
    expect(run(false).shape).toEqual([1, 1, 2]);
  });
});

describe('errors', () => {
  it.each<[string, () => unknown, RegExp]>([
    ['no steps', () => encode.latency({ steps: 0 }), /latency: steps must be a whole number above 0, got 0/],
    [
      'an unknown option',
      () => encode.rate({ step: 3 } as object),
      /encode.rate: there is no option 'step'; did you mean 'steps'/,
    ],
    [
      'an unknown option of a population',
      () => encode.rate({ population: { cells: 2, cell: 1 } as never }),
      /no option 'cell'/,
    ],
    ['half steps', () => encode.rate({ steps: 2.5 }), /rate: steps must be a whole number above 0, got 2.5/],
    ['negative gain', () => encode.rate({ gain: -1 }), /rate: gain must be a finite number from 0 on, got -1/],
    [
      'a wrong curve',
      () => encode.latency({ steps: 5, curve: 'liner' as 'linear' }),
      /unknown curve 'liner'; did you mean 'linear'\?/,
    ],
    ['tau of a line', () => encode.latency({ steps: 5, tau: 3 }), /tau belongs to the logarithmic curve/],
    ['tau 0', () => encode.latency({ steps: 5, curve: 'logarithmic', tau: 0 }), /tau must be above 0 steps, got 0/],
    [
      'threshold 0',
      () => encode.delta({ threshold: 0 }),
      /delta: threshold must be a finite number from 1.175\d+e-38 on, got 0/,
    ],
    ['a threshold that float32 takes for 0', () => encode.delta({ threshold: 1e-40 }), /e-38 on, got 1e-40/],
    ['no levels', () => encode.levelCrossing({ levels: [] }), /levels must have at least one entry/],
    ['falling levels', () => encode.levelCrossing({ levels: [2, 1] }), /levels must be finite and rising, got 1 at 1/],
    [
      'one cell',
      () => encode.rate({ population: { cells: 1 } }),
      /population.cells must be a whole number of at least 2, got 1/,
    ],
    [
      'an empty range',
      () => encode.rate({ population: { cells: 2, range: [1, 1] } }),
      /range must be two rising numbers/,
    ],
    ['no width', () => encode.rate({ population: { cells: 2, width: 0 } }), /width must be above 0, got 0/],
    [
      'moving values for a still encoding',
      () => times([1, 1], encode.rate({ steps: 4 }), 2),
      /values that stand still/,
    ],
    ['NaN', () => times([Number.NaN], encode.rate({ steps: 4 })), /value 0 is NaN, expected a finite number/],
    ['no encoding', () => new Encode(3, {} as Encoding), /Encode: encoding must be made by/],
  ])('%s', (_, make, message) => expect(make).toThrow(message));

  it('names the nearest encoding when a saved net has an unknown one', () => {
    const saved = saveModel(new Sequential(new Encode(3, encode.rate({ steps: 2 })), new Linear(3, 1)));
    const json = saved.json.replace('"rate"', '"rat"');
    expect(() => loadModel({ ...saved, json })).toThrow(/unknown encoding 'rat'; did you mean 'rate'\?/);
  });
});
