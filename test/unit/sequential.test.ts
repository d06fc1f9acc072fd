import { describe, expect, it } from 'vitest';
import { Recorder } from '../../src/device/recorder.ts';
import {
  AHP,
  ALIF,
  BatchNorm,
  CarriedState,
  dense,
  Engine,
  LIF,
  Linear,
  Readout,
  Sequential,
  type Tensor,
} from '../../src/index.ts';

// Nets and layers: what they refuse when they are built and when they are used.

describe('a net', () => {
  it('refuses widths that do not fit, no layers, and what is no layer', () => {
    expect(() => new Sequential(new AHP(80, 240), new Readout(200, 10))).toThrow(
      'Sequential: layer 1 (Readout) expects inputs of width 200, layer 0 (AHP) gives 240',
    );
    expect(() => new Sequential(new Linear(3, 5), new LIF(6))).toThrow(
      'Sequential: layer 1 (LIF) expects inputs of width 6, layer 0 (Linear) gives 5',
    );
    expect(() => new Sequential()).toThrow('Sequential: needs at least one layer');
    expect(() => new Sequential({} as LIF)).toThrow('Sequential: argument 0 is no layer');
  });

  it('names parameters by place and layer, and draws each from the seed and its own name', () => {
    const net = new Sequential(new AHP(3, 4, { recurrent: true, bias: true }), new Linear(4, 5), new LIF(5));
    expect(net.parameters().map((p) => [p.name, p.shape])).toEqual([
      ['0.weight', [4, 3]],
      ['0.bias', [4]],
      ['0.recurrent.weight', [4, 4]],
      ['0.tau', [1]],
      ['0.tauAhp', [1]],
      ['0.beta', [1]],
      ['0.threshold', [1]],
      ['1.weight', [5, 4]],
      ['1.bias', [5]],
      ['2.tau', [1]],
      ['2.threshold', [1]],
    ]);
    const smaller = new Sequential(new AHP(3, 4));
    expect(smaller.parameters()[0]!.data).toEqual(net.parameters()[0]!.data);
    expect(smaller.initialize(1).parameters()[0]!.data).not.toEqual(net.parameters()[0]!.data);
    const recurrent = net.parameters()[2]!.data;
    expect([0, 5, 10, 15].map((i) => recurrent[i])).toEqual([0, 0, 0, 0]);
  });

  it('begins anew with another seed: nothing of an earlier training is left', () => {
    const net = (): Sequential =>
      new Sequential(
        new LIF(3, 4, { bias: true, learn: ['tau'], connections: { rewire: { density: 0.5 } } }),
        new BatchNorm(4),
        new Readout(4, 2, { tau: [3, 4] }),
      );
    const trained = net().initialize(1);
    for (const p of trained.parameters()) p.data.fill(0.25);
    expect(
      trained
        .initialize(2)
        .parameters()
        .map((p) => p.data),
    ).toEqual(
      net()
        .initialize(2)
        .parameters()
        .map((p) => p.data),
    );
  });

  it('refuses inputs of another width, another number of dimensions, and forms that it cannot read', () => {
    const engine = new Engine(new Recorder());
    const net = new Sequential(new LIF(4, 5), new Readout(5, 2));
    engine.bind(net);
    const tape = engine.tape();
    const place = (shape: number[], form: 'f32' | 'bits' | 'bytes' | 'half' = 'f32'): Tensor =>
      tape.input(new Uint8Array(shape.reduce((a, b) => a * b, 1)), { shape, form, name: 'x' });
    expect(() => net.forward(place([2, 1, 3]))).toThrow(
      'net: layer 0 (LIF) expects inputs of width 4, got x f32[2, 1, 3]',
    );
    expect(() => net.forward(place([2, 4]))).toThrow('net: expects [T, B, inputs], got x f32[2, 4]');
    expect(() => net.forward(place([2, 1, 4], 'bytes'))).toThrow(
      '0 LIF: expects dense floats or spikes, got x bytes[2, 1, 4]; pass it through dense(...)',
    );
    expect(() => net.forward(place([2, 1, 4], 'half'))).toThrow('got x half[2, 1, 4]; pass it through dense(...)');
    expect(net.forward(dense(place([2, 1, 4], 'bytes'))).shape).toEqual([2, 1, 2]);
  });

  it('refuses packed bytes for a layer without weights, and carried state of another batch', async () => {
    const engine = new Engine(new Recorder());
    const net = new Sequential(new LIF(4));
    engine.bind(net);
    const bytes = engine.tape().input(new Uint8Array(8), { shape: [2, 1, 4], form: 'bytes', name: 'x' });
    expect(() => net.forward(bytes)).toThrow('0 LIF: the current must be f32[2, 1, 4], got x bytes[2, 1, 4]');
    const state = new CarriedState();
    const tape = engine.tape();
    net.forward(tape.input(new Float32Array(8), { shape: [2, 1, 4] }), { state });
    await tape.run();
    const other = engine.tape();
    expect(() => net.forward(other.input(new Float32Array(16), { shape: [2, 2, 4] }), { state })).toThrow(
      /0 LIF state: must be f32\[2, 2, 4\], got .*\[2, 1, 4\]/,
    );
  });
});

