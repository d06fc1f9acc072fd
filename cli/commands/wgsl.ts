import type { CellPlan } from '../../src/autograd/ops/cell_plan.ts';
import type { Call } from '../../src/device/device.ts';
import { Recorder } from '../../src/device/recorder.ts';
import {
  AdLIF,
  AHP,
  ALIF,
  Alpha,
  assemble,
  BRF,
  CarriedState,
  CubaLIF,
  crossEntropy,
  Engine,
  GLIF,
  IF,
  LIF,
  Linear,
  type Neurons,
  PLIF,
  Readout,
  RF,
  regularize,
  SEAdLIF,
  Sequential,
  savedBytes,
} from '../../src/index.ts';
import { kernels } from '../../src/kernels/index.ts';
import { type Parsed, parseFlags, UsageError } from '../args.ts';

export const summary = 'prints a shader, as it stands or assembled for a neuron';

export const usage = `
Usage: spiketape wgsl                           lists kernels, and neurons with what each saves for its backward pass
       spiketape wgsl KERNEL                    a shader as it stands in shaders/
       spiketape wgsl [KERNEL] --neuron NAME    what a layer of such neurons compiles; KERNEL is cell_forward by default

  --neuron NAME             the neuron, one of those that the command lists
  --neurons N               how many; default 32
  --inputs I                how many inputs; default 32
  --recurrent               connected among themselves
  --current                 the layer has no weights of its own; a Linear before it makes its current
  --dense                   the inputs are dense values, not spikes
  --surrogate NAME          triangle, fast_sigmoid, atan, sigmoid, boxcar, exponential, gaussian, multi_gaussian or
                            straight_through
  --learn A,B               constants that are trained
  --semantics NAME          as a framework does it: snntorch, spikingjelly, norse, lava or nir, where it has the neuron
  --bias                    a trained constant current
  --lengths                 samples of unequal length
  --state                   the state is carried over from the window before
  --rate, --voltage         with a regulariser of the firing rates, of the membrane voltages
  --backward                the kernel cell_backward
  --inference               forward only: nothing is saved for a backward pass

No adapter is needed. The shader is that of a real layer's training step, recorded without being run.
`;

const OPTIONS = {
  neuron: { type: 'string', value: 'NAME' },
  neurons: { type: 'string', value: 'N' },
  inputs: { type: 'string', value: 'I' },
  surrogate: { type: 'string', value: 'NAME' },
  learn: { type: 'string', value: 'A,B' },
  semantics: { type: 'string', value: 'NAME' },
  recurrent: { type: 'boolean' },
  current: { type: 'boolean' },
  dense: { type: 'boolean' },
  bias: { type: 'boolean' },
  lengths: { type: 'boolean' },
  state: { type: 'boolean' },
  rate: { type: 'boolean' },
  voltage: { type: 'boolean' },
  backward: { type: 'boolean' },
  inference: { type: 'boolean' },
} as const;

/** Of the step that is recorded. */
const STEPS = 64;

type Sizes = [inputs: number, N: number] | [N: number];
type Build = (sizes: Sizes, options: object) => Neurons;

