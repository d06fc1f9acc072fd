import { AHP, Conv2d, Flatten, LIF, Linear, Readout, Sequential, SumPool2d } from 'spiketape';
import { describe, expect, it } from 'vitest';
import { decodeJson, encodeJson } from '../../../src/exchange/json.ts';

const net = (): Sequential =>
  new Sequential(
    new Conv2d([1, 6, 6], 3, 3),
    new LIF(48),
    new SumPool2d([3, 4, 4], 2),
    new Flatten([3, 2, 2]),
    new AHP(12, 9, { recurrent: true, recurrentConnections: { density: 0.5 }, adaptive: 4 }),
    new Linear(9, 5),
    new Readout(5, 2),
  );

/** Replaces the beginning of a parameter's values, not of its shape. */
const values = (text: string, what: RegExp, by: string): string => {
  const at = text.indexOf('"values"');
  return text.slice(0, at) + text.slice(at).replace(what, by);
};

const bits = (n: Sequential): [string, number[]][] =>
  [...n.namedParameters()].map(([name, p]) => [name, [...new Uint32Array(p.data.buffer)]]);

describe('a net as one JSON text', () => {
  it('comes back bit for bit', () => {
    const n = net();
    // what decimals could lose: the smallest float32, the largest, a third, and minus zero
    n.layers[0]!.params.weight!.data.set([1e-45, 3.4028234663852886e38, 1 / 3, 1.17549435e-38, 16777217]);
    const back = decodeJson(encodeJson(n));
    expect(bits(back)).toEqual(bits(n));
    expect(back.summary()).toBe(n.summary());
  });

  it('refuses to write what JSON cannot hold', () => {
    const n = net();
    n.layers[0]!.params.weight!.data[7] = Number.NaN;
    expect(() => encodeJson(n)).toThrow("json: parameter '0.weight' has NaN at 7");
  });

  it.each([
    ['no JSON', (t: string) => t.slice(0, -20), 'this is no JSON'],
    ['no values', (t: string) => t.replace('"values"', '"value"'), "expected 'values' by name, got undefined"],
    ['a value that is text', (t: string) => values(t, /("0\.weight": \[)[^,]+,/, '$1"x",'), "value 0 of '0.weight'"],
    ['a value too many', (t: string) => values(t, /("0\.weight": )\[/, '$1[1,'), 'must have 27 values, got 28'],
    ['a value beyond float32', (t: string) => values(t, /("0\.weight": )\[[^,]+,/, '$1[1e39,'), 'must be a float32'],
    ['a parameter too many', (t: string) => t.replace('"values": {', '"values": {"x": [],'), "'x' has no shape"],
    ['a list in place of values', (t: string) => t.replace(/"values": \{[^}]*\}/, '"values": []'), "expected 'values'"],
  ])('refuses %s', (_, damage, message) => {
    const text = encodeJson(net());
    expect(damage(text)).not.toBe(text);
    expect(() => decodeJson(damage(text))).toThrow(message);
  });
});
