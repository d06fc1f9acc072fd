import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { resumable } from '../../cli/resume.ts';
import { settingsOf } from '../../cli/settings.ts';
import { filesIn, folderWith, read, start, startTool, tool } from './tool.ts';

/** Counts on from where it was, one a file; `--hang n` waits there for its end. */
const COUNTS = `
  import { host, options } from 'spiketape/host';
  const { until, hang } = options({ until: 3, hang: 0, seed: 1 });
  await host.describe({ adapter: 'an adapter', seed: 7 });
  const before = await host.output.list('counts');
  console.log(host.task, host.resume, before.length, host.dataDir);
  for (let i = before.length + 1; i <= until; i++) {
    await host.output.write('counts/' + i, String(i));
    if (i === hang && !host.resume) {
      console.log('hanging');
      await new Promise(() => {});
    }
  }
`;
const node = ['--runtime', 'node'];
const record = (...parts: string[]) => JSON.parse(read(...parts, 'run.json'));

describe('run.json', () => {
  it('says what the run was, what git knows of it, and what the script told', async () => {
    const cwd = folderWith({ 'code/script.ts': COUNTS, 'data/x': '' });
    const git = (...args: string[]) =>
      start(
        'git',
        ['-c', 'user.name=a', '-c', 'user.email=a@b', '-c', 'commit.gpgsign=false', ...args],
        join(cwd, 'code'),
      ).finished;
    await git('init', '-q');
    await git('add', '.');
    await git('commit', '-qm', 'one');
    const commit = (await git('rev-parse', 'HEAD')).stdout.trim();
    const run = (out: string) =>
      tool(['run', 'code/script.ts', ...node, '--out', out, '--data', 'data', '--', '--until', '2'], cwd);
    expect((await run('out')).stdout).toBe('train false 0 data\n');
    const found = record(cwd, 'out');
    expect(found).toMatchObject({
      script: 'code/script.ts',
      args: ['--until', '2'],
      data: 'data',
      directory: '..',
      runtime: 'node',
      task: 'train',
      commit,
      dirty: false,
      node: process.version,
      status: 'finished',
      exitCode: 0,
      adapter: 'an adapter',
      seed: 7,
    });
    expect(found.version).toMatch(/^\d+\.\d+\.\d+/);
    expect(Date.parse(found.ended)).toBeGreaterThan(Date.parse(found.started));
    expect(found).not.toHaveProperty('process');
    writeFileSync(join(cwd, 'code', 'new.ts'), '');
    await run('again');
    expect(record(cwd, 'again')).toMatchObject({ commit, dirty: true });
  });

  it('is not written where nothing is saved, nor with --no-record; names of the runner are refused', async () => {
    const cwd = folderWith({
      'silent.ts': `import { host } from 'spiketape/host';\nawait host.describe({ seed: 1 });\n`,
      'saves.ts': `import { host } from 'spiketape/host';\nawait host.save('a', 'a');\n`,
      'wrong.ts': `import { host } from 'spiketape/host';\nawait host.describe({ args: [] });\n`,
    });
    expect((await tool(['run', 'silent.ts', ...node], cwd)).code).toBe(0);
    await tool(['run', 'saves.ts', ...node, '--out', 'out', '--no-record'], cwd);
    expect(filesIn(cwd)).toEqual(['out/a', 'saves.ts', 'silent.ts', 'wrong.ts']);
    const { code, stderr } = await tool(['run', 'wrong.ts', ...node], cwd);
    expect(code).toBe(1);
    expect(stderr).toContain(`describe: 'args' is what the runner itself writes`);
  });

  it('says how the run ended', async () => {
    const cwd = folderWith({
      'fails.ts': `import { host } from 'spiketape/host';\nawait host.save('a', 'a');\nthrow new Error('no');\n`,
      'script.ts': COUNTS,
    });
    await tool(['run', 'fails.ts', ...node, '--out', 'failed'], cwd);
    expect(record(cwd, 'failed')).toMatchObject({ status: 'failed', exitCode: 1 });
    const run = startTool(['run', 'script.ts', ...node, '--out', 'stopped', '--', '--hang', '1'], cwd);
    await run.says('hanging');
    expect(record(cwd, 'stopped')).toMatchObject({ status: 'running', process: { pid: run.child.pid } });
    run.child.kill('SIGINT');
    await run.says('once more');
    await new Promise((resolve) => setTimeout(resolve, 700));
    run.child.kill('SIGINT');
    await run.finished;
    expect(record(cwd, 'stopped')).toMatchObject({ status: 'interrupted', exitCode: 130 });
  });
});

