import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AHP, LIF, Linear, Readout, Sequential, saveModel } from 'spiketape';
import { encodeNpy, npy } from 'spiketape/exchange';
import { describe, expect, it } from 'vitest';
import { folderWith, tool } from './tool.ts';

/** A folder with a saved net. */
function saved(net: Sequential): string {
  const cwd = folderWith();
  const { json, safetensors } = saveModel(net);
  writeFileSync(join(cwd, 'model.json'), json);
  writeFileSync(join(cwd, 'model.safetensors'), safetensors);
  return cwd;
}
const plain = (): Sequential =>
  new Sequential(new LIF(6, 11, { reset: 'zero', recurrent: true }), new Linear(11, 4), new LIF(4, { reset: 'zero' }));
const ahp = (): Sequential => new Sequential(new AHP(6, 11, { recurrent: true, adaptive: 5 }), new Readout(11, 3));

describe('spiketape export', { timeout: 120_000 }, () => {
  it('writes, reads back, and says that the spikes are the same', async () => {
    const cwd = saved(plain());
    const { code, stdout } = await tool(['export', 'model.safetensors', '--to', 'nir', '--gain', 'tau/dt'], cwd);
    expect(stdout).toMatch(/^model\.nir {2}\d+ bytes$/m);
    expect(stdout).toMatch(/all of \d+ spikes in 200 steps of 2 samples are the same/);
    expect(code).toBe(0);
    // nothing that is there is written over unasked
    const before = readFileSync(join(cwd, 'model.nir'));
    const again = await tool(['export', 'model.safetensors', '--to', 'nir'], cwd);
    expect([again.code, again.stderr]).toEqual([2, expect.stringContaining('model.nir is there already; --force')]);
    expect(readFileSync(join(cwd, 'model.nir'))).toEqual(before);
    expect((await tool(['export', 'model.safetensors', '--to', 'nir', '--force', '--no-verify'], cwd)).code).toBe(0);
    expect(readFileSync(join(cwd, 'model.nir'))).not.toEqual(before);
    // and back
    const back = await tool(['import', 'model.nir', '--out', 'back.safetensors'], cwd);
    expect([back.code, back.stderr]).toEqual([0, '']);
    const twice = await tool(['export', 'back.safetensors', '--to', 'onnx', '--out', 'sub/net.onnx'], cwd);
    expect(twice.stdout).toContain('are the same');
    expect(existsSync(join(cwd, 'sub', 'net.onnx'))).toBe(true);
  });

  it('runs it on inputs of the user', async () => {
    const cwd = saved(ahp());
    const inputs = Float32Array.from({ length: 30 * 2 * 6 }, (_, i) => ((i * 7) % 5 < 2 ? 1 : 0));
    writeFileSync(join(cwd, 'x.npy'), encodeNpy(npy(inputs, [30, 2, 6])));
    const { stdout, code } = await tool(['export', 'model.safetensors', '--to', 'onnx', '--sample', 'x.npy'], cwd);
    expect([code, stdout]).toEqual([0, expect.stringContaining('in 30 steps of 2 samples')]);
    writeFileSync(join(cwd, 'y.npy'), encodeNpy(npy(inputs, [60, 6])));
    const { stderr } = await tool(['export', 'model.safetensors', '--to', 'json', '--sample', 'y.npy'], cwd);
    expect(stderr).toContain('--sample: expected inputs [T, B, N], got [60, 6]');
  });

  it('tells what is lost before it writes', async () => {
    const cwd = saved(new Sequential(new LIF(6, 8)));
    const { code, stderr } = await tool(['export', 'model.safetensors', '--to', 'nir'], cwd);
    expect(code).toBe(1);
    expect(stderr).toMatch(/nir would lose something of this net.*--allow-lossy.*0 .*LIF.*subtract/s);
    expect(existsSync(join(cwd, 'model.nir'))).toBe(false);
    const { stdout, code: lossy } = await tool(['export', 'model.safetensors', '--to', 'nir', '--allow-lossy'], cwd);
    expect([lossy, stdout]).toEqual([
      0,
      expect.stringMatching(/^lost: .*\n[\s\S]*model\.nir {2}\d+ bytes[\s\S]*differ/),
    ]);
    const composed = await tool(['export', 'model.safetensors', '--to', 'nir', '--compose', '--force'], cwd);
    expect([composed.code, composed.stdout]).toEqual([0, expect.stringContaining('are the same')]);
  });

  it('writes a module in Python with the sample beside it', async () => {
    const cwd = saved(ahp());
    const { code, stdout } = await tool(['export', 'model.safetensors', '--to', 'pytorch', '--out', 'py/net.py'], cwd);
    expect([code, stdout]).toEqual([0, expect.stringContaining('python py/net.py --check py/net.sample.npz')]);
    for (const name of ['net.py', 'net.weights.safetensors', 'net.sample.npz'])
      expect(existsSync(join(cwd, 'py', name))).toBe(true);
  });

  it('refuses what does not go together', async () => {
    const cwd = saved(ahp());
    const say = async (...args: string[]): Promise<[number | null, string]> => {
      const { code, stderr } = await tool(['export', ...args], cwd);
      return [code, stderr];
    };
    expect(await say('model.safetensors')).toEqual([2, expect.stringContaining('--to is missing')]);
    expect(await say('model.safetensors', '--to', 'nri')).toEqual([2, expect.stringContaining("got 'nri'")]);
    expect(await say('other.safetensors', '--to', 'nir')).toEqual([2, expect.stringContaining('there is no file')]);
    expect(await say('model.safetensors', '--to', 'onnx', '--gain', 'unit')).toEqual([
      2,
      expect.stringContaining('--gain: belongs to --to nir, not to onnx'),
    ]);
    expect(await say('model.safetensors', '--to', 'netx')).toEqual([
      1,
      expect.stringMatching(/netx cannot hold.*AHP/s),
    ]);
    expect(await say('model.safetensors', '--to', 'nir', '--gain', 'two')).toEqual([
      2,
      expect.stringContaining('gain'),
    ]);
  });
});

describe('spiketape inspect', { timeout: 120_000 }, () => {
  it('shows a net, and what each format would make of it', async () => {
    const cwd = saved(ahp());
    const { stdout, code } = await tool(['inspect', 'model.safetensors'], cwd);
    expect(code).toBe(0);
    expect(stdout).toMatch(/0 +AHP +6 -> 11 +weight \[11, 6\], recurrent\.weight \[11, 11\], tau 20/);
    expect(stdout).toMatch(/^ {2}netx +no\n {6}.*AHP/m);
    expect(stdout).toMatch(/^ {2}onnx +yes$/m);
    const json = JSON.parse((await tool(['inspect', 'model.safetensors', '--json'], cwd)).stdout);
    expect(json.formats.netx.refused.length).toBeGreaterThan(0);
  });

  it('says where a damaged file is damaged', async () => {
    const cwd = saved(plain());
    const bytes = readFileSync(join(cwd, 'model.safetensors'));
    bytes[bytes.length - 3]! ^= 1;
    writeFileSync(join(cwd, 'model.safetensors'), bytes);
    const { code, stderr } = await tool(['inspect', 'model.safetensors'], cwd);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/checksum|CRC/i)]);
    expect(stderr).not.toContain('    at ');
  });
});
