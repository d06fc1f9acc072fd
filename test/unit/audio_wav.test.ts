import { describe, expect, it } from 'vitest';
import { readWav } from '../../datasets/audio/wav.ts';
import { type WavOptions, wavFile } from '../support/wav.ts';

const samples = [0, 0.5, -0.5, 0.25, -1, 0.75];

describe('WAVE files', () => {
  it.each(['8', '16', '24', '32', 'f32', 'f64'] as const)('of %s bits are read', (form) => {
    const { rate, samples: got } = readWav(wavFile(samples, { form, rate: 11025 }), 'a.wav');
    expect(rate).toBe(11025);
    expect([...got]).toEqual(samples);
  });

  it('tell the smallest and largest integers of 24 bits', () => {
    const file = wavFile([-1, 1 - 2 ** -23, -(2 ** -23), 2 ** -23], { form: '24' });
    expect([...readWav(file, 'a.wav').samples]).toEqual([-1, 1 - 2 ** -23, -(2 ** -23), 2 ** -23]);
  });

  it.each([1, 2, 3])('of %d channels give their mean', (channels) => {
    const { samples: got } = readWav(wavFile(samples, { channels, form: 'f64' }), 'a.wav');
    const means = Array.from({ length: samples.length / channels }, (_, i) => {
      const frame = samples.slice(i * channels, (i + 1) * channels);
      return Math.fround(frame.reduce((a, b) => a + b, 0) / channels);
    });
    expect([...got]).toEqual(means);
  });

  it('may be of the extensible form, with other chunks of odd length and a lone byte at the end', () => {
    const options: WavOptions = { extensible: true, chunks: { LIST: new Uint8Array(7), note: new Uint8Array(1) } };
    const file = wavFile(samples, options);
    expect([...readWav(Uint8Array.from([...file, 0]), 'a.wav').samples]).toEqual(samples);
  });

  it('may begin anywhere in a buffer', () => {
    const file = wavFile(samples);
    const shifted = new Uint8Array(file.length + 3);
    shifted.set(file, 3);
    expect([...readWav(shifted.subarray(3), 'a.wav').samples]).toEqual(samples);
  });

  const whole = wavFile(samples);
  /** The file with some bytes changed. */
  const changed = (at: number, ...bytes: number[]): Uint8Array => {
    const copy = whole.slice();
    copy.set(bytes, at);
    return copy;
  };

  it('that are cut short anywhere are refused, by name and offset', () => {
    for (let n = 0; n < whole.length; n++) {
      expect(() => readWav(whole.subarray(0, n), 'cut.wav'), `${n} bytes`).toThrow(/^cut\.wav: byte \d+: /);
    }
  });

  it.each<[string, Uint8Array, RegExp]>([
    [
      'no WAVE file',
      new TextEncoder().encode('<!DOCTYPE html>'),
      /byte 0: expected a WAVE file, .*got '<!DO' and 'E ht'/,
    ],
    ['a page that is called wav', changed(8, 65), /byte 0: expected a WAVE file/],
    ['another coding', changed(20, 7), /byte 20: the coding is 7, expected 1 \(integers\) or 3 \(floats\)/],
    ['no channels', changed(22, 0), /byte 22: there are 0 channels/],
    ['no rate', changed(24, 0, 0, 0, 0), /byte 24: there are 0 samples a second/],
    ['12 bits', changed(34, 12), /byte 34: samples have 12 bits, expected 8, 16, 24, 32/],
    ['frames that do not fit', changed(32, 3), /byte 32: a frame has 3 bytes, expected 1 channels x 2 bytes/],
    ['half a sample', changed(40, 11), /byte 44: the chunk 'data' has 11 bytes, expected a multiple of 2/],
    ['a short format', changed(16, 2), /byte 20: the chunk 'fmt ' has 2 bytes, expected at least 16/],
    ['data before the format', changed(12, 100, 97, 116, 97), /byte 12: expected the chunk 'fmt ' before 'data'/],
    ['no data', changed(36, 120), /expected the chunk 'data', but the file ends/],
    ['a float that is no number', wavFile([0, Number.NaN], { form: 'f32' }), /byte 48: the sample is NaN/],
  ])('with %s are refused', (_, bytes, text) => {
    expect(() => readWav(bytes, 'bad.wav')).toThrow(text);
  });
});