const NEURONS: Record<string, { about: string; spikes: boolean; build: Build }> = {
  ahp: {
    about: 'slow after-hyperpolarising current',
    spikes: true,
    build: (s, o) => new AHP(...(s as [number, number]), o),
  },
  lif: { about: 'leaky integrate-and-fire', spikes: true, build: (s, o) => new LIF(...(s as [number, number]), o) },
  if: { about: 'integrate-and-fire, no leak', spikes: true, build: (s, o) => new IF(...(s as [number, number]), o) },
  cuba: {
    about: 'leaky integrate-and-fire with a synaptic current',
    spikes: true,
    build: (s, o) => new CubaLIF(...(s as [number, number]), o),
  },
  alpha: {
    about: 'double exponential voltage',
    spikes: true,
    build: (s, o) => new Alpha(...(s as [number, number]), o),
  },
  adlif: {
    about: 'adaptive, Bittar & Garner',
    spikes: true,
    build: (s, o) => new AdLIF(...(s as [number, number]), o),
  },
  'se-adlif': {
    about: 'adaptive, in symplectic Euler steps',
    spikes: true,
    build: (s, o) => new SEAdLIF(...(s as [number, number]), o),
  },
  plif: { about: 'learned time constant', spikes: true, build: (s, o) => new PLIF(...(s as [number, number]), o) },
  glif: {
    about: 'gated leaky integrate-and-fire',
    spikes: true,
    build: (s, o) => new GLIF(...(s as [number, number]), { steps: STEPS, ...o }),
  },
  rf: { about: 'resonate and fire', spikes: true, build: (s, o) => new RF(...(s as [number, number]), o) },
  brf: { about: 'balanced resonate and fire', spikes: true, build: (s, o) => new BRF(...(s as [number, number]), o) },
  alif: { about: 'adaptive threshold', spikes: true, build: (s, o) => new ALIF(...(s as [number, number]), o) },
  li: {
    about: 'leaky integrator, without spikes',
    spikes: false,
    build: (s, o) => new Readout(...(s as [number, number]), o),
  },
};

export async function run(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseFlags(argv, OPTIONS);
  const [named, ...more] = positionals;
  if (more.length > 0) throw new UsageError(`wgsl: one kernel expected, got '${more[0]}' as well`);
  if (named !== undefined && !kernels.some((k) => k.name === named)) {
    throw new UsageError(`wgsl: there is no kernel ${named}; there are ${kernels.map((k) => k.name).join(', ')}`);
  }
  const options = Object.keys(values);
  if (options.length === 0) {
    process.stdout.write(named === undefined ? list() : kernels.find((k) => k.name === named)!.source);
    return 0;
  }
  if (values.neuron === undefined)
    throw new UsageError(`--${options[0]}: needs --neuron ${Object.keys(NEURONS).join('|')}`);
  const wanted = kernelOf(named, values);
  const { layer, calls } = await record(values);
  const found = calls.find((c) => c.kernel.name === wanted);
  if (!found) {
    const there = [...new Set(calls.map((c) => c.kernel.name))].join(', ');
    throw new UsageError(`wgsl: this layer does not use ${wanted}; its kernels are ${there}`);
  }
  process.stdout.write(`${note(layer, found)}${assemble(found.kernel, found.variant)}`);
  return 0;
}

function kernelOf(named: string | undefined, values: Parsed['values']): string {
  if (!values.backward) return named ?? 'cell_forward';
  if (named !== undefined && named !== 'cell_backward')
    throw new UsageError(`--backward: is cell_backward, and ${named} was asked for`);
  if (values.inference) throw new UsageError('--backward: there is no backward pass with --inference');
  return 'cell_backward';
}

