import { type Encoding, Engine, encode } from 'spiketape';
import type { Executable } from '../../../src/device/device.ts';
import type { Storage } from '../../../src/device/storage.ts';
import { ReferenceDevice } from '../../../src/reference/device.ts';
import { assert, assertEqual } from '../harness/assert.ts';
import { gpuCase } from '../harness/case.ts';
import { numbers, withEngine } from './engine-support/nets.ts';

// The device, its float64 twin and the host make the same spikes; along neurons and along time.

const B = 3;
const cases: readonly [name: string, T: number, N: number, Encoding, lengths?: number[]][] = [
  ['rate, still', 1, 33, encode.rate({ steps: 37, gain: 0.7 })],
  ['rate, moving', 40, 5, encode.rate(), [40, 0, 33]],
  ['latency, linear', 1, 31, encode.latency({ steps: 33 })],
  ['latency, logarithmic', 1, 6, encode.latency({ steps: 70, curve: 'logarithmic', threshold: 0.2 })],
  ['delta', 35, 17, encode.delta({ threshold: 0.4 }), [35, 1, 20]],
  [
    'level crossing ahead',
    9,
    3,
    encode.levelCrossing({ levels: [-0.3, 0.1, 0.5, 0.6, 0.61, 0.7], ahead: true }),
    [9, 4, 1],
  ],
  ['population by latency', 1, 3, encode.latency({ steps: 40, population: { cells: 11, range: [-1, 1] } })],
  ['population', 1, 7, encode.rate({ steps: 20, population: { cells: 5, range: [-1, 1] } })],
];

gpuCase('encoders: device, reference and host make the same spikes in both packings', async ({ gpu, log }) => {
  await withEngine(gpu, async (engine) => {
    for (const [name, T, N, encoding, lengths] of cases) {
      const values = numbers(T * B * N, 5);
      const run = async (on: Engine) => {
        const tape = on.tape({ seed: 7, step: 11, training: false });
        const x = tape.input(values, { shape: [T, B, N], ...(lengths ? { lengths } : {}) });
        const z = encode.onDevice(x, encoding).keep();
        await tape.run();
        const { executable, storage } = tape.source(z) as { executable: Executable; storage: Storage };
        const { words } = await executable.read(storage);
        return { spikes: await z.read(), shape: z.shape, packed: new Uint32Array(words.buffer) };
      };
      const device = await run(engine);
      const reference = await run(new Engine(new ReferenceDevice()));
      // a response goes through exp, which a device rounds in its own way
      const differ = device.spikes.filter((z, i) => z !== reference.spikes[i]).length;
      assert(differ <= (name.startsWith('population') ? 2 : 0), `${name}: ${differ} spikes differ from the reference`);
      if (!lengths) {
        const host = encode.onHost(values, encoding, { shape: [T, B, N], seed: 7, step: 11 });
        assertEqual([...host.values], [...reference.spikes], `${name}: spikes on the host`);
      }
      checkAlongTime(name, device.packed, device.spikes, device.shape as [number, number, number]);
      const share = device.spikes.reduce((a, b) => a + b, 0) / device.spikes.length;
      log(`${name}: ${(100 * share).toFixed(1)} % fire`);
      assert(share > 0 && share < 0.9, `${name}: ${share} of all fire`);
      lengths?.forEach((length, b) => {
        const [steps, , outputs] = device.shape as [number, number, number];
        for (let t = length; t < steps; t++)
          for (let n = 0; n < outputs; n++)
            assert(device.spikes[(t * B + b) * outputs + n] === 0, `${name}: sample ${b} fires at ${t}, after its end`);
      });
    }
  });
});

/** The words along time hold the same spikes as those along neurons. */
function checkAlongTime(
  name: string,
  words: Uint32Array,
  spikes: Float32Array,
  [T, batch, N]: [number, number, number],
): void {
  const [W, pitch] = [Math.ceil(N / 32), 4 * Math.ceil(N / 4)];
  for (let t = 0; t < T; t++)
    for (let b = 0; b < batch; b++)
      for (let n = 0; n < N; n++) {
        const word = words[T * batch * W + ((t >>> 5) * batch + b) * pitch + n]!;
        assert(
          ((word >>> (t & 31)) & 1) === spikes[(t * batch + b) * N + n],
          `${name}: step ${t}, sample ${b}, neuron ${n} along time`,
        );
      }
}
