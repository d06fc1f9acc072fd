import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  Adam,
  CarriedState,
  concatenateFeatures,
  Dataset,
  Engine,
  fit as fitNet,
  LIF,
  Linear,
  loadModel,
  loss,
  Parallel,
  Readout,
  Residual,
  Sequential,
  saveModel,
  type Tensor,
} from '../../src/index.ts';
import { crossEntropy } from '../../src/loss/cross_entropy.ts';
import { copyColumns } from '../../src/reference/columns.ts';
import { ReferenceDevice } from '../../src/reference/device.ts';
import { composed, everything, output } from '../support/composed.ts';
import { finiteDifferences } from '../support/finite_differences.ts';
import { Random } from '../support/random.ts';

// Residual and parallel parts, nets within nets: on the reference.

const reference = (): Engine => new Engine(new ReferenceDevice());

/** A Linear whose matrix is given by rows. */
function matrix(...rows: number[][]): Linear {
  const layer = new Linear(rows[0]!.length, rows.length, { bias: false });
  layer.params.weight!.data.set(rows.flat());
  return layer;
}

describe('a residual part', () => {
  it('adds the input, or its projection, to what the body gives', async () => {
    const body = [matrix([1, 0], [0, 2]), matrix([3, 0], [0, 1])];
    expect(await output(new Sequential(new Residual(...body)), [1, 1, 5, 7], [2, 1, 2])).toEqual([4, 3, 20, 21]);
    const projected = new Residual(matrix([1, 1]), { projection: matrix([10, 0]) });
    expect(await output(new Sequential(projected), [1, 2, 3, 4], [2, 1, 2])).toEqual([13, 37]);
    // the same over spikes: they are counted
    const spiking = new Residual(matrix([1, 0], [1, 0]));
    expect(await output(new Sequential(spiking), [1, 0, 1, 1], [2, 1, 2], 'bits')).toEqual([2, 1, 2, 2]);
  });

  it('refuses widths that do not fit, and what is no layer', () => {
    expect(() => new Residual(new Linear(3, 4))).toThrow(
      'Residual: the body takes 3 to 4, the input goes past it as it is; give a projection from 3 to 4',
    );
    expect(() => new Residual(new Linear(3, 4), { projection: new Linear(3, 5) })).toThrow(
      'Residual: the body takes 3 to 4, the projection takes 3 to 5; give a projection from 3 to 4',
    );
    expect(() => new Residual(new Linear(3, 4), new LIF(5))).toThrow(
      'Residual: layer body.1 (LIF) expects inputs of width 5, layer body.0 (Linear) gives 4',
    );
    expect(() => new Residual()).toThrow('Residual: needs at least one layer');
    expect(() => new Residual(new Linear(3, 3), { projektion: new Linear(3, 3) } as object)).toThrow(
      "Residual: there is no option 'projektion'; did you mean 'projection'?",
    );
    expect(() => new Residual(new Linear(3, 3), { projection: 3 as unknown as Linear })).toThrow(
      'Residual: projection must be a layer',
    );
  });
});

describe('parallel branches', () => {
  it('stand one beside the other, or are summed', async () => {
    const branches = (): Linear[] => [matrix([1, 0]), matrix([0, 10], [10, 0], [1, 1]), matrix([100, 0])];
    expect(await output(new Sequential(new Parallel(branches())), [1, 2, 3, 4], [2, 1, 2])).toEqual([
      1, 20, 10, 3, 100, 3, 40, 30, 7, 300,
    ]);
    const sum = new Parallel([matrix([1, 0]), matrix([0, 10]), matrix([100, 0])], { merge: 'sum' });
    expect(await output(new Sequential(sum), [1, 2], [1, 1, 2])).toEqual([121]);
    expect(sum.outputs).toBe(1);
    expect(new Parallel(branches()).outputs).toBe(5);
  });

  it('refuse other inputs, sums of different widths, unknown merges', () => {
    expect(() => new Parallel([new Linear(3, 4), new LIF(5)])).toThrow(
      'Parallel: branch 1 (LIF) has inputs of width 5, branch 0 (Linear) of width 3',
    );
    expect(() => new Parallel([new Linear(3, 4), new Linear(3, 5)], { merge: 'sum' })).toThrow(
      'Parallel: branch 1 (Linear) has outputs of width 5, branch 0 (Linear) of width 4',
    );
    expect(() => new Parallel([new Linear(3, 4)], { merge: 'concat' as 'sum' })).toThrow(
      "Parallel: merge is 'concat'; known are concatenate, sum",
    );
    expect(() => new Parallel([])).toThrow('Parallel: needs a list of at least one branch');
    expect(() => new Parallel([new Linear(3, 4)], { mergee: 'sum' } as object)).toThrow(
      "Parallel: there is no option 'mergee'; did you mean 'merge'?",
    );
  });
});

