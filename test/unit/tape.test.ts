import { describe, expect, it } from 'vitest';
import { Recorder } from '../../src/device/recorder.ts';
import {
  Adam,
  AHP,
  add,
  concatenate,
  crossEntropy,
  dense,
  Engine,
  GpuDevice,
  gatherAlong,
  Linear,
  type Op,
  Parameter,
  Readout,
  regularize,
  Sequential,
  SGD,
  slice,
  type Tape,
} from '../../src/index.ts';

// What the tape refuses, and what it compiles once. Nothing runs here: the device only records.

const net = (): Sequential => new Sequential(new AHP(4, 6, { recurrent: true }), new Readout(6, 3));

function begin(): { engine: Engine; model: Sequential; tape: Tape } {
  const engine = new Engine(new Recorder());
  const model = net();
  engine.bind(model);
  return { engine, model, tape: engine.tape() };
}

const place = (tape: Tape, shape = [2, 1, 4]) =>
  tape.input(new Float32Array(shape.reduce((a, b) => a * b, 1)), { shape, name: 'x' });

describe('reading', () => {
  it('of a tensor before the step ran, and of one that was not kept', async () => {
    const { tape, model } = begin();
    const x = place(tape);
    const y = model.forward(x).keep();
    await expect(y.read()).rejects.toThrow('cannot be read yet: the step has not run');
    await expect(tape.collect()).rejects.toThrow('collect: the step has not run');
    await tape.run();
    await expect(x.read()).rejects.toThrow(
      'x f32[2, 1, 4] was not kept: call keep() (or keepGradient()) on it before the step runs',
    );
    await expect(y.readGradient()).rejects.toThrow('was not kept: call keep() (or keepGradient())');
  });

  it('of a tensor that a later step of the same form overwrote', async () => {
    const { engine, tape, model } = begin();
    const y = model.forward(place(tape)).keep();
    await tape.run();
    const next = engine.tape();
    model.forward(place(next)).keep();
    await next.run();
    await expect(y.read()).rejects.toThrow(
      /was overwritten by a later step of the same form; read it before the next one/,
    );
    expect(() => engine.tape().input(y, { shape: y.shape })).toThrow(/was overwritten by a later step/);
  });

  it('of a gradient that the loss does not reach, or of a tensor that has none', async () => {
    const { tape, model } = begin();
    const x = place(tape);
    expect(() => x.keepGradient()).toThrow('keepGradient: x f32[2, 1, 4] has none; make the input with requiresGrad');
    const aside = tape.input([1, 2], { shape: [1, 1, 2], requiresGrad: true, name: 'aside' }).keepGradient();
    crossEntropy(model.forward(x), [1]).loss.backward();
    await tape.run();
    await expect(aside.readGradient()).rejects.toThrow('no gradient of the loss reaches aside f32[1, 1, 2]');
  });
});

describe('recording', () => {
  it('refuses a tensor of another step', () => {
    const { engine, tape, model } = begin();
    const x = place(tape);
    const y = place(engine.tape(), [2, 1, 4]);
    expect(() => add(x, y)).toThrow('x f32[2, 1, 4] belongs to another step; pass it through tape.input(...)');
    const other = engine.tape();
    const { loss } = crossEntropy(model.forward(place(other)), [0]);
    expect(() => crossEntropy(model.forward(x), [0]).loss.add(loss)).toThrow(
      'loss.add: the two losses belong to different steps',
    );
  });

  it('refuses anything after the step ran', async () => {
    const { tape, model } = begin();
    const y = model.forward(place(tape)).keep();
    await tape.run();
    expect(() => place(tape)).toThrow('x: the step has run already; begin another with engine.tape()');
    expect(() => dense(y).keep()).toThrow('keep: the step has run already');
    await expect(tape.run()).rejects.toThrow('run: the step has run already');
  });

  it('refuses a net that is not bound, unbound again, or mixed with another', () => {
    const { engine, tape, model } = begin();
    expect(() => net().forward(place(tape))).toThrow(
      /parameter '0\.\w+' is on no device; call engine.bind\(net\) first/,
    );
    const second = net();
    engine.bind(second);
    const y = model.forward(place(tape));
    expect(y.shape).toEqual([2, 1, 3]);
    expect(() => second.forward(place(tape))).toThrow('a step works on one net; put both into one Sequential');
    engine.unbind(second);
    expect(() => second.forward(place(engine.tape()))).toThrow('call engine.bind(net) first');
    expect(() => engine.unbind(second)).toThrow('engine: this net is not bound here; call engine.bind(net) first');
  });

  it('refuses empty and fractional shapes', () => {
    const { tape } = begin();
    for (const shape of [[], [2, 0, 4], [1.5, 2, 2]]) {
      expect(() =>
        tape.record({ name: 'nothing', key: () => '', forward: () => undefined } as Op, [], [], null, [
          { form: 'f32', shape, requiresGrad: false },
        ]),
      ).toThrow(`nothing: every dimension must be a whole number above 0, got [${shape.join(', ')}]`);
    }
  });

  it('refuses a kept tensor that no operation makes', async () => {
    const { tape } = begin();
    const forgetful: Op = { name: 'forgetful', key: () => '', forward: () => undefined };
    tape.record(forgetful, [], [], null, [{ form: 'f32', shape: [2], requiresGrad: false }])[0]!.keep();
    await expect(tape.run()).rejects.toThrow('forgetful f32[2] is read before it is made');
  });
});

