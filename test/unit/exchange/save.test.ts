import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AHP, defineNeuron, LIF, Linear, Neuron, Readout, Sequential, saveModel, spike, tanh } from 'spiketape';
import {
  exportNet,
  type FormatName,
  formatNames,
  fromBlob,
  inspect,
  load,
  makeSample,
  save,
  toBlob,
  verify,
} from 'spiketape/exchange';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** What every format can hold: a reset to 0 in the same step. */
const plain = (): Sequential =>
  new Sequential(
    new LIF(9, 14, { reset: 'zero', recurrent: true, weightGain: 2 }),
    new Linear(14, 6),
    new LIF(6, { reset: 'zero' }),
  );
const ahp = (): Sequential => new Sequential(new AHP(9, 14, { recurrent: true, adaptive: 6 }), new Readout(14, 3));

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'spiketape-exchange-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (...path: string[]): string => join(folder, ...path);

const bits = (net: Sequential): unknown =>
  [...net.namedParameters()].map(([name, p]) => [name, [...new Uint32Array(p.data.buffer)]]);

describe('save and load', () => {
  it.each([['net.safetensors'], ['net.json']])('%s comes back bit for bit', async (name) => {
    const net = ahp();
    await save(net, at('deep', 'er', name));
    const { net: back, notes } = await load(at('deep', 'er', name));
    expect([bits(back), back.summary(), notes]).toEqual([bits(net), net.summary(), []]);
  });

  it('an interrupted save leaves the old file, and nothing half written', async () => {
    const net = plain();
    await save(net, at('kept.json'));
    const before = readFileSync(at('kept.json'));
    const other = ahp();
    const failing = {
      read: () => Promise.reject(new Error('not read')),
      write: () => Promise.reject(new Error('the disk is full')),
    };
    await expect(save(other, at('kept.json'), { files: failing })).rejects.toThrow('the disk is full');
    // what is in the way of the rename
    mkdirSync(at('taken.json', 'x'), { recursive: true });
    await expect(save(other, at('taken.json'))).rejects.toThrow(/EISDIR|ENOTEMPTY|EEXIST|directory/);
    expect(readFileSync(at('kept.json'))).toEqual(before);
    expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  it('a link stays a link, and what it names is written', async () => {
    mkdirSync(at('disk'));
    writeFileSync(at('disk', 'real.json'), 'before');
    symlinkSync(at('disk', 'real.json'), at('link.json'));
    await save(plain(), at('link.json'));
    expect(lstatSync(at('link.json')).isSymbolicLink()).toBe(true);
    expect(bits((await load(at('disk', 'real.json'))).net)).toEqual(bits((await load(at('link.json'))).net));
    expect(readdirSync(at('disk'))).toEqual(['real.json']);
  });

  it('the extension says the format, or the user does', async () => {
    await expect(save(plain(), at('net.h5'))).rejects.toThrow(
      /extension '\.h5' does not say which format.*\.nir \(nir\)/s,
    );
    const { files } = await save(plain(), at('net.h5'), { format: 'nir' });
    expect(files[0]!.name).toBe(at('net.h5'));
    expect((await load(at('net.h5'))).net.summary()).toBe(plain().summary());
    await expect(save(plain(), at('x.nir'), { format: 'nri' as FormatName })).rejects.toThrow("did you mean 'nir'");
  });

  it('a Blob of one file or a zip of several comes back', async () => {
    const net = ahp();
    for (const format of ['json', 'safetensors'] as const)
      expect(bits((await fromBlob(await toBlob(net, format))).net)).toEqual(bits(net));
  });

  it.each([
    ['nothing', new Uint8Array(0), 'got 0 bytes that begin with nothing'],
    ['noise', Uint8Array.from([1, 2, 3, 4]), 'begin with 01 02 03 04'],
    ['ONNX', Uint8Array.from([8, 8, 18, 0]), 'ONNX is written and not read'],
    ['an array', Uint8Array.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]), 'an array without a net'],
    ['half an HDF5 file', Uint8Array.from([0x89, 0x48, 0x44, 0x46, 13, 10, 26, 10, 0, 0]), /HDF5/],
    ['half a zip', Uint8Array.from([0x50, 0x4b, 3, 4, 0, 0]), 'zip'],
  ])('refuses %s', async (what, bytes, message) => {
    writeFileSync(at(`${what}.bin`), bytes);
    await expect(load(at(`${what}.bin`))).rejects.toThrow(message);
  });

  it('weights that spell the signature of HDF5 where a user block could end make no HDF5 file', async () => {
    const net = new Sequential(new Linear(64, 64));
    await save(net, at('spelt.safetensors'));
    const bytes = new Uint8Array(readFileSync(at('spelt.safetensors')));
    const place = 4096;
    bytes.set([0x89, 0x48, 0x44, 0x46], place);
    writeFileSync(at('spelt.safetensors'), bytes);
    await expect(load(at('spelt.safetensors'))).rejects.toThrow(/^safetensors: the data has CRC-32/);
  });

  it('says what is missing beside a file', async () => {
    const net = ahp();
    writeFileSync(at('alone.safetensors'), saveModel(net).safetensors);
    await expect(load(at('alone.safetensors'))).rejects.toThrow(/tensors and no structure: expected/);
    writeFileSync(at('alone.json'), saveModel(net).json);
    expect(bits((await load(at('alone.safetensors'))).net)).toEqual(bits(net));
  });

  it('parameters bring their own structure: a save that ended between two files mixes nothing', async () => {
    const [first, second] = [
      ahp(),
      new Sequential(new AHP(9, 14, { recurrent: true, adaptive: 2 }), new Readout(14, 3)),
    ];
    await save(first, at('pair.safetensors'));
    // what is written first when the second net is saved, and nothing more
    writeFileSync(at('pair.json'), saveModel(second).json);
    const { net, notes } = await load(at('pair.safetensors'));
    expect(bits(net)).toEqual(bits(first));
    expect(notes).toEqual([
      expect.stringContaining('pair.json is not the structure that these parameters were saved with'),
    ]);
    // other formats of the same name leave it as it is
    await save(second, at('pair.py'));
    expect(bits((await load(at('pair.safetensors'))).net)).toEqual(bits(first));
  });
});

