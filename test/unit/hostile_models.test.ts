import { describe, expect, it } from 'vitest';
import { LIF, Linear, loadModel, Sequential, saveModel } from '../../src/index.ts';
import { encodeSafetensors } from '../../src/io/safetensors.ts';
import { decodeSnapshot } from '../../src/runs/index.ts';

const saved = saveModel(new Sequential(new Linear(3, 4), new LIF(4)));
const whole = JSON.parse(saved.json) as { layers: object[] };

const load = (layers: unknown): Sequential =>
  loadModel({ json: JSON.stringify({ ...whole, layers }), safetensors: saved.safetensors });
const text = (json: string): Sequential => loadModel({ json, safetensors: saved.safetensors });
const replaced = (from: string, to: string): Sequential => {
  expect(saved.json).toContain(from);
  return text(saved.json.replace(from, to));
};

/** Each part holds the one before twice: 2^40 layers. */
const tower = [
  { kind: 'LIF', sizes: [4] },
  ...Array.from({ length: 40 }, (_, i) => {
    const below = { kind: 'Shared', place: String(i) };
    return { kind: 'Sequential', layers: { 0: below, 1: below } };
  }),
];

describe('loadModel takes no more than the files justify', () => {
  it.each<[string, () => unknown, RegExp]>([
    [
      'a matrix larger than the parameters',
      () => replaced('"outputs": 4', '"outputs": 4000000000'),
      /layer 0 \(Linear\): \[4000000000,3\] numbers are more than the file has/,
    ],
    [
      'one with connections',
      () => load([{ kind: 'Linear', inputs: 2 ** 30, outputs: 2 ** 30, connections: { density: 0.1 } }]),
      /layer 0 \(Linear\): \[\d+,\d+\] numbers/,
    ],
    [
      'gates for steps without end',
      () => load([{ kind: 'GLIF', sizes: [4], options: { steps: 2 ** 40 } }]),
      /layer 0 \(GLIF\): \[\d+,4\] numbers/,
    ],
    [
      'adaptive neurons without end',
      () => load([{ kind: 'AHP', sizes: [2 ** 40], options: { adaptive: 3 } }]),
      /layer 0 \(AHP\): \[\d+\] numbers/,
    ],
    [
      'many layers that would each fit',
      () => load(new Array(100).fill({ kind: 'Linear', inputs: 8, outputs: 8 })),
      /layer \d+ \(Linear\): \[8,8\] numbers are more than the file has/,
    ],
    [
      'a table of a code without end',
      () => load([{ kind: 'Encode', inputs: 3, encoding: { name: 'latency', options: { steps: 2 ** 31 } } }]),
      /encode.latency: steps must be at most 2\^20, got 2147483648/,
    ],
    [
      'a list that is none',
      () => load([{ kind: 'LIF', sizes: [4], options: { tau: { length: 4e9 } } }]),
      /layer 0 \(LIF\)/,
    ],
    ['parts that hold each other', () => load(tower), /layer \d+ is one too many, of 3000/],
    [
      'parts within parts',
      () =>
        text(
          JSON.stringify({ ...whole, layers: [] }).replace(
            '[]',
            `[${'{"kind":"Sequential","layers":{"0":'.repeat(5000)}0${'}}'.repeat(5000)}]`,
          ),
        ),
      /model.json is nested too deep at character \d+/,
    ],
  ])('%s', (_, attempt, message) => {
    expect(attempt).toThrow(message);
    // and what is made without a file is as free as before
    expect(new Linear(30, 40).params.weight!.data.length).toBe(1200);
  });
});

describe('loadModel names the layer of', () => {
  it.each<[string, () => unknown, RegExp]>([
    [
      'a key that stands twice',
      () => replaced('"inputs": 3', '"inputs": 3, "inputs": 3'),
      /holds the key "inputs" twice/,
    ],
    ['a kind that is an object', () => load([{ kind: { toString: 1 } }]), /layer 0 is of unknown kind/],
    ['no config at all', () => load([null]), /layer 0 is of unknown kind undefined/],
    ['sizes that are no list', () => load([{ kind: 'LIF', sizes: 7 }]), /layer 0 \(LIF\): malformed config/],
    ['a width beyond exact numbers', () => load([{ kind: 'LIF', sizes: [1e300] }]), /N must be a whole number above 0/],
  ])('%s', (_, attempt, message) => {
    expect(attempt).toThrow(message);
  });

  it('a parameter that shares what is only of every object', () => {
    const json = JSON.stringify({ ...whole, shared: { '0.weight': 'constructor' } });
    expect(() => text(json)).toThrow("parameter '0.weight' shares 'constructor', which is not there");
  });
});

describe('saveModel refuses what loadModel would not read', () => {
  it('more layers than may be', () => {
    const net = new Sequential(...Array.from({ length: 3001 }, () => new Linear(1, 1)));
    expect(() => saveModel(net)).toThrow('saveModel: layer 3000 is one too many, of 3000');
    const most = saveModel(new Sequential(...net.layers.slice(1)));
    expect(loadModel(most).layers).toHaveLength(3000);
  });

  it('many in one another, each counted in all that it is a part of', () => {
    const nested = (depth: number): Sequential => new Sequential(depth === 0 ? new Linear(1, 1) : nested(depth - 1));
    expect(() => saveModel(nested(77))).toThrow(/saveModel: layer 0[.0]* is one too many, of 3000/);
    expect(loadModel(saveModel(nested(75))).outputs).toBe(1);
  });
});

describe('decodeSnapshot refuses', () => {
  const file = (json: string): Uint8Array =>
    encodeSafetensors([{ name: 'moments', dtype: 'F32', shape: [0], data: new Float32Array(0) }], {
      'spiketape.snapshot': json,
    });
  it.each<[string, string, RegExp]>([
    ['text that is no JSON', '{', /metadata 'spiketape.snapshot' is no JSON of a snapshot/],
    ['nesting', `${'['.repeat(9000)}${']'.repeat(9000)}`, /nested too deep/],
    ['a list', '[]', /expected an object, got \[\]/],
    ['nothing but a version', '{"version":1}', /settings must be texts by name, got nothing/],
    [
      'a step that is none',
      '{"version":1,"settings":{},"adapter":"","epoch":0.5}',
      /epoch must be a whole number from 1, got 0.5/,
    ],
  ])('%s', (_, json, message) => {
    expect(() => decodeSnapshot(file(json))).toThrow(message);
  });
});
