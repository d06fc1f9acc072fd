import code from 'worker:../../support/decode_worker.ts';
import { archiveFiles, DataLoader, memoryFiles, type Sample } from '../../../datasets/index.ts';
import { Adam, init, LIF, loss, Readout, Sequential, fit as train } from '../../../src/index.ts';
import type { Setup } from '../../support/decode_worker.ts';
import { assert, assertEqual } from '../harness/assert.ts';
import { gpuCase } from '../harness/case.ts';

const [count, steps] = [14, 5];
const decode = (i: number): Sample => {
  const values = new Float32Array(2 * steps);
  for (let t = 0; t < steps; t++) values.set([i, t], 2 * t);
  return { values, label: i % 5 };
};
const workersWith = (setup: Partial<Setup>): DataLoader =>
  new DataLoader({ count, steps, inputs: 2, worker: { code, setup: { steps, ...setup }, workers: 2 } });

async function failureOf(promise: Promise<unknown>): Promise<string> {
  const outcome = await promise.catch((error: Error) => error);
  assert(outcome instanceof Error, 'expected a rejection');
  return outcome.message;
}

gpuCase(
  'data loader: training with workers that decode gives the same bits as without',
  async () => {
    const run = async (set: DataLoader): Promise<number[][]> => {
      const engine = await init();
      const net = new Sequential(new LIF(2, 20), new Readout(20, 5)).initialize(1);
      const options = { loss: loss.ceMean(), optimizer: new Adam({ lr: 0.01 }), onWarning: () => undefined };
      await train(engine, net, set, { ...options, epochs: 2, batchSize: 7 });
      engine.dispose();
      return net.parameters().map((p) => [...p.data]);
    };
    const workers = workersWith({ slow: 3 });
    assertEqual(await run(workers), await run(new DataLoader({ count, steps, inputs: 2, decode })), 'weights');
    workers.close();
  },
  { worker: true },
);

gpuCase(
  'data loader: a worker that throws or ends is told with its sample',
  async () => {
    const throwing = workersWith({ throwAt: 3 });
    assertEqual(await failureOf(throwing.batch([1, 3])), 'DataLoader: sample 3: sample3.bin: byte 7: is wrong');
    throwing.close();
    const ending = workersWith({ endAt: 4 });
    const message = await failureOf(ending.batch([4]));
    assert(message.startsWith('DataLoader: sample 4: the worker that decodes it died: it ended'), message);
    // the other one goes on
    assertEqual((await ending.batch([5])).labels[0], 0);
    ending.close();
    const broken = new DataLoader({ count, steps, inputs: 2, worker: { code: 'throw new Error("top")', workers: 1 } });
    assert((await failureOf(broken.batch([1]))).includes('sample 1: the worker that decodes it died: '), 'module');
  },
  { worker: true },
);

/** One file, `a.txt` with `first\n`, deflated; made by Python's zipfile. */
const ZIP =
  'UEsDBBQAAAAIAAAAIQAqs0rHCAAAAAYAAAAFAAAAYS50eHRLyywqLuECAFBLAQIUAxQAAAAIAAAAIQAqs0rHCAAAAAYAAAAFAAAAAAAAAAAAAACAAQAAAABhLnR4dFBLBQYAAAAAAQABADMAAAArAAAAAAA=';

gpuCase(
  'data loader: archives are read in a page',
  async () => {
    const bytes = Uint8Array.from(atob(ZIP), (c) => c.charCodeAt(0));
    const files = await archiveFiles(memoryFiles({ 'x.zip': bytes }), 'x.zip');
    assertEqual(new TextDecoder().decode(await files.read('a.txt')), 'first\n');
    const packed = await new Response(
      new Blob(['1,2\n']).stream().pipeThrough(new CompressionStream('gzip')),
    ).arrayBuffer();
    const single = await archiveFiles(memoryFiles({ 'x.csv.gz': new Uint8Array(packed) }), 'x.csv.gz');
    assertEqual(new TextDecoder().decode(await single.read('x.csv')), '1,2\n');
    const cut = memoryFiles({ 'x.gz': new Uint8Array(packed).slice(0, -3) });
    const message = await failureOf(archiveFiles(cut, 'x.gz').then((f) => f.read('x')));
    assert(message.startsWith(`x.gz: expected a whole gzip file of ${packed.byteLength - 3} bytes`), message);
  },
  { worker: true },
);