it('concatenates tensors of any width, spikes too, and sends each its gradient', async () => {
  const engine = reference();
  const net = new Sequential(new Linear(9, 2));
  engine.bind(net);
  const tape = engine.tape();
  const random = new Random('columns');
  const parts = [random.normals(2 * 3 * 3), random.spikes(2 * 3 * 5, 0.5), random.normals(2 * 3)];
  const place = (i: number, N: number, form: 'f32' | 'bits'): Tensor =>
    tape.input(parts[i]!, { shape: [2, 3, N], form, requiresGrad: true, name: `part ${i}` }).keepGradient();
  const inputs = [place(0, 3, 'f32'), place(1, 5, 'bits'), place(2, 1, 'f32')];
  const y = concatenateFeatures(inputs).keep();
  const whole = y.keepGradient();
  crossEntropy(net.forward(y), [0, 1, 0], { at: 'mean' }).loss.backward();
  await tape.run();
  const [values, gradient] = [await y.read(), await whole.readGradient()];
  let first = 0;
  for (const [i, N] of [3, 5, 1].entries()) {
    const g = await inputs[i]!.readGradient();
    for (let r = 0; r < 6; r++) {
      for (let n = 0; n < N; n++) {
        expect(values[9 * r + first + n]).toBe(parts[i]![N * r + n]);
        expect(g[N * r + n]).toBe(gradient[9 * r + first + n]);
      }
    }
    first += N;
  }
  expect(gradient.some((v) => v !== 0)).toBe(true);
  const other = tape.engine.tape();
  const short = other.input(new Float32Array(3), { shape: [1, 1, 3], name: 'a' });
  const long = other.input(new Float32Array(6), { shape: [2, 1, 3], name: 'b' });
  expect(() => concatenateFeatures([short, long])).toThrow(
    'concatenate: all dimensions but the last must be equal, got a f32[1, 1, 3] and b f32[2, 1, 3]',
  );
});