describe('losses and optimisers', () => {
  it('backward once, and not in a step begun without training', () => {
    const { engine, tape, model } = begin();
    const { loss } = crossEntropy(model.forward(place(tape)), [1]);
    loss.backward();
    expect(() => loss.backward()).toThrow(
      'loss.backward: this step has a loss already; add the two and call backward once',
    );
    const test = engine.tape({ training: false });
    expect(() => crossEntropy(model.forward(place(test)), [1]).loss.backward()).toThrow(
      'loss.backward: this step was begun with training: false',
    );
  });

  it('optimizer.step without backward, and without parameters', async () => {
    const { engine, tape, model } = begin();
    const { loss } = crossEntropy(model.forward(place(tape)), [1]);
    await expect(new Adam().step(tape)).rejects.toThrow('optimizer.step: call loss.backward() first');
    expect(() => loss.scale(Number.NaN)).toThrow('loss.scale: the factor must be finite, got NaN');
    const bare = engine.tape();
    crossEntropy(bare.input([1, 2, 3], { shape: [1, 1, 3], requiresGrad: true }), [1]).loss.backward();
    await expect(new SGD().step(bare)).rejects.toThrow('optimizer.step: the step uses no parameters');
  });

  it('labels: how many, whole, in range; and where the answer is due', () => {
    const { tape, model } = begin();
    const y = model.forward(place(tape, [2, 2, 4]));
    expect(() => crossEntropy(y, [1])).toThrow('crossEntropy: needs one label for each of 2 samples, got 1');
    expect(() => crossEntropy(y, [0, 3])).toThrow('crossEntropy: labels[1] is 3, expected an integer in 0..2');
    expect(() => crossEntropy(y, [0.5, 0])).toThrow('crossEntropy: labels[0] is 0.5, expected an integer in 0..2');
    expect(() => crossEntropy(y, [0, Number.NaN])).toThrow('crossEntropy: labels[1] is NaN');
    expect(() => crossEntropy(y, [0, -1])).toThrow('crossEntropy: labels[1] is -1');
    expect(() => crossEntropy(y, [0, 1], { at: { cue: 0 } })).toThrow(
      `crossEntropy: at must be 'last', 'each step', 'mean', 'sum', 'max' or { cue: steps above 0 }, got {"cue":0}`,
    );
    const final = tape.cells[0]!.activity;
    expect(() => crossEntropy(final, [0, 1])).toThrow(
      'crossEntropy: outputs must be [T, B, N], dense or spikes, got 0 AHP activity f32[6, 6]',
    );
  });

  it('constants of optimisers and regularisers', () => {
    expect(() => new Adam({ lr: -1 })).toThrow('Adam: lr must be in [0, Infinity), got -1');
    expect(() => new Adam({ lr: Number.NaN })).toThrow('Adam: lr must be in [0, Infinity), got NaN');
    expect(() => new Adam({ betas: [0.9, 1] })).toThrow('Adam: betas[1] must be in [0, 1), got 1');
    expect(() => new SGD({ momentum: 2 })).toThrow('SGD: momentum must be in [0, 1), got 2');
    expect(() => regularize.rate({ target: 2 })).toThrow(
      'regularize.rate: target must be in 0..1 spikes per step, got 2',
    );
    expect(() => regularize.voltage({ weight: Number.NaN })).toThrow(
      'regularize.voltage: weight must be finite and not below 0, got NaN',
    );
    const { tape, model } = begin();
    expect(() => regularize.rate()(tape)).toThrow(
      'regularize.rate: the step has no spiking layer yet; call it after the forward pass',
    );
    model.forward(place(tape));
    regularize.rate()(tape);
    expect(() => regularize.rate()(tape)).toThrow('regularize.rate: this step has a rate regulariser already');
  });
});

