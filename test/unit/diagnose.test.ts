import { describe, expect, it } from 'vitest';
import { diagnose, type Finding } from '../../src/diagnose/index.ts';
import {
  AHP,
  AvgPool2d,
  BatchNorm,
  ConstantCurrent,
  Conv2d,
  Dataset,
  Dropout,
  Engine,
  LIF,
  Linear,
  loss,
  Parallel,
  Readout,
  Residual,
  regularize,
  Sequential,
  SGD,
} from '../../src/index.ts';
import { ReferenceDevice } from '../../src/reference/device.ts';
import { fit as train } from '../../src/train/fit.ts';
import { Random } from '../support/random.ts';

// Nets that are ill on purpose: each must be told, and a healthy one must not.

const engine = (): Engine => new Engine(new ReferenceDevice());

function sample(T: number, B: number, K: number, rate = 0.3) {
  const labels = Array.from({ length: B }, (_, b) => b % 2);
  return { shape: [T, B, K], values: new Random(`${T} ${K}`).spikes(T * B * K, rate), labels, form: 'bits' as const };
}

const kinds = (found: readonly Finding[]): string[] => found.map((f) => `${f.where}: ${f.kind}`);

/** A layer whose neurons all fire now and then, and a readout. */
function healthy(): Sequential {
  const net = new Sequential(new LIF(6, 12, { tau: 10 }), new Readout(12, 2, { tau: 10 })).initialize(1);
  const weight = net.parameters()[0]!;
  weight.data.set(new Random('weights').between(weight.data.length, 0.1, 0.3));
  return net;
}