describe('a net within a net', () => {
  const nested = (): Sequential =>
    new Sequential(
      new Linear(3, 4),
      new Residual(new Linear(4, 6), new LIF(6, 4), { projection: new Linear(4, 4, { bias: false }) }),
      new Parallel([new Sequential(new Linear(4, 2), new LIF(2)), new Sequential(new Linear(4, 2), new LIF(2))]),
      new Readout(4, 2),
    );

  it('names parameters by place, and draws parts that are alike differently', () => {
    const net = nested();
    const names = net.parameters().map((p) => p.name);
    expect(names).toEqual([...net.namedParameters().keys()]);
    for (const name of ['1.body.0.weight', '1.body.1.tau', '1.projection.weight', '2.1.0.bias', '3.weight'])
      expect(names).toContain(name);
    const at = (name: string): Float32Array => net.namedParameters().get(name)!.data;
    expect(at('2.0.0.weight')).not.toEqual(at('2.1.0.weight'));
    // each depends on its own name alone
    expect(at('2.1.0.weight')).toEqual(nested().initialize(0).namedParameters().get('2.1.0.weight')!.data);
  });

  it('keeps weights that were put there before a part was built in', () => {
    const part = new Sequential(new Linear(2, 2));
    part.parameters()[0]!.data.set([1, 2, 3, 4]);
    const seeded = new Sequential(new Linear(2, 2)).initialize(7);
    const drawn = seeded.parameters()[0]!.data.slice();
    const net = new Sequential(part, seeded);
    expect([...net.parameters()[0]!.data]).toEqual([1, 2, 3, 4]);
    expect(net.namedParameters().get('1.0.weight')!.data).toEqual(drawn);
  });

  it('says where widths do not fit', () => {
    const part = new Residual(new Sequential(new LIF(4, 4)));
    expect(() => new Sequential(new Sequential(new Linear(3, 5)), part)).toThrow(
      'Sequential: layer 1.body.0.0 (LIF) expects inputs of width 4, layer 0.0 (Linear) gives 5',
    );
    const net = new Sequential(part);
    const x = reference()
      .tape()
      .input(new Float32Array(6), { shape: [2, 1, 3], name: 'x' });
    expect(() => net.forward(x)).toThrow('net: layer 0.body.0.0 (LIF) expects inputs of width 4, got x f32[2, 1, 3]');
  });

  it('is saved and loaded', async () => {
    const net = nested().initialize(5);
    const saved = saveModel(net);
    const again = loadModel(saved);
    expect(saveModel(again)).toEqual(saved);
    const x = new Random('x').normals(5 * 2 * 3);
    expect(await output(again, x, [5, 2, 3])).toEqual(await output(net, x, [5, 2, 3]));
  });

  it('carries the state of each place from window to window', async () => {
    const layer = new LIF(4, 4, { recurrent: true, weightGain: 3 });
    // one layer in two places, one of them within a part
    const net = new Sequential(layer, new Residual(layer), new Readout(4, 2));
    const engine = reference();
    engine.bind(net);
    const x = new Random('carried').spikes(6 * 2 * 4, 0.6);
    const run = async (from: number, to: number, state?: CarriedState): Promise<number[]> => {
      const tape = engine.tape({ training: false });
      const input = tape.input(x.subarray(from * 8, to * 8), { shape: [to - from, 2, 4], form: 'bits' });
      const y = net.forward(input, state ? { state } : {}).keep();
      await tape.run();
      return [...(await y.read())];
    };
    const whole = await run(0, 6);
    const state = new CarriedState();
    const pieces = [...(await run(0, 2, state)), ...(await run(2, 3, state)), ...(await run(3, 6, state))];
    expect(pieces).toEqual(whole);
    expect([...state.final.keys()]).toEqual(['0', '1.body.0', '2']);
    // plain numbers in place of what the device left
    const plain = new CarriedState();
    await run(0, 2, plain);
    for (const [place, t] of plain.final) plain.final.set(place, await (t as Tensor).read());
    expect([...(await run(2, 6, plain))]).toEqual(whole.slice(2 * 2 * 2));
    plain.reset();
    expect(await run(0, 6, plain)).toEqual(whole);
  });

  it('says what it is made of', () => {
    const shared = new Linear(4, 4);
    const text = new Sequential(shared, new Residual(new LIF(4, 300), new LIF(300, 4)), shared).summary();
    expect(text.split('\n').map((line) => line.trim().split(/ {2,}/))).toEqual([
      ['place', 'layer', 'inputs', 'outputs', 'trained', 'fixed'],
      ['0', 'Linear', '4', '4', '20', '0'],
      ['1', 'Residual', '4', '4'],
      ['1.body.0', 'LIF', '4', '300', '1,200', '2'],
      ['1.body.1', 'LIF', '300', '4', '1,200', '2'],
      ['2', 'Linear (that of 0)', '4', '4', '0', '0'],
      ['total', '4', '4', '2,420', '4'],
    ]);
  });
});

