import { randomInt } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { folderWith, startTool, tool } from './tool.ts';

/** A small training in which everything random takes part; a checkpoint several times a second. */
const SCRIPT = `
  import { Adam, AHP, Dataset, Dropout, fit, init, loss, Readout, regularize, saveModel, schedules, Sequential } from 'spiketape';
  import { host } from 'spiketape/host';
  import { Checkpoints } from 'spiketape/runs';

  const [count, steps, inputs] = [64, 40, 8];
  const labels = Uint32Array.from({ length: count }, (_, i) => i % 2);
  const values = Uint8Array.from({ length: count * steps * inputs }, (_, i) => ((i * 7919 + (i % 13) * i) % 101 < 20 + 10 * ((i % inputs) % 2) ? 1 : 0));
  const set = new Dataset({ steps, inputs, values, labels, form: 'bits' });
  const net = new Sequential(
    new AHP(inputs, 24, { recurrent: true }),
    new Dropout(24, 0.2),
    new Readout(24, 2),
  ).initialize(3);
  const engine = await init();
  const checkpoints = new Checkpoints(host.output, { everyMinutes: 0.002 });
  const last = host.resume ? await checkpoints.latest() : null;
  console.log('training from', last ? last.name : 'the beginning');
  let going = 0;
  await fit(engine, net, set, {
    loss: loss.crossEntropy(),
    optimizer: new Adam({ lr: 1e-2, clip: { norm: 1 } }),
    regularizers: [regularize.rate({ target: 0.1 })],
    schedule: schedules.cosine(),
    validation: set.subset([0, 1, 2, 3]),
    epochs: 200,
    batchSize: 12,
    seed: 5,
    checkpoint: checkpoints.option,
    resume: last?.snapshot,
    onWarning: () => undefined,
    onProgress: ({ step }) => going++ || console.log('going on at', step),
  });
  await host.save('model.safetensors', saveModel(net).safetensors);
`;

it('a run killed at ten random moments and resumed ends with the same weights, bit for bit', async () => {
  const cwd = folderWith({ 'script.ts': SCRIPT });
  const whole = await tool(['run', 'script.ts', '--out', 'whole'], cwd);
  expect(whole.code, whole.stderr).toBe(0);
  const moments: number[] = [];
  let resumed = 0;
  for (let kill = 0; kill < 10; kill++) {
    // the folder is there from the first checkpoint on; a run killed before it begins anew
    const args = existsSync(join(cwd, 'killed', 'run.json'))
      ? ['run', '--resume', 'killed']
      : ['run', 'script.ts', '--out', 'killed'];
    const run = startTool(args, cwd);
    await run.says('going on at');
    const moment = randomInt(1, 900);
    moments.push(moment);
    await new Promise((resolve) => setTimeout(resolve, moment));
    run.child.kill('SIGKILL');
    const { stdout } = await run.finished;
    if (stdout.includes('training from checkpoints/')) resumed++;
  }
  const last = await tool(['run', '--resume', 'killed'], cwd);
  expect(last.code, `${last.stderr}\nkilled after ${moments.join(', ')} ms`).toBe(0);
  console.log(`killed after ${moments.join(', ')} ms; ${resumed} of 10 runs had gone on from a checkpoint`);
  expect(resumed).toBeGreaterThan(2);
  const weights = (folder: string): Buffer => readFileSync(join(cwd, folder, 'model.safetensors'));
  expect(weights('killed').equals(weights('whole')), `killed after ${moments.join(', ')} ms`).toBe(true);
}, 240_000);