describe('diagnose', () => {
  it('finds nothing in a net that works, and says so', async () => {
    const found = await diagnose(engine(), healthy(), sample(20, 4, 6), {
      loss: loss.crossEntropy({ at: 'mean' }),
      regularizers: [regularize.rate()],
    });
    expect(kinds(found.findings)).toEqual([]);
    expect(found.healthy).toBe(true);
    expect(found.layers.map((l) => l.label)).toEqual(['0 LIF', '1 Readout']);
    expect(found.layers[0]!.rate).toBeGreaterThan(0.05);
    expect(found.layers[1]!.rate).toBeNull();
    expect(String(found)).toMatch(
      /layer +rate +smallest v +largest v +gradient\n0 LIF .*\n1 Readout .*\nnothing found/,
    );
  });

  it('dead neurons, by number', async () => {
    const net = healthy();
    const weight = net.parameters().find((p) => p.name === '0.weight')!;
    // neurons 3 and 7 get nothing
    for (const n of [3, 7]) weight.data.fill(0, 6 * n, 6 * (n + 1));
    const { findings } = await diagnose(engine(), net, sample(20, 4, 6), { loss: loss.crossEntropy({ at: 'mean' }) });
    expect(kinds(findings)).toEqual(['0 LIF: dead']);
    expect(findings[0]!.neurons).toEqual([3, 7]);
    expect(findings[0]!.value).toBeCloseTo(2 / 12);
    expect(findings[0]!.text).toBe('2 of 12 neurons never spike: 3, 7');
    expect(findings[0]!.help).toMatch(/weightGain/);
  });

  it('saturated neurons and voltages outside the range', async () => {
    const net = healthy();
    net.parameters()[0]!.data.fill(20);
    const { findings } = await diagnose(engine(), net, sample(20, 4, 6, 1));
    expect(kinds(findings)).toContain('0 LIF: saturated');
    expect(kinds(findings)).toContain('0 LIF: voltage');
    expect(findings.find((f) => f.kind === 'saturated')!.neurons).toHaveLength(12);
    expect(findings.find((f) => f.kind === 'voltage')!.value).toBeGreaterThan(100);
  });

  it('a very negative voltage, in thresholds of the neuron', async () => {
    const net = new Sequential(new LIF(1, 2, { threshold: [0.5, 2] }), new Linear(2, 2));
    net.parameters()[0]!.data.set([-1, 3]);
    const { findings } = await diagnose(engine(), net, { ...sample(30, 1, 1, 1), labels: [0] });
    const voltage = findings.find((f) => f.kind === 'voltage')!;
    // -1 a step, leaking with tau 20: -(1 - e^{-1.5})/(1 - e^{-1/20}) = -15.93 after 30 steps, in thresholds of 0.5: -31.9
    expect(voltage.neurons).toEqual([0]);
    expect(voltage.value).toBeCloseTo(-31.86, 1);
  });

  it('bursts: spikes at step after step, and silence between', async () => {
    const [T, on] = [60, 6];
    const net = new Sequential(new LIF(1, 1, { tau: 0.001, reset: 'none' }), new Linear(1, 2));
    net.parameters()[0]!.data.set([2]);
    const burst = Float32Array.from({ length: T }, (_, t) => (t % 30 < on ? 1 : 0));
    const { findings } = await diagnose(engine(), net, { shape: [T, 1, 1], values: burst, form: 'bits' });
    // two bursts of six spikes: ten of twelve follow another
    expect(kinds(findings)).toEqual(['0 LIF: bursting']);
    expect(findings[0]!.value).toBeCloseTo(10 / 12);
    const single = Float32Array.from({ length: T }, (_, t) => (t % 5 === 0 ? 1 : 0));
    expect((await diagnose(engine(), net, { shape: [T, 1, 1], values: single, form: 'bits' })).findings).toEqual([]);
  });

  it('a gradient that vanishes over time, and one that explodes', async () => {
    const short = new Sequential(
      new LIF(6, 12, { weightGain: 2.5, tau: 3 }),
      new Readout(12, 2, { tau: 3 }),
    ).initialize(1);
    const vanished = await diagnose(engine(), short, sample(100, 4, 6));
    expect(kinds(vanished.findings)).toContain('0 LIF: vanishing over time');
    const loud = new Sequential(
      new LIF(6, 12, {
        recurrent: true,
        recurrentGain: 6,
        surrogate: { name: 'fast_sigmoid', constants: { slope: 0.01 } },
      }),
      new Readout(12, 2),
    ).initialize(1);
    const exploded = await diagnose(engine(), loud, sample(40, 4, 6));
    const found = exploded.findings.find((f) => f.kind === 'exploding over time')!;
    expect(found.where).toBe('0 LIF');
    expect(found.value).toBeGreaterThan(1e3);
  });

  it('gradients that vanish or explode from layer to layer, and one that is missing', async () => {
    const net = (gain: number): Sequential => {
      const made = new Sequential(
        new LIF(6, 12, { weightGain: 2.5 }),
        new Linear(12, 12, { bias: false }),
        new LIF(12, { reset: 'none' }),
        new Readout(12, 2),
      ).initialize(1);
      const middle = made.parameters().find((p) => p.name === '1.weight')!;
      middle.data.set(middle.data.map((w) => w * gain));
      return made;
    };
    const at = { loss: loss.crossEntropy({ at: 'mean' }) };
    expect(kinds((await diagnose(engine(), net(1e-6), sample(20, 4, 6), at)).findings)).toContain('0 LIF: vanishing');
    expect(kinds((await diagnose(engine(), net(0), sample(20, 4, 6), at)).findings)).toContain('0 LIF: no gradient');
    // without a reset, whose gradient would explode over time as well
    const steep = new Sequential(
      new LIF(6, 12, { reset: 'none', surrogate: { name: 'triangle', constants: { gamma: 1e5 } } }),
      new Readout(12, 2),
    ).initialize(1);
    expect(kinds((await diagnose(engine(), steep, sample(20, 4, 6), at)).findings)).toContain('0 LIF: exploding');
  });

  it('the first operation whose result is not finite', async () => {
    const net = new Sequential(new Linear(2, 3), new LIF(3), new Linear(3, 2, { bias: false }), new Readout(2));
    net
      .parameters()
      .find((p) => p.name === '0.weight')!
      .data.fill(3e38);
    const { findings } = await diagnose(engine(), net, {
      shape: [4, 1, 2],
      values: new Float32Array(8).fill(10),
      labels: [0],
    });
    expect(findings[0]).toMatchObject({ kind: 'not finite', where: '0 Linear', value: Number.POSITIVE_INFINITY });
    expect(findings[0]!.text).toMatch(/forward: 0 Linear output f32\[4, 1, 3\] has Infinity at \[0, 0, 0\]/);
  });

  it('a parameter that is not finite', async () => {
    const net = healthy();
    net.parameters()[0]!.data[5] = Number.NaN;
    const { findings } = await diagnose(engine(), net, sample(5, 1, 6));
    expect(kinds(findings)).toEqual(["parameter '0.weight': not finite"]);
  });

  it('leaves a net as it was: what it learned on the device, and its running statistics', async () => {
    const net = new Sequential(new Linear(6, 12), new BatchNorm(12), new LIF(12), new Readout(12, 2)).initialize(1);
    const on = engine();
    on.bind(net);
    const before = net.parameters().map((p) => [...p.data]);
    const { shape, values, labels, form } = sample(9, 2, 6);
    const tape = on.tape();
    loss
      .ceMean()(net.forward(tape.input(values, { shape, form })), labels)
      .loss.backward();
    await new SGD({ lr: 1 }).step(tape);
    // the CPU has the old numbers still
    const first = await diagnose(on, net, sample(9, 2, 6));
    await on.pull(net);
    const learned = net.parameters().map((p) => [...p.data]);
    expect(learned).not.toEqual(before);
    const again = await diagnose(on, net, sample(9, 2, 6));
    expect(again.layers).toEqual(first.layers);
    await on.pull(net);
    expect(net.parameters().map((p) => [...p.data])).toEqual(learned);
    const fresh = engine();
    await diagnose(fresh, net, sample(9, 2, 6));
    await fresh.pull(net);
    expect(net.parameters().map((p) => [...p.data])).toEqual(learned);
  });

  it('takes a batch of a data set, with targets and masks', async () => {
    const values = new Random('targets').spikes(2 * 12 * 6, 0.3);
    const targets = { shape: [12, 2], values: new Float32Array(2 * 12 * 2) };
    const of = async (mask: number[]) => {
      const data = new Dataset({ steps: 12, inputs: 6, values, targets, mask, form: 'bits' });
      return diagnose(engine(), healthy(), data.batch([0, 1]), { loss: loss.mseMembrane({ targets: 'values' }) });
    };
    const whole = await of(new Array(24).fill(1));
    expect(whole.layers[1]!.gradient!.late).toBeGreaterThan(0);
    const early = await of(Array.from({ length: 24 }, (_, i) => (i % 12 < 6 ? 1 : 0)));
    expect(early.layers[1]!.gradient!.late).toBe(0);
    const data = new Dataset({ steps: 12, inputs: 6, values, targets, form: 'bits' });
    await expect(diagnose(engine(), healthy(), data.batch([0]))).rejects.toThrow(
      'the loss needs labels, and the data has none',
    );
  });

  it('says nothing of a gradient where nothing learns, and refuses a sample without steps', async () => {
    const net = new Sequential(new ConstantCurrent(3, 9), new LIF(3), new Readout(3, 2)).initialize(1);
    const still = { shape: [1, 1, 3], values: [1.1, 1.1, 1.1], labels: [0] };
    const { layers, findings } = await diagnose(engine(), net, still);
    expect(layers[0]!.gradient).toBeNull();
    expect(kinds(findings).filter((k) => k.includes('gradient'))).toEqual([]);
    await expect(diagnose(engine(), healthy(), { ...sample(9, 2, 6), lengths: [0, 0] })).rejects.toThrow(
      'diagnose: no sample has a valid step at 0 LIF',
    );
    await expect(diagnose(engine(), healthy(), sample(9, 2, 6), { los: 1 } as object)).rejects.toThrow(
      "diagnose: there is no option 'los'; did you mean 'loss'?",
    );
  });

  it('looks into containers, convolutions, dropout, normalisation, masks and layers in two places', async () => {
    const twice = new LIF(8, 8, { weightGain: 3, connections: { density: 0.5 } });
    const net = new Sequential(
      new Conv2d([1, 4, 4], 2, 3),
      new BatchNorm(8, { channels: 2 }),
      new LIF(8),
      new Dropout(8, 0.2),
      twice,
      new Residual(new Sequential(twice, new Linear(8, 8))),
      new AvgPool2d([2, 2, 2], 2),
      new Parallel([new LIF(2, 3), new AHP(2, 3, { recurrent: true })]),
      new Readout(6, 2),
    ).initialize(2);
    for (const labels of [[0, 1], undefined]) {
      const { layers } = await diagnose(engine(), net, {
        shape: [8, 2, 16],
        values: new Random('planes').normals(8 * 2 * 16, 3),
        ...(labels ? { labels } : {}),
      });
      expect(layers.map((l) => l.label)).toEqual([
        '2 LIF',
        '4 LIF',
        '5.body.0.0 LIF',
        '7.0 LIF',
        '7.1 AHP',
        '8 Readout',
      ]);
      expect(layers.every((l) => (l.gradient !== null) === (labels !== undefined))).toBe(true);
    }
    const none = await diagnose(engine(), new Sequential(new Linear(6, 2)), sample(3, 1, 6));
    expect(String(none)).toMatch(/nothing found$/);
  });

  it('counts the valid steps alone, and needs no labels', async () => {
    const net = new Sequential(new LIF(1, 1, { reset: 'none', tau: 0.001 }), new Linear(1, 2));
    net.parameters()[0]!.data.set([2]);
    // fires at every valid step: saturated, whatever the padding is
    const found = await diagnose(engine(), net, {
      shape: [50, 1, 1],
      values: new Float32Array(50).fill(1),
      form: 'bits',
      lengths: [10],
    });
    expect(kinds(found.findings)).toEqual(['0 LIF: saturated']);
    expect(found.layers[0]).toMatchObject({ rate: 1, gradient: null });
  });
});

