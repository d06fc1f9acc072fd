import { readFileSync } from 'node:fs';
import * as ort from 'onnxruntime-web';
import { AHP, Encode, encode, GLIF, IF, Layer, LIF, Linear, Readout, Sequential } from 'spiketape';
import { describe, expect, it } from 'vitest';
import type { Activity, Sample } from '../../../src/exchange/activity.ts';
import { compare } from '../../../src/exchange/compare.ts';
import { decodeModel } from '../../../src/exchange/onnx/decode.ts';
import { checkOnnx, encodeOnnx, inspectOnnx, type OnnxOptions, replayOnnx } from '../../../src/exchange/onnx/index.ts';
import { notesOf, readOnnx } from '../../../src/exchange/onnx/replay.ts';
import { Runner } from '../../../src/exchange/onnx/run.ts';
import { numbersOf } from '../../../src/exchange/onnx/tensors.ts';
import { makeSample } from '../../../src/exchange/sample.ts';
import { simulate } from '../../../src/exchange/simulate.ts';
import { VERSION } from '../../../src/exchange/version.ts';
import { changing, disturb, nets, still } from './onnx_nets.ts';

ort.env.wasm.numThreads = 1;

type Feeds = Record<string, ort.Tensor>;

const fileOf = async (net: Sequential, options: OnnxOptions = {}): Promise<Uint8Array> =>
  (await encodeOnnx(net, options)).files[0]!.bytes;

const session = (bytes: Uint8Array): Promise<ort.InferenceSession> =>
  // 3 is errors alone: that inputs have defaults is no news
  ort.InferenceSession.create(bytes, { logSeverityLevel: 3 });

/** States of 0 for a file that requires them. */
function zeros(bytes: Uint8Array, B: number): Feeds {
  const { inputs } = readOnnx(bytes).graph;
  return Object.fromEntries(
    inputs
      .filter(({ name }) => name !== 'input')
      .map(({ name, shape }) => {
        const dims = shape!.map((n) => (typeof n === 'number' ? n : B));
        return [
          name,
          name === 'state.step'
            ? new ort.Tensor('int64', new BigInt64Array(1), dims)
            : new ort.Tensor('float32', new Float32Array(dims.reduce((a, b) => a * b, 1)), dims),
        ];
      }),
  );
}

const input = ({ T, B, N, inputs }: Sample): ort.Tensor => new ort.Tensor('float32', inputs, [T, B, N]);
const data = (result: ort.InferenceSession.ReturnType, name: string): Float64Array =>
  Float64Array.from(result[name]!.data as Float32Array);
/** What a run leaves for the next one. */
const carried = (result: ort.InferenceSession.ReturnType): Feeds =>
  Object.fromEntries(
    Object.entries(result)
      .filter(([name]) => name.endsWith('.next'))
      .map(([name, value]) => [name.replace(/\.next$/, ''), value as ort.Tensor]),
  );

/** What onnxruntime makes of a file with `record`, as activity under our labels. */
async function byRuntime(bytes: Uint8Array, sample: Sample, steps = sample.T): Promise<Activity> {
  const { T, B, N } = sample;
  const runtime = await session(bytes);
  const model = readOnnx(bytes);
  const results: ort.InferenceSession.ReturnType[] = [];
  if (model.metadata.get('spiketape.mode') === 'sequence') results.push(await runtime.run({ input: input(sample) }));
  else {
    let states = zeros(bytes, B);
    for (let t = 0; t < steps; t++) {
      const now = sample.inputs.slice((t % T) * B * N, ((t % T) + 1) * B * N);
      results.push(await runtime.run({ input: new ort.Tensor('float32', now, [B, N]), ...states }));
      states = carried(results.at(-1)!);
    }
  }
  const all = (name: string): Float64Array => Float64Array.from(results.flatMap((r) => [...data(r, name)]));
  await runtime.release();
  const layers = notesOf(model).map(({ label, N: width, spikes, voltage }) => ({
    label,
    N: width,
    spikes: spikes === null ? null : all(spikes),
    voltage: all(voltage),
  }));
  return { T, B, outputs: all('output'), layers };
}