describe('operations on tensors', () => {
  it('say which shapes and indices do not fit', () => {
    const { tape } = begin();
    const [a, b] = [place(tape, [3, 2, 4]), place(tape, [3, 2, 5])];
    expect(() => add(a, b)).toThrow('add: shapes must be equal, got x f32[3, 2, 4] and x f32[3, 2, 5]');
    expect(() => slice(a, 0, 2, 4)).toThrow('slice: 2 .. 4 is no part of 0 .. 3 of axis 0 of x f32[3, 2, 4]');
    expect(() => slice(a, 1, 1, 1)).toThrow('slice: 1 .. 1 is no part of 0 .. 2 of axis 1');
    expect(() => gatherAlong(a, 1, [0, 2])).toThrow('gather: index 2 is outside 0..1 of axis 1 of x f32[3, 2, 4]');
    expect(() => gatherAlong(a, 0, [])).toThrow('gather: needs at least one index');
    expect(() => concatenate(a, b, 0)).toThrow(
      'concatenate: x f32[3, 2, 4] and x f32[3, 2, 5] do not fit along axis 0',
    );
    expect(() => gatherAlong(place(tape, [3, 4]), 0, [0])).toThrow('gather: expects [T, B, N], got x f32[3, 4]');
    const words = tape.input([1, 2], { shape: [2], form: 'words', name: 'labels' });
    expect(() => dense(words)).toThrow('dense: labels words[2] holds plain words');
  });
});

describe('compiling', () => {
  it('compiles one form once: other data, rates, weights of the loss and lengths are no other form', async () => {
    const recorder = new Recorder();
    const engine = new Engine(recorder);
    const model = net();
    engine.bind(model);
    const optimizer = new Adam();
    for (let i = 0; i < 3; i++) {
      const tape = engine.tape({ seed: i });
      const x = tape.input(new Float32Array(24).fill(i), { shape: [3, 2, 4], lengths: [3 - i, 1] });
      optimizer.lr = 0.1 / (i + 1);
      crossEntropy(model.forward(x), [i, 0])
        .loss.scale(i + 1)
        .add(regularize.rate({ target: 0.1 * i })(tape))
        .backward();
      await optimizer.step(tape);
    }
    expect(recorder.steps).toHaveLength(1);
  });

  it('compiles another form for another shape, a kept tensor, another regulariser, no training, another net', async () => {
    const recorder = new Recorder();
    const engine = new Engine(recorder);
    const [model, other] = [net(), net()];
    for (const m of [model, other]) engine.bind(m);
    const run = async (o: {
      T?: number;
      keep?: boolean;
      voltage?: boolean;
      training?: boolean;
      model?: Sequential;
    }): Promise<number> => {
      const tape = engine.tape({ training: o.training ?? true });
      const y = (o.model ?? model).forward(place(tape, [o.T ?? 2, 1, 4]));
      if (o.keep) y.keep();
      const { loss } = crossEntropy(y, [1]);
      if (o.training ?? true) (o.voltage ? loss.add(regularize.voltage()(tape)) : loss).backward();
      await tape.run();
      return recorder.steps.length;
    };
    expect([
      await run({}),
      await run({}),
      await run({ T: 3 }),
      await run({ keep: true }),
      await run({ voltage: true }),
    ]).toEqual([1, 1, 2, 3, 4]);
    expect([
      await run({ training: false }),
      await run({ model: other }),
      await run({}),
      await run({ model: other }),
    ]).toEqual([5, 6, 6, 6]);
  });

  it('refuses a dispatch and a tensor beyond the limits, with names and sizes', async () => {
    const engine = new Engine(new Recorder({ maxWorkgroup: 256, maxBinding: 1000 }));
    const model = new Sequential(new Linear(1, 64));
    engine.bind(model);
    const tape = engine.tape();
    model.forward(place(tape, [2, 2, 1])).keep();
    await expect(tape.run()).rejects.toThrow(
      '0 Linear output: [2, 2, 64] takes 1024 bytes, the adapter binds at most 1000; use a smaller batch or fewer steps',
    );
    const large = new Engine(new Recorder());
    const one = new Sequential(new Readout(1, 1));
    large.bind(one);
    const wide = large.tape();
    one.forward(wide.input(new Uint8Array(70_000), { shape: [1, 70_000, 1], form: 'bits' })).keep();
    await expect(wide.run()).rejects.toThrow(
      /0 Readout forward: 70000 x 1 x 1 workgroups are more than 65535 in a dimension; use a smaller batch/,
    );
  });
});

describe('opening a device', () => {
  it('says what to do without WebGPU and without an adapter', async () => {
    const saved = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
    Object.defineProperty(globalThis, 'navigator', { value: {}, configurable: true });
    try {
      await expect(GpuDevice.open()).rejects.toThrow(
        /no WebGPU here: navigator.gpu is missing. Use a browser that has it .* or run the script with `npx spiketape run`/,
      );
    } finally {
      if (saved) Object.defineProperty(globalThis, 'navigator', saved);
      else Reflect.deleteProperty(globalThis, 'navigator');
    }
    const gpu = { requestAdapter: async () => null } as unknown as GPU;
    await expect(GpuDevice.open({ gpu })).rejects.toThrow(
      /no WebGPU adapter: the browser, or Dawn, offers none\. In Chrome .*--enable-unsafe-webgpu.* In Node, Dawn needs a Vulkan driver/,
    );
  });
});

it('a parameter says how many values it expects', () => {
  expect(() => new Parameter([2, 3], { fill: [1, 2] })).toThrow('parameter of shape [2, 3]: expected 6 values, got 2');
});
