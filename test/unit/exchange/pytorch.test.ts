import { describe, expect, it } from 'vitest';
import { version } from '../../../package.json';
import { levelCrossing, rate } from '../../../src/encoders/encoding.ts';
import { checkPytorch, encodePytorch, pythonModule } from '../../../src/exchange/pytorch/index.ts';
import { literal, printPython } from '../../../src/exchange/pytorch/print.ts';
import { VERSION } from '../../../src/exchange/version.ts';
import { GRU, LSTM } from '../../../src/gated/index.ts';
import { loadModel, saveModel } from '../../../src/io/model.ts';
import { decodeSafetensors } from '../../../src/io/safetensors.ts';
import { AdLIF } from '../../../src/layers/adlif.ts';
import { AHP } from '../../../src/layers/ahp.ts';
import { ALIF } from '../../../src/layers/alif.ts';
import { Alpha } from '../../../src/layers/alpha.ts';
import { BatchNorm, ThresholdBatchNorm } from '../../../src/layers/batch_norm.ts';
import { BRF } from '../../../src/layers/brf.ts';
import { Conv2d } from '../../../src/layers/conv2d.ts';
import { CubaLIF } from '../../../src/layers/cuba_lif.ts';
import { Dropout } from '../../../src/layers/dropout.ts';
import { Encode } from '../../../src/layers/encode.ts';
import { Flatten } from '../../../src/layers/flatten.ts';
import { GLIF } from '../../../src/layers/glif.ts';
import { IF } from '../../../src/layers/if.ts';
import { Layer } from '../../../src/layers/layer.ts';
import { LIF } from '../../../src/layers/lif.ts';
import { Linear } from '../../../src/layers/linear.ts';
import { Neuron } from '../../../src/layers/own.ts';
import { Parallel } from '../../../src/layers/parallel.ts';
import { PLIF } from '../../../src/layers/plif.ts';
import { AvgPool2d, SumPool2d } from '../../../src/layers/pool2d.ts';
import { Readout } from '../../../src/layers/readout.ts';
import { Residual } from '../../../src/layers/residual.ts';
import { RF } from '../../../src/layers/rf.ts';
import { SEAdLIF } from '../../../src/layers/se_adlif.ts';
import { Sequential } from '../../../src/layers/sequential.ts';
import { defineNeuron } from '../../../src/neurons/definition.ts';
import { exp, expm1, expr, leaf, max, min, spike, tanh, where } from '../../../src/neurons/expr.ts';
import { surrogateNames } from '../../../src/neurons/surrogates.ts';

const ahp = (): Sequential =>
  new Sequential(new AHP(80, 240, { recurrent: true, adaptive: 100 }), new Readout(240, 10));

/** Every kind of layer, most of them with options that change the code. */
const everything = (): Sequential => {
  const again = new LIF(6, 6, { recurrent: true, recurrentConnections: { rewire: { density: 0.5 } } });
  const net = new Sequential(
    new Encode(2, levelCrossing({ levels: [0.25, 0.5] })),
    new Conv2d([2, 2, 2], 3, 2, { padding: 'same', connections: { density: 0.8, excitatory: 0.5 } }),
    new AvgPool2d([3, 2, 2], 2),
    new SumPool2d([3, 1, 1], 1),
    new Flatten([3, 1, 1]),
    new Linear(3, 6, { connections: { density: 0.7 } }),
    new BatchNorm(6),
    new ThresholdBatchNorm(6, { perStep: 20, affine: false }),
    again,
    new Dropout(6),
    new AHP(6, 6, { recurrent: true, adaptive: 3, refractory: 3 }),
    new ALIF(6, 6, { detachReset: true, learn: true }),
    new Parallel([new AdLIF(6, 3), new SEAdLIF(6, 3)]),
    new Residual(new Linear(6, 6), new Alpha(6), { projection: new Linear(6, 6) }),
    new CubaLIF(6, 6, { recurrent: 'one-to-one', resetTo: 0.1 }),
    new GLIF(6, 6, { steps: 20 }),
    new Sequential(new PLIF(6, 6), new IF(6)),
    again,
    new RF(6, 6),
    new BRF(6, 6),
    new LSTM(6, 6),
    new GRU(6, 6),
    new Readout(6, 2, { delay: 1 }),
  );
  net.layers[10]!.tie('recurrent.weight', again.params['recurrent.weight']!);
  return net;
};

/** Lines that are not blank, without indentation. */
const linesOf = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);