/** Judges activities against what the net itself does: at once where all spikes are equal, else as `compare` does. */
async function judge(net: Sequential, sample: Sample, activities: Record<string, Activity>): Promise<void> {
  const own = await simulate(net, sample);
  const far = (a: Float64Array, b: Float64Array): number =>
    Math.max(0, ...a.map((x, i) => Math.abs(x - b[i]!) / (1 + Math.abs(x))));
  for (const [name, activity] of Object.entries(activities)) {
    expect(activity.layers.map(({ label }) => label)).toEqual(own.layers.map(({ label }) => label));
    const same = own.layers.every(
      ({ spikes }, i) => spikes?.every((z, k) => z === activity.layers[i]!.spikes![k]) ?? true,
    );
    if (!same) {
      expect(await compare(net, sample, activity), name).toMatchObject({ equal: true });
      continue;
    }
    expect(activity.outputs).toHaveLength(own.outputs.length);
    expect(far(own.outputs, activity.outputs), `${name}: outputs`).toBeLessThan(1e-5);
    own.layers.forEach(({ label, voltage }, i) => {
      expect(activity.layers[i]!.voltage).toHaveLength(voltage!.length);
      expect(far(voltage!, activity.layers[i]!.voltage!), `${name}: ${label}`).toBeLessThan(1e-5);
    });
  }
  const fired = own.layers.flatMap(({ spikes }) => (spikes ? [spikes.reduce((a, b) => a + b, 0)] : []));
  expect(Math.min(...fired, 1e9)).toBeGreaterThan(5);
}

const random = (T: number, net: Sequential): Sample => {
  const [B, N] = [2, net.inputs];
  // a walk, so that changes have all sizes
  const inputs = Float32Array.from({ length: T * B * N }, (_, i) => 0.5 + 0.5 * Math.sin(i * i * 0.37 + i));
  return { T, B, N, inputs };
};

describe('onnxruntime gives the spikes of', () => {
  it.each(Object.entries(nets))('%s', async (_, make) => {
    const net = disturb(make());
    const part = await makeSample(net, { T: 50, B: 1 });
    const sample = {
      ...part,
      T: 200,
      inputs: Float32Array.from({ length: 4 * part.inputs.length }, (_, i) => part.inputs[i % part.inputs.length]!),
    };
    await judge(net, sample, {
      'runtime, sequence': await byRuntime(await fileOf(net, { record: true, opset: 21 }), sample),
      'runtime, steps': await byRuntime(await fileOf(net, { mode: 'step', record: true, opset: 13 }), sample),
      'replay, sequence': await replayOnnx(await fileOf(net), sample),
      'replay, steps': await replayOnnx(await fileOf(net, { mode: 'step' }), sample),
    });
  });

  it.each(Object.entries(still))('%s, whose input stands still', async (_, make) => {
    const net = make();
    const sample = random(1, net);
    await judge(net, sample, {
      'runtime, sequence': await byRuntime(await fileOf(net, { record: true }), sample),
      'runtime, steps': await byRuntime(await fileOf(net, { mode: 'step', record: true }), sample, 200),
      'replay, sequence': await replayOnnx(await fileOf(net), sample),
      'replay, steps': await replayOnnx(await fileOf(net, { mode: 'step' }), sample),
    });
  });

  it.each(Object.entries(changing))('%s', async (_, make) => {
    const net = make();
    const sample = random(200, net);
    await judge(net, sample, {
      'runtime, sequence': await byRuntime(await fileOf(net, { record: true }), sample),
      'replay, sequence': await replayOnnx(await fileOf(net), sample),
    });
    expect(checkOnnx(net, { mode: 'step' }).refused[0]).toMatch(/^0 Encode: encode\.\w+ compares each step/);
  });
});