describe('every format', () => {
  it.each(formatNames.map((name) => [name]))('%s: what is written runs as the net does', async (format) => {
    const net = plain();
    const { files, lost } = await exportNet(net, format, { allowLossy: true });
    const sample = await makeSample(net, { T: 100 });
    const result = await verify(net, format, files, sample);
    if (format === 'pytorch') return expect(result).toBeNull();
    expect(result!.spikes).toBeGreaterThan(100);
    if (lost.length === 0) expect(result).toMatchObject({ equal: true });
    expect(result!.silent).toEqual([]);
  });

  it('notices a weight that is wrong in the file', async () => {
    const net = plain();
    for (const format of ['safetensors', 'json', 'npz', 'nir', 'onnx'] as const) {
      const { files } = await exportNet(net, format);
      const other = plain();
      for (const [i, p] of other.parameters().entries()) p.data.set(net.parameters()[i]!.data);
      other.parameters()[0]!.data[3]! += 0.5;
      expect(await verify(other, format, files)).toMatchObject({ equal: false });
    }
  });

  it('refuses with every reason at once, by the place of the layer', async () => {
    await expect(exportNet(ahp(), 'netx')).rejects.toThrow(/netx cannot hold this net:\n {2}.*0.*AHP/);
    await expect(exportNet(ahp(), 'snntorch')).rejects.toThrow(/snntorch cannot hold this net:\n {2}.*0.*AHP/);
  });

  it('asks before something is lost', async () => {
    const soft = new Sequential(new LIF(4, 5));
    await expect(exportNet(soft, 'nir')).rejects.toThrow(/nir would lose something.*allowLossy/);
    expect((await exportNet(soft, 'nir', { allowLossy: true })).lost).toHaveLength(1);
  });

  it('holds a neuron of its user', async () => {
    const own = defineNeuron({
      name: 'Saturating',
      params: { k: { default: 0.9, unit: '', min: 0, max: 1, meaning: 'what is left' } },
      states: ['v'],
      equations: ({ I, z, param, state }) => {
        const v = param.k.mul(tanh(state.v)).add(I).sub(z);
        return { next: { v }, z: spike(v.sub(1)), v };
      },
    });
    const net = new Sequential(new Neuron(own, 5, 7, { recurrent: 'one-to-one' }));
    for (const format of ['safetensors', 'json', 'npz', 'onnx'] as const) {
      const { files } = await exportNet(net, format);
      expect(await verify(net, format, files, await makeSample(net, { T: 30 }))).toMatchObject({ equal: true });
    }
    await expect(exportNet(net, 'nir')).rejects.toThrow(/Saturating|Neuron/);
  });
});

describe('inspect', () => {
  it('shows the layers of a saved net, and what each format would make of it', async () => {
    await save(ahp(), at('look.safetensors'));
    const { inspection, verdicts, problem } = await inspect(at('look.safetensors'));
    expect(inspection.nodes.map(({ name, type, shape }) => [name, type, shape])).toEqual([
      ['0', 'AHP', '9 -> 14'],
      ['1', 'Readout', '14 -> 3'],
    ]);
    expect(problem).toBe('');
    expect(verdicts.get('netx')!.refused.length).toBeGreaterThan(0);
    expect(verdicts.get('safetensors')).toEqual({ refused: [], lost: [], notes: [] });
  });

  it('shows files of others', async () => {
    const net = plain();
    for (const [format, name] of [
      ['nir', 'a.nir'],
      ['onnx', 'a.onnx'],
      ['npz', 'a.npz'],
    ] as const) {
      await save(net, at(name), { format });
      const { inspection } = await inspect(at(name));
      expect(inspection.nodes.length, name).toBeGreaterThan(2);
    }
  });
});
