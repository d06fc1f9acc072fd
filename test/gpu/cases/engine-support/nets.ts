import { Adam, AHP, Engine, GpuDevice, loss as losses, Readout, regularize, Sequential, type Tape } from 'spiketape';
import type { Loss } from '../../../../src/autograd/loss.ts';
import type { AHPOptions } from '../../../../src/layers/ahp.ts';

// What the cases about the engine share: a device with poisoned memory, small nets, made-up data.

/** Opens a device whose fresh memory is NaN, and closes it whatever happens. */
export async function withEngine<T>(
  gpu: GPU,
  use: (engine: Engine<GpuDevice>, device: GpuDevice) => Promise<T>,
  options: { poison?: boolean; maxWorkgroup?: number; maxBinding?: number; budget?: number; software?: boolean } = {},
): Promise<T> {
  const { poison = true, maxWorkgroup, software, ...others } = options;
  const device = await GpuDevice.open({ gpu, poison, ...others });
  // fewer threads than the adapter has: a small layer is then laid out as a wide one
  if (maxWorkgroup) Object.assign(device, { limits: { ...device.limits, maxWorkgroup } });
  // kernels as a GPU gets them, although a CPU plays it
  if (software !== undefined) Object.assign(device, { limits: { ...device.limits, software } });
  try {
    return await use(new Engine(device), device);
  } finally {
    device.dispose();
  }
}

/** Uniform numbers in [0, 1) that are the same everywhere (Marsaglia's xorshift). */
export function uniform(seed: number): () => number {
  let x = (seed * 2654435761 + 0x9e3779b9) >>> 0 || 1;
  return () => {
    x ^= x << 13;
    x >>>= 0;
    x ^= x >>> 17;
    x ^= x << 5;
    x >>>= 0;
    return x / 2 ** 32;
  };
}

/** `count` numbers in [-scale, scale). */
export function numbers(count: number, seed: number, scale = 1): Float32Array {
  const random = uniform(seed);
  return Float32Array.from({ length: count }, () => scale * (2 * random() - 1));
}

/** `count` spikes of 0 and 1. */
export function spikes(count: number, seed: number, rate = 0.3): Float32Array {
  const random = uniform(seed);
  return Float32Array.from({ length: count }, () => (random() < rate ? 1 : 0));
}

export interface Form {
  T: number;
  B: number;
  inputs: number;
  N: number;
  classes: number;
}

export const small: Form = { T: 6, B: 3, inputs: 5, N: 9, classes: 3 };

/** A recurrent AHP layer, half of it adaptive, and a readout; strong enough weights that it fires. */
export const ahpNet = ({ inputs, N, classes }: Form, options: AHPOptions = {}): Sequential =>
  new Sequential(
    new AHP(inputs, N, { recurrent: true, adaptive: N >> 1, weightGain: 3, beta: 0.2, ...options }),
    new Readout(N, classes, { bias: true }),
  );

/** Records forward pass, cross entropy, both regularisers and the backward pass of one batch of made-up spikes. */
export function record(engine: Engine, net: Sequential, form: Form, seed: number): { tape: Tape; loss: Loss } {
  const { T, B, inputs, classes } = form;
  const tape = engine.tape({ seed: 1, step: seed });
  const x = tape.input(spikes(T * B * inputs, seed + 1), { shape: [T, B, inputs], form: 'bits', name: 'x' });
  const labels = Array.from({ length: B }, (_, b) => (b + seed) % classes);
  const { loss } = losses.crossEntropy()(net.forward(x), labels);
  const total = loss.add(regularize.rate()(tape)).add(regularize.voltage()(tape));
  total.backward();
  return { tape, loss: total };
}

/** Trains for `steps` steps with Adam; the trained values of all parameters, one after the other. */
export async function train(engine: Engine, net: Sequential, form: Form, steps: number): Promise<Float32Array> {
  engine.bind(net);
  const optimizer = new Adam({ lr: 0.01 });
  for (let i = 0; i < steps; i++) await optimizer.step(record(engine, net, form, i).tape);
  await engine.pull(net);
  return weightsOf(net);
}

/** The values of all parameters as they are on the CPU. */
export function weightsOf(net: Sequential): Float32Array {
  return Float32Array.from(net.parameters().flatMap((p) => Array.from(p.data)));
}
