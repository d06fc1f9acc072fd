import { expect, it } from 'vitest';
import { Engine } from '../../src/autograd/engine.ts';
import type { Call } from '../../src/device/device.ts';
import type { GpuDevice } from '../../src/gpu/device.ts';
import type { Dispatch } from '../../src/gpu/step.ts';
import * as kernels from '../../src/kernels/dense.ts';
import { Profile, profile } from '../../src/profile/index.ts';
import { Tally } from '../../src/profile/tally.ts';
import { ReferenceDevice } from '../../src/reference/device.ts';
import { renderReport } from '../../src/report/index.ts';

// What a profile makes of measurements; that it measures is in test/gpu/cases/profile.ts.

function dispatch(label: string, bytes: number, lastOfSubmit = false): Dispatch {
  const call: Call = {
    kernel: kernels.add,
    variant: {},
    dims: {},
    buffers: {},
    groups: [1, 1, 1],
    label: `${label} (add)`,
  };
  return { call, bytes, lastOfSubmit } as Dispatch;
}

const first = dispatch('0 LIF <forward>', 400_000);
const second = dispatch('0 LIF <forward>', 200_000, true);
const update = dispatch('update', 100_000, true);

function measured(): Profile {
  const tally = new Tally();
  for (const step of [[first, second, update], [first, second], [update]]) {
    tally.step(step);
    for (const { call } of step) tally.measured(call, call === update.call ? 3 : 0.5);
  }
  return new Profile({
    adapter: 'an adapter',
    method: 'timestamps',
    steps: tally.steps,
    submits: tally.submits,
    rows: tally.rows,
    wallMs: 12,
    pipelines: 2,
    compileMs: 40.25,
    memory: { liveBytes: 3e6, liveBuffers: 7, pooledBytes: 5e4, pooledBuffers: 1 },
  });
}

it('adds up by operation, over the steps that have it', () => {
  const { rows, ms, steps, dispatchesPerStep, submitsPerStep } = measured();
  expect(rows).toEqual([
    {
      label: 'update',
      kernel: 'add',
      dispatches: 2,
      steps: 2,
      ms: 6,
      msPerStep: 3,
      share: 0.75,
      bytesPerStep: 100_000,
    },
    {
      label: '0 LIF <forward>',
      kernel: 'add',
      dispatches: 4,
      steps: 2,
      ms: 2,
      msPerStep: 1,
      share: 0.25,
      bytesPerStep: 600_000,
    },
  ]);
  expect([ms, steps, dispatchesPerStep, submitsPerStep]).toEqual([8, 3, 2, 4 / 3]);
});

it('prints a table, longest first, and what it was measured by', () => {
  expect(String(measured())).toBe(
    [
      'operation        kernel  dispatches  ms/step   share  bound/step',
      'update           add              2     3.00  75.0 %     0.10 MB',
      '0 LIF <forward>  add              4     1.00  25.0 %     0.60 MB',
      '3 steps on an adapter, by timestamps: 2.67 ms a step in kernels, 4.00 by the clock',
      'dispatches a step: 2, submits: 1.33; pipelines compiled: 2, in 40.3 ms',
      'memory: 3.00 MB in 7 buffers, 50.0 KB waiting in 1',
    ].join('\n'),
  );
});

it('is plain data', () => {
  const result = measured();
  expect(JSON.parse(JSON.stringify(result))).toEqual({ ...result });
});

it('is a section of the report, from itself or from its JSON', () => {
  const report = { title: 'A run', summary: [], curves: [] };
  expect(renderReport(report)).not.toContain('Time by operation');
  const page = renderReport({ ...report, profile: measured() });
  expect(page).toContain('Time by operation <span class="aside">3 steps, timestamps, an adapter</span>');
  expect(page).toContain('<th scope="row">0 LIF &lt;forward&gt;</th><td>add</td><td>4</td><td>1</td>');
  expect(page).toContain('<span class="share">75.0 %</span></td><td>0.1</td>');
  expect(page).toContain('2.67 ms a step in kernels, 4 by the clock; dispatches a step: 2, submits: 1.333');
  expect(page.indexOf('update')).toBeLessThan(page.indexOf('0 LIF'));
  expect(renderReport({ ...report, profile: JSON.parse(JSON.stringify(measured())) })).toBe(page);
  expect(() => renderReport({ ...report, profile: { ...measured(), steps: 0 } })).toThrow('profile.steps is 0');
  expect(() => renderReport({ ...report, profile: { ...measured(), rows: null as never } })).toThrow(
    'profile.rows is null, expected a list',
  );
});

it('refuses the reference, which has no kernels', async () => {
  const engine = new Engine(new ReferenceDevice()) as Engine as Engine<GpuDevice>;
  expect([...engine.device.features]).toEqual([]);
  await expect(profile(engine, () => undefined)).rejects.toThrow(
    "profile: the engine must be on a GPU, as init() gives it; 'float64 reference' has no kernels to time",
  );
});