describe('a layer', () => {
  it.each([0, -3, 2.5, Number.NaN])('refuses %d neurons or inputs', (n) => {
    expect(() => new LIF(n)).toThrow(`LIF: N must be a whole number above 0, got ${n}`);
    expect(() => new LIF(n, 5)).toThrow(`LIF: inputs must be a whole number above 0, got ${n}`);
    expect(() => new Linear(5, n)).toThrow(`Linear: outputs must be a whole number above 0, got ${n}`);
  });

  it('refuses an unknown surrogate, with the nearest name that is known', () => {
    expect(() => new LIF(3, 4, { surrogate: 'traingle' })).toThrow(
      "surrogate: unknown name 'traingle'; did you mean 'triangle'? (known are triangle, fast_sigmoid, ",
    );
    expect(() => new LIF(3, 4, { surrogate: 'FastSigmoid' })).toThrow("did you mean 'fast_sigmoid'?");
    expect(() => new LIF(3, 4, { surrogate: 'x' })).toThrow(
      "surrogate: unknown name 'x'; known are triangle, fast_sigmoid",
    );
    expect(() => new LIF(3, 4, { surrogate: 'constructor' })).toThrow(
      "surrogate: unknown name 'constructor'; known are",
    );
  });

  it('refuses unknown names in learn, with the nearest one', () => {
    expect(() => new AHP(3, 4, { learn: ['tau', 'tauAHP'] })).toThrow(
      "AHP: learn names 'tauAHP'; did you mean 'tauAhp'? (known are tau, tauAhp, beta, threshold)",
    );
    expect(() => new LIF(3, 4, { learn: ['toString'] })).toThrow(
      "LIF: learn names 'toString'; known are tau, threshold",
    );
  });

  it('refuses constants out of range or of another number, with unit and value', () => {
    expect(() => new LIF(3, 4, { tau: 0 })).toThrow('LIF: tau must be in 0.001 .. 10000000 ms, got 0');
    expect(() => new LIF(3, 4, { tau: Number.NaN })).toThrow('LIF: tau must be in 0.001 .. 10000000 ms, got NaN');
    expect(() => new ALIF(3, 4, { threshold: [1, 1, -1, 1] })).toThrow(
      'ALIF: threshold must be in 0.000001 .. 1000000000, got -1',
    );
    expect(() => new ALIF(3, 4, { beta: [1, 2] })).toThrow(
      'ALIF: beta must be one number or 4 (one per neuron), got 2',
    );
    expect(() => new AHP(3, 4, { adaptive: 5 })).toThrow(
      'AHP: adaptive must be a whole number of neurons in 0..4, got 5',
    );
    expect(() => new AHP(3, 4, { weightGain: Number.NaN })).toThrow('AHP: weightGain must be a finite number, got NaN');
    expect(() => new Readout(3, 4, { delay: 2 as 1 })).toThrow('LI: delay must be 0 or 1, got 2');
  });

  it('refuses a bias without weights', () => {
    expect(() => new LIF(4, { bias: true })).toThrow(
      "LIF: bias needs weights of the layer's own; give it to the layer before",
    );
  });
});