const deep = (): Sequential =>
  disturb(
    new Sequential(
      new AHP(6, 12, { recurrent: true, adaptive: 5, weightGain: 2 }),
      new GLIF(12, 8, { steps: 250, recurrent: true, weightGain: 3 }),
      new Readout(8, 3, { delay: 1 }),
    ),
  );

describe('a model over a sequence', () => {
  it('goes on in a second half where the first one ended, with any number of steps and samples', async () => {
    const net = deep();
    const sample = await makeSample(net, { T: 200, B: 3 });
    const { T, B, N, inputs } = sample;
    const bytes = await fileOf(net, { states: 'required', record: true });
    const runtime = await session(bytes);
    const whole = await runtime.run({ input: input(sample), ...zeros(bytes, B) });
    const cut = 77;
    const part = (from: number, to: number): Sample => ({
      T: to - from,
      B,
      N,
      inputs: inputs.slice(from * B * N, to * B * N),
    });
    const first = await runtime.run({ input: input(part(0, cut)), ...zeros(bytes, B) });
    const second = await runtime.run({ input: input(part(cut, T)), ...carried(first) });
    for (const name of ['spikes.0', 'spikes.1', 'output']) {
      const halves = [...data(first, name), ...data(second, name)];
      expect(halves.every((x, i) => Math.abs(x - data(whole, name)[i]!) < 1e-5)).toBe(true);
    }
    expect(second['state.step.next']!.data).toEqual(whole['state.step.next']!.data);
    // its states do matter
    const fresh = await runtime.run({ input: input(part(cut, T)), ...zeros(bytes, B) });
    expect(data(fresh, 'output')).not.toEqual(data(second, 'output'));
    // one sample alone, and fewer steps
    const alone = Float32Array.from({ length: 50 * N }, (_, i) => inputs[(Math.floor(i / N) * B + 1) * N + (i % N)]!);
    const one = await runtime.run({ input: input({ T: 50, B: 1, N, inputs: alone }), ...zeros(bytes, 1) });
    const spikes = data(one, 'spikes.0');
    expect(spikes).toHaveLength(50 * 12);
    expect(spikes.every((z, i) => z === data(whole, 'spikes.0')[(Math.floor(i / 12) * B + 1) * 12 + (i % 12)])).toBe(
      true,
    );
  });

  it('has states as optional inputs: initializers of the same name, for one sample or each', async () => {
    const net = deep();
    const sample = await makeSample(net, { T: 60, B: 2 });
    const { B, N } = sample;
    const { graph } = readOnnx(await fileOf(net));
    const names = [
      'state.0.v',
      'state.0.a',
      'state.0.z',
      'state.step',
      'state.1.v',
      'state.1.z',
      'state.2.v',
      'state.2.i',
    ];
    expect(graph.inputs.map(({ name }) => name)).toEqual(['input', ...names]);
    for (const name of names) {
      expect(graph.initializers.some((t) => t.name === name)).toBe(true);
      expect(graph.outputs.some((o) => o.name === `${name}.next`)).toBe(true);
    }
    const runner = new Runner(graph);
    const run = (
      from: number,
      T: number,
      states: ReadonlyMap<string, { dims: number[]; data: Float64Array; type: number }>,
    ) =>
      runner.run(
        new Map([
          ...states,
          [
            'input',
            {
              dims: [T, B, N],
              type: 1,
              data: Float64Array.from(sample.inputs.subarray(from * B * N, (from + T) * B * N)),
            },
          ],
        ]),
      );
    const whole = run(0, 60, new Map()).get('output')!.data;
    const first = run(0, 25, new Map());
    const left = new Map(
      names.map((name) => [name, first.get(`${name}.next`)! as { dims: number[]; data: Float64Array; type: number }]),
    );
    const halves = [...first.get('output')!.data, ...run(25, 35, left).get('output')!.data];
    expect(halves).toEqual([...whole]);
    const same = run(0, 60, new Map([['state.0.v', { dims: [1, 12], data: new Float64Array(12), type: 1 }]]));
    expect(same.get('output')!.data).toEqual(whole);
  });

  it('refuses more steps than there are numbers for', async () => {
    const net = new Sequential(new GLIF(6, 4, { steps: 20 }));
    const sample = await makeSample(net, { T: 20 });
    const bytes = await fileOf(net);
    await expect(replayOnnx(bytes, { ...sample, T: 10, B: 4 })).resolves.toMatchObject({ T: 10 });
    await expect(replayOnnx(bytes, { ...sample, T: 40, B: 1 })).rejects.toThrow(/\(Gather\): axis 20 is none of 20/);
    const runtime = await session(bytes);
    const quiet = { logSeverityLevel: 4 } as const;
    await expect(runtime.run({ input: input({ ...sample, T: 40, B: 1 }) }, quiet)).rejects.toThrow();
    expect(checkOnnx(net).notes[0]).toBe('0 GLIF: has numbers for 20 steps, a longer sequence is an error');
  });
});