/** A layer, and its calls in the step that a net of it becomes. */
async function record(values: Parsed['values']): Promise<{ layer: Neurons; calls: Call[] }> {
  const neuron = Object.hasOwn(NEURONS, String(values.neuron)) ? NEURONS[String(values.neuron)] : undefined;
  if (!neuron) throw new UsageError(`--neuron: expected ${Object.keys(NEURONS).join('|')}, got '${values.neuron}'`);
  for (const name of ['recurrent', 'surrogate', 'rate', 'voltage'] as const) {
    if (values[name] && !neuron.spikes) throw new UsageError(`--${name}: ${values.neuron} does not spike`);
  }
  const [N, inputs] = [size('neurons', values), size('inputs', values)];
  const training = !values.inference;
  const [T, B] = [STEPS, 2];
  let layer: Neurons;
  try {
    const { recurrent, bias, surrogate, semantics } = values;
    const learn = typeof values.learn === 'string' ? values.learn.split(',') : undefined;
    const given = Object.entries({ recurrent, bias, surrogate, semantics, learn }).filter(
      ([, value]) => value !== undefined,
    );
    layer = neuron.build(values.current ? [N] : [inputs, N], Object.fromEntries(given));
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  const net = new Sequential(
    ...(values.current ? [new Linear(inputs, N)] : []),
    layer,
    ...(neuron.spikes ? [new Readout(N, 3)] : []),
  );
  const recorder = new Recorder({ maxWorkgroup: 256, maxBinding: Number.POSITIVE_INFINITY });
  const engine = new Engine(recorder);
  engine.bind(net);
  const state = values.state ? new CarriedState() : undefined;
  // a state is there to be carried over from the second window on
  for (let window = 0; window < (state ? 2 : 1); window++) {
    const tape = engine.tape({ training });
    const x = tape.input(new Float32Array(T * B * inputs), {
      shape: [T, B, inputs],
      form: values.dense || values.current ? 'f32' : 'bits',
      ...(values.lengths ? { lengths: new Array<number>(B).fill(T) } : {}),
    });
    const y = net.forward(x, state ? { state } : {});
    let { loss } = crossEntropy(y, new Array<number>(B).fill(0));
    if (values.rate) loss = loss.add(regularize.rate()(tape));
    if (values.voltage) loss = loss.add(regularize.voltage()(tape));
    if (training) loss.backward();
    else loss.prepare();
    await tape.run();
  }
  return { layer, calls: recorder.steps.at(-1)!.calls.filter((c) => c.label.startsWith(`${layer.label} `)) };
}

function size(name: 'neurons' | 'inputs', values: Parsed['values']): number {
  const n = Number(values[name] ?? 32);
  // a layer draws its weights when it is made
  if (!(Number.isInteger(n) && n > 0 && n <= 8192))
    throw new UsageError(`--${name}: expected a whole number in 1..8192, got '${values[name]}'`);
  return n;
}

/** What the text does not say: whose call it is, its grid, and what the derivation of the backward step found. */
function note(layer: Neurons, call: Call): string {
  const lines = [`${call.label}: ${call.groups.join(' x ')} workgroups for 2 samples of ${STEPS} steps`];
  const plan = call.twin as Partial<CellPlan> | null | undefined;
  if (plan?.path) {
    const names = (list: readonly { readonly name: string }[] | undefined): string =>
      list?.map((p) => p.name).join(', ') || 'nothing';
    const { adjoint, def } = plan;
    lines.push(`states: ${def!.states.join(', ')}`);
    if (adjoint) {
      const planes = [...adjoint.planes.map((p) => p.name), ...layer.keptBeside];
      lines.push(
        `saved for the backward pass: ${saves(planes, def!.z !== null)}`,
        `rebuilt in it: ${names(adjoint.previous)}`,
      );
    }
  }
  return `${lines.map((l) => `// ${l}`).join('\n')}\n\n`;
}

/** Values of 4 bytes, spikes of a bit. */
function saves(planes: readonly string[], spikes: boolean): string {
  const names = [...planes, ...(spikes ? ['the spikes as bits'] : [])];
  return names.length
    ? `${4 * planes.length + (spikes ? 1 / 8 : 0)} bytes a neuron and step (${names.join(', ')})`
    : 'nothing';
}

function list(): string {
  const about = (source: string): string => source.split('\n')[0]!.replace(/^\/\/ /, '');
  return [
    'Kernels (spiketape wgsl KERNEL):',
    ...kernels.map((k) => `  ${k.name.padEnd(24)}${about(k.source)}`),
    '',
    'Neurons (spiketape wgsl --neuron NAME, see --help):',
    ...Object.entries(NEURONS).map(([name, { about: text, spikes, build }]) => {
      const { planes } = savedBytes(build([1], {}));
      return `  ${name.padEnd(24)}${text}; saves ${saves(planes, spikes)}`;
    }),
    '',
  ].join('\n');
}
