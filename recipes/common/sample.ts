import { type BatchSource, type Engine, inputOf, type Sequential } from 'spiketape';
import type { LabelledRange, Sample, SampleLayer } from 'spiketape/report';

export interface LookOptions {
  readonly title: (label: number) => string;
  readonly classes: readonly string[];
  readonly phases?: readonly LabelledRange[];
  readonly image?: { width: number; height: number; values: ArrayLike<number> };
  /** Neurons from this one on have a slow current; all are alike by default. */
  readonly adaptiveFrom?: number;
  readonly threshold?: number;
}

/** Busiest neurons of a group whose traces are drawn. */
const SHOWN = 2;

/** Runs one sample of a data set alone and brings back what happened inside its layers of neurons. */
export async function lookAt(engine: Engine, net: Sequential, set: BatchSource, options: LookOptions): Promise<Sample> {
  engine.bind(net);
  const batch = await set.batch([0]);
  const tape = engine.tape({ training: false });
  const outputs = net.forward(inputOf(tape, batch)).keep();
  const runs = tape.cells.filter((run) => run.z);
  for (const { z, v, states } of runs) for (const t of [z!, v, states.a]) t?.keep();
  await tape.run();
  const layers: SampleLayer[] = [];
  for (const { label, z, v, states } of runs) {
    const [steps, , N] = z!.shape as [number, number, number];
    const [spikes, voltage, current] = await Promise.all([z!.read(), v.read(), states.a?.read()]);
    const of = (all: Float32Array, n: number): Float32Array =>
      Float32Array.from({ length: steps }, (_, t) => all[t * N + n]!);
    const from = options.adaptiveFrom ?? N;
    const groups = [
      { from: 0, to: from, label: 'plain' },
      { from, to: N, label: 'adaptive' },
    ].filter((g) => g.to > g.from);
    const times: number[] = [];
    const cells: number[] = [];
    const counts = new Uint32Array(N);
    spikes.forEach((spike, i) => {
      if (!spike) return;
      times.push(Math.floor(i / N));
      cells.push(i % N);
      counts[i % N]! += 1;
    });
    const busiest = ({ from, to }: { from: number; to: number }): number[] =>
      Array.from({ length: to - from }, (_, i) => from + i)
        .sort((a, b) => counts[b]! - counts[a]!)
        .slice(0, SHOWN);
    const trace = (all: Float32Array) => (n: number) => ({ label: `neuron ${n}`, values: of(all, n) });
    layers.push({
      name: label,
      neurons: N,
      ...(groups.length > 1 ? { groups } : {}),
      spikes: { t: times, n: cells },
      voltages: groups.flatMap(busiest).map(trace(voltage)),
      ...(options.threshold === undefined ? {} : { threshold: options.threshold }),
      currents: current ? busiest(groups.at(-1)!).map(trace(current)) : [],
    });
  }
  const out = await outputs.read();
  const [T, , width] = outputs.shape as [number, number, number];
  engine.unbind(net);
  return {
    title: options.title(batch.labels[0]!),
    dt: 1,
    steps: T,
    ...(options.image ? { image: options.image } : {}),
    ...(options.phases ? { phases: options.phases } : {}),
    layers,
    readout: options.classes.map((label, c) => ({
      label,
      values: Float32Array.from({ length: T }, (_, t) => out[t * width + c]!),
    })),
  };
}