describe('an ONNX file', () => {
  it('in float64 does exactly what the net does', async () => {
    for (const name of ['AHP', 'LIF', "a neuron of one's own", 'planes', 'norms of each step']) {
      const net = disturb(nets[name]!());
      const sample = await makeSample(net, { T: 200 });
      const own = await simulate(net, sample);
      const activity = await replayOnnx(await fileOf(net, { double: true }), sample);
      own.layers.forEach(({ spikes }, i) => {
        expect(activity.layers[i]!.spikes).toEqual(spikes);
      });
      expect(Math.max(...own.outputs.map((y, i) => Math.abs(y - activity.outputs[i]!)))).toBeLessThan(1e-12);
    }
  });

  it('keeps the digits of slow decays', async () => {
    // float32 has 1 - e^(-1/2000) only to 6e-5 of it, which adds up
    const net = new Sequential(new Readout(3, 4, { tau: 2000, weightGain: 0.1 }));
    const sample = random(1000, net);
    const own = await simulate(net, sample);
    const { outputs } = await replayOnnx(await fileOf(net), sample);
    const off = Math.max(...own.outputs.map((y, i) => Math.abs(y - outputs[i]!) / (1 + Math.abs(y))));
    expect(off).toBeLessThan(1e-5);
    expect(readOnnx(await fileOf(net)).graph.initializers.map(({ name }) => name)).toContain(
      '0.(expm1((-1 / tau)) + 1) - 1',
    );
  });

  it.each(['>', '>='] as const)('fires at the threshold itself as the net does: %s', async (spikeTest) => {
    const net = new Sequential(new IF(1, 1, { spikeTest, reset: 'none' }));
    net.parameters()[0]!.data.fill(0.25);
    const sample = { T: 6, B: 1, N: 1, inputs: new Float32Array(6).fill(1) };
    const expected = spikeTest === '>' ? [0, 0, 0, 0, 1, 1] : [0, 0, 0, 1, 1, 1];
    expect([...(await replayOnnx(await fileOf(net), sample)).outputs]).toEqual(expected);
    expect([...(await byRuntime(await fileOf(net, { record: true }), sample)).outputs]).toEqual(expected);
    expect([...(await simulate(net, sample)).outputs]).toEqual(expected);
  });

  it('holds weights under their names, as the kernels read them, each once', async () => {
    const shared = new LIF(5, 5, { recurrent: true });
    const net = new Sequential(shared, new Linear(5, 5, { connections: { density: 0.4 } }), shared);
    shared.params['recurrent.weight']!.data.fill(3);
    const { graph } = readOnnx(await fileOf(net));
    const tensors = new Map(graph.initializers.map((t) => [t.name, t]));
    const names = [...tensors.keys()].filter((name) => /weight/.test(name));
    expect(names).toEqual(['0.weight', '0.recurrent.weight', '1.weight']);
    expect(tensors.get('0.recurrent.weight')!.dims).toEqual([5, 5]);
    expect([...numbersOf(tensors.get('0.recurrent.weight')!)]).toEqual(
      Array.from({ length: 25 }, (_, i) => (i % 6 === 0 ? 0 : 3)),
    );
    expect(numbersOf(tensors.get('1.weight')!).filter((w) => w !== 0)).toHaveLength(10);
    expect(graph.inputs.map(({ name }) => name)).toEqual(['input', 'state.0.v', 'state.0.z', 'state.2.v', 'state.2.z']);
  });

  it('says what it is', async () => {
    const net = deep();
    const { files, notes, lost } = await encodeOnnx(net, { name: 'mine', mode: 'step' });
    expect(files.map(({ name }) => name)).toEqual(['mine.onnx']);
    expect(lost).toEqual([]);
    expect(notes).toEqual(['1 GLIF: has numbers for 250 steps, a longer sequence is an error']);
    const model = decodeModel(files[0]!.bytes);
    expect(model).toMatchObject({ irVersion: 8, producer: 'spiketape', opsets: [{ domain: '', version: 17 }] });
    expect(model.graph.doc).toContain('AHP');
    const packed = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
      version: string;
    };
    expect(model.producerVersion).toBe(packed.version);
    expect(VERSION).toBe(packed.version);
    const { format, facts, nodes } = await inspectOnnx(await fileOf(net));
    expect(format).toBe('ONNX, opset 17');
    expect(facts).toMatchObject({
      producer: `spiketape ${VERSION}`,
      'input input': 'float32 [time, batch, 6]',
      'input state.0.v': 'float32 [batch or 1, 12], optional',
      'output output': 'float32 [time, batch, 3]',
      'spiketape.mode': 'sequence',
    });
    const scan = nodes.find(({ type }) => type === 'Scan')!;
    expect(scan.detail).toMatch(/^num_scan_inputs 1, body: .*MatMul.*Greater/);
    expect(scan.from.some((name) => nodes.some((node) => node.name === name))).toBe(true);
  });
});