describe('saved structure', () => {
  it('of the first version is read still: an AHP net gives what it gave', async () => {
    const url = new URL('../fixtures/saved_net.json', import.meta.url);
    const { model, safetensors, outputs } = JSON.parse(readFileSync(url, 'utf8'));
    const bytes = new Uint8Array(Buffer.from(safetensors, 'base64'));
    const net = loadModel({ json: JSON.stringify(model), safetensors: bytes });
    const x = Array.from({ length: 12 * 2 * 8 }, (_, i) => 2 * Math.sin(1.7 * i));
    expect(await output(net, x, [12, 2, 8])).toEqual(outputs);
    expect(saveModel(net).safetensors).toEqual(bytes);
  });

  it('that cannot be rebuilt is refused', () => {
    const saved = saveModel(new Sequential(new Residual(new Linear(2, 2))));
    const change = (from: string, to: string) => ({ ...saved, json: saved.json.replace(from, to) });
    expect(() => loadModel(change('"Linear"', '"Linaer"'))).toThrow(
      'loadModel: layer 0.body.0 is of unknown kind "Linaer"; known are',
    );
    expect(() => loadModel(change('"Linear"', '"Shared"'))).toThrow(
      'loadModel: layer 0.body.0 shares layer undefined, which is not there',
    );
    expect(() => loadModel(change('"Linear"', '"constructor"'))).toThrow('is of unknown kind "constructor"');
    expect(() => loadModel(change('"inputs": 2', '"inputs": 2.5'))).toThrow(
      'loadModel: layer 0.body.0 (Linear): Linear: inputs must be a whole number above 0, got 2.5',
    );
  });
});

describe('everything in one net', () => {
  it.each([
    ['plain', {}],
    ['spikes and lengths', { spikes: true, lengths: [5, 2, 4] }],
  ])('has the gradients of finite differences: %s', async (_, options) => {
    const found = await finiteDifferences(composed(everything(4, 5, 3), { T: 5, ...options }));
    expect(found.length).toBeGreaterThan(20);
    for (const { name, size, error } of found) {
      expect(size, name).toBeGreaterThan(1e-8);
      expect(error, name).toBeLessThan(1e-6);
    }
  });

  it('would be seen to have columns in the wrong place', async () => {
    const planted = new Map([
      [
        'copy_columns',
        (c: Parameters<typeof copyColumns>[0]) =>
          copyColumns(c.call.label.includes('gradient') ? { ...c, dims: { ...c.dims, first: 0 } } : c),
      ],
    ]);
    const found = await finiteDifferences(composed(everything(4, 5, 3), { T: 5 }), { twins: planted });
    expect(Math.max(...found.map((f) => f.error))).toBeGreaterThan(1e-3);
  });

  it('learns, layer by layer to the same bits, and its running statistics come back', async () => {
    const set = new Dataset({
      steps: 5,
      inputs: 4,
      values: new Random('set').normals(24 * 5 * 4).map((v, i) => v + (Math.floor(i / 20) % 2)),
      labels: Array.from({ length: 24 }, (_, i) => i % 2),
    });
    const train = async (layerwise: boolean) => {
      const net = everything(4, 5, 2).initialize(1);
      const options = { loss: loss.crossEntropy({ at: 'mean' }), optimizer: new Adam({ lr: 0.01, layerwise }) };
      const { epochs } = await fitNet(reference(), net, set, { ...options, epochs: 4, batchSize: 8, validation: set });
      return { net, losses: epochs.map((e) => e.validation!.loss) };
    };
    const [whole, layerwise] = [await train(false), await train(true)];
    expect(whole.losses.at(-1)).toBeLessThan(whole.losses[0]!);
    expect(layerwise.losses).toEqual(whole.losses);
    for (const [name, p] of layerwise.net.namedParameters())
      expect(p.data, name).toEqual(whole.net.namedParameters().get(name)!.data);
    // every input has mean 0.5, and 12 steps at momentum 0.1 go 72 % of the way
    const mean = whole.net.namedParameters().get('0.running_mean')!.data;
    for (const m of mean) expect(Math.abs(m - 0.36)).toBeLessThan(0.15);
  });

  it('is saved, loaded and gives the same in inference', async () => {
    const net = everything(5, 6, 3).initialize(2);
    const again = loadModel(saveModel(net));
    const x = new Random('x').normals(7 * 2 * 5);
    expect(await output(again, x, [7, 2, 5])).toEqual(await output(net, x, [7, 2, 5]));
  });
});
