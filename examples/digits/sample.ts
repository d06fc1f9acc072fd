import type { Engine, Sequential } from 'spiketape';
import type { Sample } from 'spiketape/report';
import type { DigitSequences } from './sequences.ts';

/** Runs the first held-out digit alone and brings back what happened inside. */
export async function lookAt(engine: Engine, net: Sequential, data: DigitSequences): Promise<Sample> {
  engine.bind(net);
  const { values, shape, labels } = data.test.batch([0]);
  const tape = engine.tape({ training: false });
  const outputs = net.forward(tape.input(values, { shape, name: 'x' })).keep();
  const [hidden] = tape.cells;
  const { z, v, states } = hidden!;
  for (const t of [z!, v, states.a!]) t.keep();
  await tape.run();
  const [spikes, voltage, current, out] = await Promise.all([z!.read(), v.read(), states.a!.read(), outputs.read()]);
  const [steps, , N] = z!.shape as [number, number, number];
  const column = (all: Float32Array, width: number, n: number): Float32Array =>
    Float32Array.from({ length: steps }, (_, t) => all[t * width + n]!);
  const times: number[] = [];
  const cells: number[] = [];
  spikes.forEach((s, i) => {
    if (s) {
      times.push(Math.floor(i / N));
      cells.push(i % N);
    }
  });
  // the busiest of each kind are those that are worth looking at
  const busiest = (from: number, to: number, count: number): number[] => {
    const spikesOf = (n: number): number => cells.filter((c) => c === n).length;
    return Array.from({ length: to - from }, (_, i) => from + i)
      .sort((a, b) => spikesOf(b) - spikesOf(a))
      .slice(0, count);
  };
  const plain = N - Math.floor(N / 2);
  const shown = [...busiest(0, plain, 2), ...busiest(plain, N, 2)];
  const item = data.testItems[0]!;
  engine.unbind(net);
  return {
    title: `A held-out ${labels[0]}`,
    dt: 1,
    steps,
    image: { width: 8, height: 8, values: data.digits.images.subarray(item * 64, (item + 1) * 64) },
    phases: data.phases,
    layers: [
      {
        name: 'AHP layer',
        neurons: N,
        groups: [
          { from: 0, to: plain, label: 'plain' },
          { from: plain, to: N, label: 'AHP' },
        ],
        spikes: { t: times, n: cells },
        voltages: shown.map((n) => ({ label: `neuron ${n}`, values: column(voltage, N, n) })),
        threshold: 1,
        currents: busiest(plain, N, 3).map((n) => ({ label: `neuron ${n}`, values: column(current, N, n) })),
      },
    ],
    readout: Array.from({ length: 10 }, (_, c) => ({ label: String(c), values: column(out, 10, c) })),
  };
}