class Unknown extends Layer {
  readonly params = {};
  readonly config = { kind: 'Unknown' };
  readonly inputs = 6;
  readonly outputs = 6;
  forward(): never {
    throw new Error('never run');
  }
}

describe('checkOnnx', () => {
  it('refuses what it does not know, and what is random, by place', async () => {
    const net = new Sequential(new Encode(6, encode.rate({ steps: 5 })), new Sequential(new Unknown()));
    expect(checkOnnx(net).refused).toEqual([
      '0 Encode: encode.rate draws its spikes at random; encode before the net (encode.onHost)',
      '1.0 Unknown: is no layer of which the exporter knows what it computes',
    ]);
    await expect(encodeOnnx(net)).rejects.toThrow(/^ONNX cannot hold this net:\n {2}0 Encode/);
  });

  it('names options that are none', () => {
    const net = new Sequential(new LIF(2, 2));
    const options = (given: object): OnnxOptions => given as OnnxOptions;
    expect(() => checkOnnx(net, options({ opsett: 17 }))).toThrow("there is no option 'opsett'; did you mean 'opset'?");
    expect(() => checkOnnx(net, options({ mode: 'steps' }))).toThrow("mode is unknown: 'steps'; did you mean 'step'?");
    expect(() => checkOnnx(net, { opset: 22 })).toThrow('opset must be a whole number in 13 .. 21, got 22');
    expect(() => checkOnnx(net, options({ record: 1 }))).toThrow('record must be true or false, got 1');
    expect(() => checkOnnx(net, options({ states: 'none' }))).toThrow("states is unknown: 'none'");
  });
});
