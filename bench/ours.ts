import {
  Adam,
  AHP,
  crossEntropy,
  type Engine,
  type GpuDevice,
  init,
  LIF,
  Linear,
  type Loss,
  Neurons,
  type Parameter,
  Readout,
  regularize,
  Sequential,
  savedBytes,
  type Tensor,
  triangle,
} from 'spiketape';
import type { BenchCase } from './cases.ts';
import type { Contender, Runner } from './contender.ts';
import { adam, type CaseData, constants } from './data.ts';

/** What a case costs apart from time. */
export interface Structure {
  /** Of a step. */
  readonly dispatches: number;
  /** What the layers of neurons keep for the backward pass. */
  readonly bytesSaved: number;
  /** All memory on the device while the case is there. */
  readonly bytesLive: number;
}

export interface OurRunner extends Runner {
  readonly adapter: string;
  /** After a step. */
  structure(): Structure;
}

export const ours = {
  name: 'spiketape',
  prepare: async (c: BenchCase, data: CaseData): Promise<OurRunner> => run(await init(), c, data),
} satisfies Contender;

async function run(engine: Engine<GpuDevice>, c: BenchCase, data: CaseData): Promise<OurRunner> {
  const { T, B, inputs } = c;
  const net = netOf(c, data);
  const arena = engine.bind(net);
  const optimizer = new Adam({ lr: c.lr, ...adam });
  const form = c.kind === 'neuron' ? 'f32' : 'bits';
  const shape = [T, B, inputs];
  // once, as peers have theirs: each step gets it from there
  const feed = engine.tape({ training: false });
  const input = feed.input(data.input, { shape, form }).keep();
  await feed.run();
  const judge = c.outputs > 0 ? classified(data.labels) : spikes(c.hidden);
  const counted = engine.device.counters;
  let dispatches = 0;
  let current: Tensor | null = null;

  const once = async (): Promise<Loss> => {
    const tape = engine.tape({ memory: c.memory });
    const x = tape.input(input, { shape, form, requiresGrad: form === 'f32' });
    if (form === 'f32') {
      tape.keepGradient(x);
      current = x;
    }
    const loss = judge(net.forward(x));
    loss.backward();
    await (c.lr > 0 ? optimizer.step(tape) : tape.run());
    return loss;
  };

  return {
    adapter: engine.device.name,
    async step() {
      const before = counted.dispatches;
      let loss = await once();
      for (let i = 1; i < c.batches; i++) loss = await once();
      dispatches = counted.dispatches - before;
      return loss.value();
    },
    async outcome() {
      if (current) return { current: await current.tape.readGradient(current) };
      if (c.lr > 0) {
        await engine.pull(net);
        return Object.fromEntries(weightsOf(net).map(([name, p]) => [name, p.data.slice()]));
      }
      const all = await arena.gradients();
      return Object.fromEntries(weightsOf(net).map(([name, p]) => [name, all.get(p.name)!]));
    },
    structure: () => ({ dispatches, bytesSaved: kept(net, c) * B, bytesLive: engine.memory().liveBytes }),
    dispose: () => engine.dispose(),
  };
}

/** The net of a case with its weights. */
export function netOf(c: BenchCase, data: CaseData): Sequential {
  const { inputs, hidden, outputs, recurrent } = c;
  const { dt, tau, tauAhp, beta, threshold, gamma } = constants;
  const surrogate = triangle({ gamma });
  const common = { surrogate, dt, tau, threshold };
  const neurons = (...sizes: [number] | [number, number]): Neurons =>
    c.neuron === 'AHP'
      ? new AHP(...(sizes as [number, number]), { ...common, recurrent, tauAhp, beta })
      : new LIF(...(sizes as [number, number]), { ...common, recurrent, ...c.lif });
  const net = new Sequential(
    ...(c.kind === 'feedforward' ? [new Linear(inputs, hidden, { bias: false })] : []),
    c.kind === 'recurrent' || c.kind === 'static' ? neurons(inputs, hidden) : neurons(hidden),
    ...(outputs > 0 ? [new Readout(hidden, outputs, { dt, tau })] : []),
  );
  for (const [name, p] of weightsOf(net)) p.data.set(data.weights[name]!);
  return net;
}

/** The trained matrices by the names of `CaseData.weights`. */
function weightsOf(net: Sequential): [string, Parameter][] {
  const names: Record<string, string> = {
    '0.weight': 'weight',
    '0.recurrent.weight': 'recurrent',
    '1.weight': 'readout',
  };
  return [...net.namedParameters()].filter(([n]) => n in names).map(([n, p]) => [names[n]!, p]);
}

const classified =
  (labels: Uint32Array) =>
  (o: Tensor): Loss =>
    crossEntropy(o, labels, { at: 'mean' }).loss;

const spikes =
  (neurons: number) =>
  (z: Tensor): Loss =>
    regularize.rate({ target: 0, weight: 1 / neurons })(z.tape);

/** Bytes that the net's neurons keep for one sample. */
function kept(net: Sequential, { T, memory }: BenchCase): number {
  const options = memory === 'low' ? { lowMemory: T } : {};
  const layers = net.layers.filter((l) => l instanceof Neurons);
  return Math.round(T * layers.reduce((sum, l) => sum + savedBytes(l, options).bytes * l.outputs, 0));
}
