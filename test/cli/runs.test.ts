import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { filesIn, folderWith, read, tool } from './tool.ts';

const lines = (...epochs: object[]) => epochs.map((epoch) => `${JSON.stringify(epoch)}\n`).join('');
const record = (more: object) =>
  JSON.stringify({
    script: 'recipes/smnist.ts',
    directory: '../..',
    args: [],
    data: null,
    runtime: 'node',
    task: 'train',
    version: '0.1.0',
    commit: '0123456789abcdef',
    dirty: true,
    started: '2026-01-02T03:04:05.000Z',
    status: 'finished',
    exitCode: 0,
    ...more,
  });

/** Runs of every kind, one that was killed and one that is none among them. */
function runs(): string {
  return folderWith({
    'runs/a/run.json': record({ args: ['--neuron', 'ahp', '--seed', '3'], seed: 3 }),
    'runs/a/summary.json': JSON.stringify({
      testAccuracy: 0.9712,
      spikeRate: 0.0213,
      epochs: 2,
      seed: 3,
      cost: { x: 1 },
    }),
    'runs/a/metrics.jsonl': lines(
      { epoch: 1, loss: 1.5, accuracy: 0.5, seconds: 3 },
      { epoch: 2, loss: 0.5, accuracy: 0.75, seconds: 3 },
    ),
    'runs/b/run.json': record({
      args: ['--neuron=lif', '--seed', '3', '--quick'],
      status: 'running',
      started: '2026-01-02T04:04:05.000Z',
      process: { pid: 0x7ffffff, birth: 'gone' },
    }),
    'runs/b/metrics.jsonl': lines({ epoch: 1, loss: 2.5, accuracy: 0.25, validationAccuracy: 0.3 }),
    'runs/c/run.json': record({ status: 'failed', exitCode: 1, args: ['--neuron', 'ahp'] }),
    'runs/c/ahp/summary.json': JSON.stringify({ testAccuracy: 0.8 }),
    'runs/c/lif/summary.json': JSON.stringify({ testAccuracy: 0.9 }),
    'runs/c/lif/metrics.jsonl': lines({ epoch: 1, loss: 0.1 }),
    'runs/d/run.json': '{"script":',
    'runs/empty/notes.txt': '',
  });
}

describe('spiketape runs', () => {
  it('prints a table of runs with the settings in which they differ', async () => {
    const { code, stdout, stderr } = await tool(['runs'], runs(), { TZ: 'UTC' });
    expect(code).toBe(0);
    expect(stdout.split('\n').map((line) => line.replace(/ {2,}/g, ' | '))).toEqual([
      'run | script | started | status | epochs | result | seed | differing settings',
      'd | - | - | damaged | - | - | -',
      expect.stringMatching(/^[ac] /),
      expect.stringMatching(/^[ac] /),
      'b | smnist.ts | 2026-01-02 04:04 | interrupted | 1 | validation accuracy 30.0 % | 3 | --neuron lif --quick',
      '',
    ]);
    expect(stdout).toMatch(/^a +smnist\.ts +2026-01-02 03:04 +finished +2 +test accuracy 97\.1 % +3 +--neuron ahp$/m);
    expect(stdout).toMatch(/^c .* failed \(1\) +1 +test accuracy 80\.0 % \.\. 90\.0 % \(2 nets\) +- +--neuron ahp$/m);
    expect(stderr).toMatch(/^runs\/d\/run\.json: not JSON: /);
  });

  it('takes runs and folders of runs, and prints JSON', async () => {
    const cwd = runs();
    const { stdout } = await tool(['runs', 'runs/a', '--json'], cwd);
    expect(JSON.parse(stdout)).toMatchObject([
      {
        name: 'a',
        path: 'runs/a',
        status: 'finished',
        epochs: 2,
        result: { name: 'testAccuracy', values: [0.9712] },
        record: { seed: 3, commit: '0123456789abcdef' },
        summaries: { 'summary.json': { spikeRate: 0.0213 } },
      },
    ]);
    expect((await tool(['runs', '.'], join(cwd, 'runs'))).stdout).toMatch(/^a +smnist/m);
  });

  it('says what is wrong with a folder, and where there are none', async () => {
    const cwd = runs();
    const said = async (...args: string[]) => (await tool(args, cwd)).stderr;
    expect(await said('runs', 'nowhere')).toBe('spiketape: there is no folder nowhere\n');
    expect(await said('runs', 'runs/empty')).toBe(
      'spiketape: runs/empty is no run: it has neither run.json nor summary.json nor metrics.jsonl\n',
    );
    expect(await tool(['runs'], folderWith())).toMatchObject({ code: 0, stderr: 'no runs in runs/\n' });
  });
});

