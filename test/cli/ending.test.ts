import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { filesIn, folderWith, processesWith, read, startTool, tool, until } from './tool.ts';

const SAVES_ON_ABORT = `
  import { host } from 'spiketape/host';
  await host.save('first.txt', 'first');
  console.log('ready');
  await new Promise((resolve) => host.signal.addEventListener('abort', resolve));
  await host.save('last.txt', 'last');
  console.log('saved');
`;
const NEVER_ENDS = `
  import { host } from 'spiketape/host';
  await host.save('first.txt', 'first');
  async function* endless() {
    yield new Uint8Array(2_000_000);
    console.log('ready');
    await new Promise(() => {});
  }
  await host.save('never.bin', endless());
`;

/** What a run of this process would leave of its browser. */
const profilesOf = (pid: number | undefined) =>
  readdirSync(tmpdir()).filter((name) => name.startsWith(`spiketape-profile-${pid}-`));

describe.each(['chrome', 'node'] as const)('Ctrl-C in %s', (runtime) => {
  it.each(['SIGINT', 'SIGTERM'] as const)('%s lets the script save, then ends with 130', async (signal) => {
    const cwd = folderWith({ 'script.ts': SAVES_ON_ABORT });
    const run = startTool(['run', 'script.ts', '--runtime', runtime, '--out', 'out'], cwd);
    await run.says('ready');
    run.child.kill(signal);
    const { code, stdout } = await run.finished;
    expect([code, stdout]).toEqual([130, 'ready\nsaved\n']);
    expect(filesIn(join(cwd, 'out'))).toEqual(['first.txt', 'last.txt', 'run.json']);
    expect(profilesOf(run.child.pid)).toEqual([]);
  });

  it('a second one ends a script that does not stop, and leaves no half-written file', async () => {
    const cwd = folderWith({ 'script.ts': NEVER_ENDS });
    const run = startTool(['run', 'script.ts', '--runtime', runtime, '--out', 'out'], cwd);
    await run.says('ready');
    run.child.kill('SIGINT');
    await run.says('once more');
    // One that comes at once is the same Ctrl-C, passed on by a parent.
    run.child.kill('SIGINT');
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(run.child.exitCode).toBe(null);
    run.child.kill('SIGINT');
    expect((await run.finished).code).toBe(130);
    expect(filesIn(join(cwd, 'out'))).toEqual(['first.txt', 'run.json']);
  });

  it('a script that throws its reason is not reported as failed', async () => {
    const cwd = folderWith({
      'script.ts': `
        import { host } from 'spiketape/host';
        console.log('ready');
        await new Promise((_, reject) => host.signal.addEventListener('abort', () => reject(host.signal.reason)));
      `,
    });
    const run = startTool(['run', 'script.ts', '--runtime', runtime], cwd);
    await run.says('ready');
    run.child.kill('SIGINT');
    const { code, stderr } = await run.finished;
    expect([code, stderr]).toEqual([130, 'stopping; once more to stop at once\n']);
  });
});

describe.runIf(process.platform === 'linux')('ends without a word', () => {
  it('a killed run leaves no browser, and the next one removes its profile', async () => {
    const cwd = folderWith({ 'script.ts': NEVER_ENDS, 'ok.ts': '' });
    const run = startTool(['run', 'script.ts'], cwd);
    await run.says('ready');
    const profile = profilesOf(run.child.pid);
    expect(profile).toHaveLength(1);
    expect(processesWith(profile[0] as string).length).toBeGreaterThan(1);
    run.child.kill('SIGKILL');
    await until(() => processesWith(profile[0] as string).length === 0, 'the browser ends');
    expect((await tool(['run', 'ok.ts'], cwd)).code).toBe(0);
    expect(profilesOf(run.child.pid)).toEqual([]);
  });

  it('a killed run leaves no Node process, and the next one removes its folder', async () => {
    const cwd = folderWith({ 'script.ts': `console.log('ready');\nawait new Promise(() => {});\n`, 'ok.ts': '' });
    const run = startTool(['run', 'script.ts', '--runtime', 'node'], cwd);
    await run.says('ready');
    const isChild = (pid: number) => read('/proc', String(pid), 'stat').split(' ')[3] === String(run.child.pid);
    const [child] = processesWith('__node').filter(isChild);
    expect(child).toBeGreaterThan(0);
    run.child.kill('SIGKILL');
    await until(() => !processesWith('__node').includes(child as number), 'the process ends');
    expect((await tool(['run', 'ok.ts', '--runtime', 'node'], cwd)).code).toBe(0);
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith(`spiketape-node-${run.child.pid}-`))).toEqual([]);
  });

  it('a browser that dies is reported', async () => {
    const cwd = folderWith({ 'script.ts': NEVER_ENDS });
    const run = startTool(['run', 'script.ts'], cwd);
    await run.says('ready');
    const [profile] = profilesOf(run.child.pid);
    const parent = (pid: number) => Number(read('/proc', String(pid), 'stat').split(' ')[3]);
    const [browser] = processesWith(profile as string).filter((pid) => parent(pid) === run.child.pid);
    process.kill(browser as number, 'SIGKILL');
    const { code, stderr } = await run.finished;
    expect(stderr).toMatch(/spiketape: the (browser ended before the script did|page crashed|page was closed)/);
    expect(code).toBe(1);
    expect(profilesOf(run.child.pid)).toEqual([]);
  });

  it('a page that crashes is reported', async () => {
    const cwd = folderWith({ 'script.ts': NEVER_ENDS });
    const run = startTool(['run', 'script.ts'], cwd);
    await run.says('ready');
    const [profile] = profilesOf(run.child.pid);
    const renderers = processesWith('--type=renderer').filter((pid) => processesWith(profile as string).includes(pid));
    expect(renderers.length).toBeGreaterThan(0);
    for (const pid of renderers) process.kill(pid, 'SIGKILL');
    const { code, stderr } = await run.finished;
    expect(stderr).toContain('spiketape: the page crashed');
    expect(code).toBe(1);
  });
});