describe('the module of plain PyTorch', () => {
  it('is the text that a reader would have written', async () => {
    // after a change to the printer: vitest -u, then read it, and run it with test:exchange
    await expect(pythonModule(ahp(), 'ahp')).toMatchFileSnapshot('../../fixtures/exchange/ahp.py');
    expect(VERSION).toBe(version);
  });

  it('is the same for a net that was loaded', () => {
    const net = everything();
    expect(pythonModule(loadModel(saveModel(net)), 'model')).toBe(pythonModule(net, 'model'));
  });

  it('registers every parameter under the name and in the form that the file has', async () => {
    const net = everything();
    const { files, refused, lost } = await encodePytorch(net, { name: 'all' });
    expect([refused, lost]).toEqual([[], []]);
    expect(files.map((f) => f.name)).toEqual(['all.py', 'all.weights.safetensors']);
    const text = new TextDecoder().decode(files[0]!.bytes);
    const { tensors } = decodeSafetensors(files[1]!.bytes);
    for (const name of tensors.keys()) {
      const own = name.replace(/^(?:(?:\d+|body|projection)\.)+/, '');
      // Linear, Conv2d and their like are PyTorch's
      const known = ['weight', 'bias'].includes(own) || text.includes(`self.${own} = nn.Parameter(`);
      expect(known || text.includes(`.register_buffer('${own.split('.').at(-1)}', `), name).toBe(true);
    }
    // places that share a layer or a parameter have it once in the file
    for (const tie of ["'17.weight': '8.weight'", "'10.recurrent.weight': '8.recurrent.weight'"])
      expect(text).toContain(tie);
    expect(linesOf(text)).toContain('self[17] = self[8]');
    expect(linesOf(text)).toContain('self[10].recurrent.weight = self[8].recurrent.weight');
  });

  it('has brackets that match and no line that ends in the middle', () => {
    for (const line of linesOf(pythonModule(everything(), 'model')))
      for (const [open, close] of ['()', '[]', '{}']) {
        const count = (c: string): number => line.split(c).length - 1;
        if (!/[({[]$|^[)}\]]/.test(line)) expect(count(open!), line).toBe(count(close!));
      }
  });

  it('keeps text from outside out of the code', () => {
    const hostile = `x"""\nimport os #'`;
    const odd = defineNeuron({
      name: hostile,
      params: {
        lambda: { default: 0.5, unit: hostile, min: 0, max: 1, meaning: hostile },
        half: { default: 0.5, unit: '', min: 0, max: 1, meaning: '' },
        x: { default: 0.5, unit: '', min: 0, max: 1, meaning: '' },
      },
      states: ['lambda', 'current'],
      equations({ I, param, state }) {
        const v = param.lambda.mul(state.lambda).add(I).add(param.half.mul(param.x));
        return { next: { lambda: state.current, current: v }, z: spike(v.sub(1)), v };
      },
    });
    const text = pythonModule(new Sequential(new Neuron(odd, 2, 3, { learn: ['half'] })), hostile);
    expect(text).not.toMatch(/^import os/m);
    expect(text).not.toContain('x"""');
    const lines = linesOf(text);
    // names that Python or nn.Module have for other things
    expect(lines).toContain("half = within(self._parameters['half'], 0, 1)");
    expect(lines).toContain("lambda2 = self._buffers['lambda'].clamp(0, 1)");
    expect(lines).toContain('x_ = self.x.clamp(0, 1)');
    expect(lines).toContain('lambda_, current_ = current_, current__new');
  });

  it('has the derivative of every surrogate', () => {
    for (const surrogate of surrogateNames) {
      const text = pythonModule(new Sequential(new LIF(2, 3, { surrogate })), 'm');
      expect(text).toContain(`the surrogate derivative '${surrogate}'`);
      expect(text).toMatch(/return grad( \* \(.*\))?$/m);
    }
    const two = pythonModule(
      new Sequential(new LIF(2, 3), new PLIF(3, 3), new LIF(3, 3, { surrogate: 'atan' }), new LIF(3, 3)),
      'm',
    );
    expect(two.match(/^class Spike\d?\(.*$/gm)).toEqual(
      [1, 2, 3].map((i) => `class Spike${i === 1 ? '' : i}(torch.autograd.Function):`),
    );
    expect(two).toContain('x >= 0');
  });

  it('takes a variable again only when nothing needs its value any more', () => {
    const step = (net: Sequential): string[] => {
      const lines = linesOf(pythonModule(net, 'm'));
      const from = lines.findIndex((line) => line.startsWith('for I in'));
      return lines.slice(from + 1, lines.indexOf('spikes.append(z)', from));
    };
    expect(step(new Sequential(new LIF(2, 3)))).toEqual([
      'v = decay_tau * v + I',
      'voltages.append(v)',
      'z = Spike.apply((v - threshold) / threshold)',
      'v = v - threshold * z',
    ]);
    expect(step(new Sequential(new RF(2, 3)))).toEqual([
      're_new = tau_period * re - tau_period2 * im + I',
      'im = tau_period2 * re + tau_period * im',
      'z = Spike.apply((im - threshold) / threshold)',
      'voltages.append(im)',
      're = re_new',
    ]);
    expect(step(new Sequential(new LIF(2, 3, { refractory: 1, recurrent: true })))).toEqual([
      'I = I + F.linear(z, recurrent)',
      'v = decay_tau * v + I',
      'voltages.append(v)',
      'z = Spike.apply(torch.where(z > 0.5, -1, (v - threshold) / threshold))',
      'v = v - threshold * z',
    ]);
  });

  it('refuses what it does not know and says what it cannot keep', async () => {
    class Mine extends Layer {
      readonly params = {};
      readonly config = { kind: 'Mine' };
      readonly inputs = 3;
      readonly outputs = 3;
      forward<T>(x: T): T {
        return x;
      }
    }
    const net = new Sequential(new Linear(2, 3), new Mine());
    expect(checkPytorch(net).refused).toEqual(['1 Mine: a kind of layer that this library does not know']);
    await expect(encodePytorch(net)).rejects.toThrow('PyTorch cannot hold this net:\n  1 Mine');
    expect(checkPytorch(new Sequential(new Encode(3, rate({ steps: 5 })))).lost[0]).toMatch(
      /^0 Encode: draws its spikes at random/,
    );
    expect(() => checkPytorch(net, { nam: 'x' } as never)).toThrow("did you mean 'name'");
  });
});

describe('printing of expressions', () => {
  const [a, b, c] = ['a', 'b', 'c'].map(leaf) as [
    ReturnType<typeof leaf>,
    ReturnType<typeof leaf>,
    ReturnType<typeof leaf>,
  ];
  const print = (e: ReturnType<typeof leaf>, numbers: readonly ReturnType<typeof leaf>[] = []): string =>
    printPython(e, { names: (x) => (x.op === 'leaf' ? x.name : undefined), isNumber: (x) => numbers.includes(x) });

  it('sets brackets only where Python needs them, in the order of the equations', () => {
    expect(print(a.sub(b.sub(c)))).toBe('a - (b - c)');
    expect(print(a.sub(b).sub(c))).toBe('a - b - c');
    expect(print(a.add(b).mul(c))).toBe('(a + b) * c');
    expect(print(a.div(b.mul(c)))).toBe('a / (b * c)');
    expect(print(a.add(b).neg().mul(-2))).toBe('-(a + b) * -2');
    expect(print(expm1(expr(-1).div(a)).add(1))).toBe('torch.expm1(-1 / a) + 1');
  });

  it('knows the logistic function, tests, limits, and numbers among tensors', () => {
    expect(print(expr(1).div(exp(a.neg()).add(1)))).toBe('torch.sigmoid(a)');
    expect(print(expr(1).div(exp(a).add(1)))).toBe('torch.sigmoid(-a)');
    expect(print(tanh(a.mul(0.5)).mul(0.5).add(0.5))).toBe('torch.sigmoid(a)');
    expect(print(max(min(a, 1), b))).toBe('torch.maximum(torch.clamp(a, max=1), b)');
    expect(print(where(a.ge(0), b, 0))).toBe('torch.where(a >= 0, b, 0)');
    expect(print(where(a.gt(b), 1, 0.3))).toBe('torch.where(a > b, a.new_tensor(1), a.new_tensor(0.3))');
    expect(print(a.gt(0).mul(b))).toBe('(a > 0).to(a.dtype) * b');
    expect(print(where(b.ge(c), b, 1).mul(exp(c)).mul(a), [b, c])).toBe('(b if b >= c else 1) * math.exp(c) * a');
  });

  it('writes numbers to the last bit', () => {
    for (const x of [0.1, 1e7, 1e-6, -3.5e38, 96 / (127 * 64), 1, 240, -0])
      expect(Object.is(Number(literal(x)), x), literal(x)).toBe(true);
    expect([1e7, 1e-6, 1000, 0.001].map(literal)).toEqual(['1e7', '1e-6', '1000', '0.001']);
  });
});