describe('spiketape compare', () => {
  it('writes a page with a curve of each run and their settings and results', async () => {
    const cwd = runs();
    const { code, stdout } = await tool(['compare', 'runs/a', 'runs/b'], cwd);
    expect([code, stdout]).toEqual([0, 'runs/compare.html\n']);
    const page = read(cwd, 'runs', 'compare.html');
    const captions = [...page.matchAll(/<figcaption>([^<]*)/g)].map((found) => found[1]);
    expect(captions).toEqual(['Loss', 'Accuracy', 'Validation accuracy', 'Settings and results']);
    expect(page).toContain('A 0.5<');
    expect(page).toContain('B 25.0 %');
    const rows = [...page.matchAll(/<th scope="row">([^<]*)<\/th><td>([^<]*)<\/td><td>([^<]*)/g)].map((found) => [
      found[1],
      found[2],
      found[3],
    ]);
    expect(rows).toContainEqual(['--neuron', 'ahp', 'lif']);
    expect(rows).toContainEqual(['--quick', '-', 'yes']);
    expect(rows).toContainEqual(['status', 'finished', 'interrupted']);
    expect(rows).toContainEqual(['commit', '0123456789, changed', '0123456789, changed']);
    expect(rows).toContainEqual(['test accuracy', '97.1 %', '-']);
  });

  it('calls runs by the setting that tells them apart', async () => {
    const cwd = runs();
    await tool(['compare', 'runs/a', 'runs/c', '--out', 'new/page.html'], cwd);
    expect(read(cwd, 'new', 'page.html')).toContain('<dt>seed 3</dt>');
  });

  it('says what is missing', async () => {
    const cwd = runs();
    expect(await tool(['compare'], cwd)).toMatchObject({ code: 2 });
    const { code, stderr } = await tool(['compare', 'runs/a', 'runs/empty'], cwd);
    expect([code, stderr]).toEqual([2, expect.stringContaining('runs/empty is no run')]);
    expect((await tool(['compare', 'runs/a', '--out', 'runs'], cwd)).stderr).toContain('runs is a folder');
    const file = await tool(['compare', 'runs/a', '--out', 'runs/empty/notes.txt/x.html'], cwd);
    expect([file.code, file.stderr]).toEqual([1, expect.stringContaining('a file, not a folder')]);
  });
});

describe.each(['chrome', 'node'] as const)('spiketape eval in %s', (runtime) => {
  it("runs the run's script on what it saved", async () => {
    const cwd = folderWith({
      'script.ts': `
        import { host, options } from 'spiketape/host';
        const { bias } = options({ bias: 0 });
        if (host.task === 'train') {
          await host.save('model.txt', 'weights');
        } else {
          const model = new TextDecoder().decode(await host.run.read('model.txt'));
          console.log(host.part, host.resume, bias, host.dataDir, model, await host.run.list(), await host.run.size('model.txt'));
          await host.save('scores.json', '{}');
        }
      `,
      'data/x': '',
    });
    const given = ['--runtime', runtime, '--data', 'data'];
    await tool(['run', 'script.ts', ...given, '--out', 'out', '--', '--bias', '4'], cwd);
    const { code, stdout, stderr } = await tool(['eval', 'out', '--part', 'validation'], cwd);
    expect(stderr).toBe('saving to out/eval/validation\n');
    expect([code, stdout]).toEqual([0, `validation false 4 data weights ['model.txt', 'run.json'] 7\n`]);
    expect(filesIn(join(cwd, 'out'))).toEqual([
      'eval/validation/run.json',
      'eval/validation/scores.json',
      'model.txt',
      'run.json',
    ]);
    expect((await tool(['runs', 'out'], cwd)).stdout.split('\n')).toHaveLength(3);
  });
});

it('spiketape eval says what is wrong', async () => {
  const cwd = folderWith({ 'run/run.json': record({ script: 'gone.ts' }), 'foreign/x': '' });
  const said = async (...args: string[]) => {
    const { code, stderr } = await tool(['eval', ...args], cwd);
    expect(code).toBe(2);
    return stderr;
  };
  expect(await said()).toContain('eval: expected the folder of one run, got 0');
  expect(await said('foreign')).toBe('spiketape: eval: foreign is no run: it has no run.json\n');
  expect(await said('run')).toMatch(/eval: run: its script is not there any more: .*gone\.ts/);
  expect(await said('run', '--part', 'train')).toBe("spiketape: --part: expected test or validation, got 'train'\n");
  expect(await said('run', '--', '--epochs', '2')).toContain("the script's arguments are those of the run");
});

it('host.run is refused outside eval, and host.files names what is missing', async () => {
  const cwd = folderWith({
    'script.ts': `
      import { host } from 'spiketape/host';
      const say = (reading: Promise<unknown>) => reading.then((found) => console.log(found), (e) => console.log(e.message));
      await say(host.run.read('model.json'));
      await say(host.files('mnist').list());
      await say(host.files('mnits').read('a.txt'));
      await say(host.files('mnist').read('b.txt'));
      await say(host.files().size('mnist/a.txt'));
      await say(host.hasData('mnist'));
      await say(host.hasData('mnits'));
    `,
    'data/mnist/a.txt': 'abc',
    'data/babi/x': '',
  });
  const { stdout } = await tool(['run', 'script.ts', '--runtime', 'node', '--data', 'data'], cwd);
  expect(stdout.trim().split('\n')).toEqual([
    "run.read 'model.json': there is no run to read from; `spiketape eval RUN` gives one",
    "['a.txt']",
    "host.files('mnits'): there is no folder mnits in data; --data DIR names the folder above mnits/. In data there is babi/, mnist/",
    "readData 'mnist/b.txt': there is no such file",
    '3',
    'true',
    'false',
  ]);
  const without = await tool(['run', 'script.ts', '--runtime', 'node'], cwd);
  expect(without.stdout).toContain(
    "host.files('mnist'): the run has no data folder; name the folder that holds mnist/ with --data DIR",
  );
});