describe('--resume', () => {
  it('goes on with the newest run of the script after it was killed, with what that one was given', async () => {
    const cwd = folderWith({ 'script.ts': COUNTS, 'other.ts': COUNTS, 'data/x': '' });
    const args = ['run', 'script.ts', ...node, '--data', 'data', '--', '--until', '5', '--hang', '2'];
    const killed = startTool(args, cwd);
    await killed.says('hanging');
    const refused = await tool(['run', 'script.ts', '--resume'], cwd);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/--resume: runs\/\S+ is still running \(process \d+\)/);
    killed.child.kill('SIGKILL');
    await killed.finished;
    await tool(['run', 'other.ts', ...node], cwd);
    const [folder] = filesIn(join(cwd, 'runs')).map((name) => name.split('/')[0] as string);
    const at = join(cwd, 'runs', folder as string);
    writeFileSync(join(at, 'counts', '.3.0123456789ab.part'), 'half');
    expect(resumable(at, { script: undefined, data: null, args: null, runtime: null }).record.status).toBe('running');
    const { code, stdout, stderr } = await tool(['run', 'script.ts', '--resume'], cwd);
    expect([code, stdout, stderr]).toEqual([0, 'train true 2 data\n', `saving to runs/${folder}\n`]);
    expect(filesIn(at)).toEqual(['counts/1', 'counts/2', 'counts/3', 'counts/4', 'counts/5', 'run.json']);
    expect(record(at)).toMatchObject({ status: 'finished', args: args.slice(7), resumed: [{ runtime: 'node' }] });
  });

  it('takes a folder, also from another place, and then needs no script', async () => {
    const cwd = folderWith({ 'script.ts': COUNTS, 'data/x': '' });
    await tool(['run', 'script.ts', ...node, '--data', 'data', '--out', 'out', '--', '--until', '1'], cwd);
    mkdirSync(join(cwd, 'sub'));
    const again = await tool(['run', '--resume', '../out', '--', '--until=1'], join(cwd, 'sub'));
    expect([again.code, again.stdout]).toEqual([0, 'train true 1 ../data\n']);
    expect(record(cwd, 'out')).toMatchObject({ script: '../script.ts', directory: '../sub', data: '../data' });
    expect((await tool(['run', '--resume=out', 'script.ts'], cwd)).stdout).toBe('train true 1 data\n');
    renameSync(join(cwd, 'data'), join(cwd, 'moved'));
    const gone = await tool(['run', '--resume', 'out'], cwd);
    expect(gone.stderr).toMatch(/out: its data folder is not there any more: .*data; name another with --data DIR/);
    expect((await tool(['run', '--resume', 'out', '--data', 'moved'], cwd)).stdout).toBe('train true 1 moved\n');
  });

  it('refuses by name what does not fit the run', async () => {
    const cwd = folderWith({
      'script.ts': COUNTS,
      'other.ts': COUNTS,
      'data/x': '',
      'more/x': '',
      'foreign/x': '',
      'broken/run.json': '{',
      'strange/run.json': '{}',
    });
    await tool(['run', 'script.ts', ...node, '--data', 'data', '--out', 'out', '--', '--until', '1'], cwd);
    const at = (name: string) => join(cwd, name);
    const resume = (folder: string, given: { script?: string; data?: string; args?: string[] } = {}) => {
      const { script, data = null, args = null } = given;
      return () => resumable(at(folder), { script: script && at(script), data: data && at(data), args, runtime: null });
    };
    expect(resume('out', { script: 'script.ts', data: 'data', args: ['--until', '1.0'] })()).toMatchObject({
      folder: at('out'),
      args: ['--until', '1'],
      runtime: 'node',
    });
    expect(resume('out', { args: ['--until', '2'] })).toThrow('--resume: the run had --until 1, and --until 2 came');
    expect(resume('out', { args: ['--seed', '2'] })).toThrow('the run had no --seed, and --seed 2 came');
    expect(resume('out', { script: 'other.ts' })).toThrow(/out is a run of .*script\.ts, and .*other\.ts came/);
    expect(resume('out', { data: 'more' })).toThrow(/--data: the run had .*data, and .*more came/);
    expect(resume('nowhere')).toThrow(/--resume: there is no folder .*nowhere/);
    expect(resume('foreign')).toThrow(/foreign is no run: it has no run\.json/);
    expect(resume('broken')).toThrow(/broken\/run\.json: not JSON/);
    expect(resume('strange')).toThrow(/strange\/run\.json: 'script' is missing/);
    const said = async (...args: string[]) => {
      const { code, stderr } = await tool(['run', ...args], cwd);
      expect(code).toBe(2);
      return stderr;
    };
    expect(await said('--resume', 'out', '--out', 'x')).toContain('--out: a run that is resumed');
    expect(await said('--resume')).toContain('--resume: there is no run in runs/');
    expect(await said('script.ts', '--resume')).toContain('there is no run of script.ts in runs/');
    renameSync(at('script.ts'), at('gone.ts'));
    expect(resume('out')).toThrow(/out: its script is not there any more: .*script\.ts/);
    expect(existsSync(at('runs'))).toBe(false);
  });
});

it('arguments are settings whichever way they are written', () => {
  const settings = (...args: string[]) => Object.fromEntries(settingsOf(args));
  expect(settings('--epochs', '5', '--lr=1e-3', '--no-shuffle', '--quick', '--runName', 'a')).toEqual({
    epochs: '5',
    lr: '0.001',
    shuffle: 'no',
    quick: 'yes',
    'run-name': 'a',
  });
  expect(settings('--quick=false', '--shift', '-1', '--epochs=5', '--epochs', '6')).toEqual({
    quick: 'no',
    shift: '-1',
    epochs: '6',
  });
});