describe('fit', () => {
  const dead = (): Sequential => new Sequential(new LIF(4, 6, { weightGain: 0 }), new Linear(6, 2));
  const data = new Dataset({
    steps: 5,
    inputs: 4,
    values: new Random('data').spikes(8 * 5 * 4, 0.5),
    labels: [0, 1, 0, 1, 0, 1, 0, 1],
    form: 'bits',
  });
  const run = async (net: Sequential): Promise<string[]> => {
    const warnings: string[] = [];
    const options = { loss: loss.crossEntropy(), optimizer: new SGD({ lr: 0 }), epochs: 3, batchSize: 4 };
    await train(engine(), net, data, { ...options, onWarning: (text) => warnings.push(text) });
    return warnings;
  };

  it('warns once when a layer is dead, and says what helps', async () => {
    const warnings = await run(dead());
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(
      /0 LIF: dead: 6 of 6 neurons never spike: 0, 1, 2, 3, 4, 5; what helps: larger weightGain/,
    );
    expect(warnings[0]).toMatch(/diagnose\(engine, net, batch\) tells more/);
  });

  it('warns when gradients are far beyond what they are clipped to', async () => {
    const run = async (norm: number): Promise<string[]> => {
      const warnings: string[] = [];
      const net = new Sequential(new LIF(4, 6, { weightGain: 0 }), new Linear(6, 2));
      net.parameters()[0]!.data.fill(0.6);
      const optimizer = new SGD({ lr: 0, clip: { norm } });
      const options = { loss: loss.crossEntropy({ at: 'each step' }), optimizer, epochs: 2, batchSize: 4 };
      await train(engine(), net, data, { ...options, onWarning: (text) => warnings.push(text) });
      return warnings;
    };
    expect(await run(1)).toEqual([]);
    const [warning, ...others] = await run(1e-5);
    expect(others).toEqual([]);
    expect(warning).toMatch(
      /all layers: exploding: the norm of the gradients reaches \S+, \d+ times what it is clipped to/,
    );
  });

  it('says nothing of a layer that works', async () => {
    const net = dead();
    net.parameters()[0]!.data.fill(0.6);
    expect(await run(net)).toEqual([]);
  });
});
