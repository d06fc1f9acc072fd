import type { Module } from '../autograd/engine.ts';
import type { Loss } from '../autograd/loss.ts';
import { add } from '../autograd/ops/elementwise.ts';
import { linear } from '../autograd/ops/linear.ts';
import type { Parameter } from '../autograd/parameter.ts';
import type { Tape, TapeOptions } from '../autograd/tape.ts';
import type { Tensor } from '../autograd/tensor.ts';
import type { Layer } from '../layers/layer.ts';
import { Linear } from '../layers/linear.ts';
import type { Neurons } from '../layers/neurons.ts';
import { Readout } from '../layers/readout.ts';
import type { NeuronDefinition } from '../neurons/definition.ts';
import type { Dual } from './dual.ts';
import type { Experiment } from './experiment.ts';
import { Random } from './random.ts';

/** What a loss is made of besides the outputs. */
export interface Facts {
  readonly T: number;
  readonly B: number;
  /** Width of the outputs. */
  readonly C: number;
  /** Valid steps of each sample. */
  readonly lengths: readonly number[];
  readonly seed: string;
}

/** Values over time as the naive net has them: by sample, valid step and neuron. */
export type Course = readonly (readonly (readonly Dual[])[])[];

/** A loss twice: as the library records it, and as its formula says in plain arithmetic. */
export interface JudgedLoss {
  readonly name: string;
  /** Whether it takes the layer's spikes, or the dense output of a readout. */
  readonly of: 'spikes' | 'readout';
  /** Whether its derivative is continuous, as central differences ask of it. */
  readonly smooth: boolean;
  record(outputs: Tensor, facts: Facts): Loss;
  formula(outputs: Course, facts: Facts): Dual;
}

/** A parameter as formulas see it. */
export interface NaiveParameter {
  readonly shape: readonly number[];
  readonly values: readonly Dual[];
}

/** What a regulariser is made of. */
export interface NaiveRun {
  /** Neurons of the layer. */
  readonly N: number;
  readonly z: Course;
  readonly v: Course;
  /** One value per neuron. */
  readonly constant: (name: string) => readonly Dual[];
  readonly params: ReadonlyMap<string, NaiveParameter>;
}

export interface JudgedRegularizer {
  readonly name: string;
  readonly smooth: boolean;
  /** Whether it asks for the layer's spikes. */
  readonly spiking: boolean;
  record(tape: Tape, module: Module): Loss;
  formula(run: NaiveRun, facts: Facts): Dual;
}

export interface TrialOptions {
  /** The layer under test, with weights of its own. */
  readonly layer: Neurons;
  /** The neuron as it is without the layer's recurrent connections. */
  readonly neuron: NeuronDefinition;
  readonly T: number;
  readonly B: number;
  readonly C?: number;
  readonly lengths?: readonly number[];
  /** Dense inputs instead of spikes. */
  readonly dense?: boolean;
  /** An initial state other than 0. */
  readonly start?: boolean;
  /** With 'low' no loss reads a spiking layer's voltages: what is read is kept whole. */
  readonly memory?: TapeOptions['memory'];
  /** On the GPU and on the reference that it is compared with; derivatives are judged in full precision. */
  readonly precision?: TapeOptions['precision'];
  readonly loss: JudgedLoss;
  /** What the layer makes of the current from outside into neuron n at step t, if anything; `of` gives its parameters. */
  readonly current?: (I: Dual, t: number, n: number, of: (name: string) => readonly Dual[] | undefined) => Dual;
  readonly regularizers?: readonly JudgedRegularizer[];
  /** A factor on the layer's weights. */
  readonly gain?: number;
  readonly seed?: string;
}

/** A layer between inputs and a loss: what the library records, and all that the naive net needs to know of it. */
export interface Trial extends TrialOptions {
  readonly facts: Facts;
  readonly experiment: Experiment;
  readonly params: ReadonlyMap<string, Parameter>;
  /** [T, B, K] */
  readonly x: Float32Array;
  /** [states (+ 1), B, N], or null for zeros. */
  readonly initial: Float32Array | null;
}

/** Share of the input spikes. */
const INPUT_RATE = 0.3;

/**
 * Puts a layer into a small net: inputs, the layer, a readout of spikes and, with full memory, voltage (linear, then leaky), a
 * loss. A loss of spikes sees the layer's own.
 */
export function makeTrial(options: TrialOptions): Trial {
  const { layer, T, B, dense = false, start = false, seed = 'trial', loss, regularizers = [], gain = 1 } = options;
  const { memory = 'full', precision = 'full' } = options;
  const [K, N] = [layer.inputs, layer.outputs];
  const spiking = layer.definition.z !== null;
  if (loss.of === 'spikes' && !spiking) throw new Error(`${loss.name}: ${layer.label} does not spike`);
  const C = loss.of === 'spikes' ? N : (options.C ?? 3);
  const lengths = options.lengths ?? new Array<number>(B).fill(T);
  const facts: Facts = { T, B, C, lengths, seed };
  const head =
    loss.of === 'spikes'
      ? null
      : {
          spikes: spiking ? new Linear(N, C, { weightGain: 2 }) : null,
          voltage: spiking && memory === 'low' ? null : new Linear(N, C, { bias: !spiking, weightGain: 0.5 }),
          leak: new Readout(C, { tau: 4, learn: ['tau'] }),
        };
  const layers: Record<string, Layer> = { layer, ...(head?.spikes ? { spikes: head.spikes } : {}) };
  if (head) Object.assign(layers, { ...(head.voltage ? { voltage: head.voltage } : {}), leak: head.leak });
  const params = drawn(layers, seed, gain);
  const random = new Random(`${seed}/data`);
  const x = dense ? random.normals(T * B * K) : random.spikes(T * B * K, INPUT_RATE);
  const states = layer.definition.states.length;
  const initial = start
    ? Float32Array.from([...random.normals(states * B * N, 0.3), ...(spiking ? random.spikes(B * N, 0.3) : [])])
    : null;
  const module: Module = { parameters: () => [...params.values()] };
  const experiment: Experiment = {
    module,
    memory,
    precision,
    record(tape) {
      const input = tape.input(x, {
        shape: [T, B, K],
        form: dense ? 'f32' : 'bits',
        requiresGrad: true,
        name: 'x',
        ...(options.lengths ? { lengths: options.lengths } : {}),
      });
      const shape = [layer.stateRows, B, N];
      const from = initial && tape.input(initial, { shape, requiresGrad: true, name: 'start' });
      const run = layer.run(input, from);
      let outputs: Tensor = run.z ?? run.v;
      if (head) {
        const { spikes, voltage, leak } = head;
        const fromSpikes = run.z && spikes?.forward(run.z);
        const fromVoltage = voltage && linear(run.v, voltage.params.weight!, voltage.params.bias, 'voltage');
        outputs = leak.run(fromSpikes && fromVoltage ? add(fromSpikes, fromVoltage) : (fromSpikes ?? fromVoltage!)).v;
      }
      const total = regularizers.reduce((sum, r) => sum.add(r.record(tape, module)), loss.record(outputs, facts));
      return { loss: total, inputs: from ? [input, from] : [input], values: head ? [outputs, run.final] : [run.final] };
    },
  };
  return { ...options, facts, experiment, params, x, initial };
}

/** Draws all parameters of the layers, biases too, and names them. */
function drawn(layers: Readonly<Record<string, Layer>>, seed: string, gain: number): Map<string, Parameter> {
  const params = new Map<string, Parameter>();
  for (const [place, layer] of Object.entries(layers)) {
    layer.label = place;
    for (const [name, p] of Object.entries(layer.params)) {
      p.name = `${place}.${name}`;
      const random = new Random(`${seed}/${p.name}`);
      p.initialize(random.uniform);
      if (name === 'bias') p.data.set(random.normals(p.data.length, 0.1));
      const factor = place !== 'layer' ? 1 : name === 'weight' ? gain : name === 'recurrent.weight' ? gain / 2 : 1;
      if (factor !== 1) p.data.set(p.data.map((w) => factor * w));
      params.set(p.name, p);
    }
  }
  return params;
}
