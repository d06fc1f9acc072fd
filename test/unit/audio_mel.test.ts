import { describe, expect, it } from 'vitest';
import { deltaSpikes } from '../../datasets/audio/delta.ts';
import { powerSpectrum } from '../../datasets/audio/fft.ts';
import { type Frames, MelFrontEnd, type MelOptions } from '../../datasets/audio/mel.ts';
import { bandStatistics, centred, standardize } from '../../datasets/audio/normalize.ts';
import librosa from '../fixtures/mel_librosa.json' with { type: 'json' };

const cases = librosa.cases as unknown as { name: string; options: MelOptions; values: number[][] }[];

/** The sound of the fixture. */
const chirp = Float32Array.from({ length: 1600 }, (_, t) => {
  const phase = 2 * Math.PI * ((200 * t) / 8000 + (1500 * (t / 8000) ** 2) / 0.4);
  return Math.round(12000 * Math.sin(phase) * (0.5 - 0.5 * Math.cos((2 * Math.PI * t) / 1600))) / 32768;
});

describe('the front end', () => {
  it.each(cases)('agrees with librosa: $name', ({ options, values }) => {
    const got = new MelFrontEnd(options).compute(chirp);
    expect([got.frames, got.bands]).toEqual([values.length, values[0]!.length]);
    const largest = Math.max(...values.flat().map(Math.abs));
    values.flat().forEach((x, i) => {
      // librosa computes in float32
      expect(Math.abs(got.values[i]! - x), `value ${i}`).toBeLessThan(2e-6 * largest);
    });
  });

  it.each([1, 2, 7, 12, 97, 200, 256, 400])('has a spectrum of %d samples that is the sum that defines it', (n) => {
    const frame = Float64Array.from({ length: n }, (_, i) => Math.sin(i * i) + 0.1 * i);
    const got = new Float64Array((n >> 1) + 1);
    powerSpectrum(n)(frame, got);
    got.forEach((power, k) => {
      let [re, im] = [0, 0];
      frame.forEach((x, i) => {
        re += x * Math.cos((2 * Math.PI * i * k) / n);
        im -= x * Math.sin((2 * Math.PI * i * k) / n);
      });
      expect(Math.abs(power - re * re - im * im)).toBeLessThan(1e-8 * (1 + n * n));
    });
  });

  it('says how many frames there will be, and takes 25 ms every 10 ms by default', () => {
    const front = new MelFrontEnd({ sampleRate: 16000 });
    expect(front.options).toMatchObject({ winLength: 400, hopLength: 160, nFft: 512, nMels: 40, fMax: 8000 });
    expect(front.frames(16000)).toBe(101);
    expect(front.compute(new Float32Array(16000)).frames).toBe(101);
    expect(new MelFrontEnd({ sampleRate: 16000, center: false }).frames(16000)).toBe(97);
  });

  it('takes an option that is undefined as one that is not given', () => {
    const front = new MelFrontEnd({ sampleRate: 8000, nMels: undefined, hopLength: undefined } as MelOptions);
    expect(front.options).toMatchObject({ nMels: 40, hopLength: 80 });
  });

  it.each<[Partial<MelOptions>, RegExp]>([
    [{ sampleRate: 0 }, /sampleRate must be above 0, got 0/],
    [{ hopLenght: 80 } as Partial<MelOptions>, /there is no option 'hopLenght'; did you mean 'hopLength'/],
    [{ hopLength: 1.5 }, /hopLength must be a whole number above 0, got 1.5/],
    [{ winLength: 300, nFft: 256 }, /nFft must be at least winLength, 300, got 256/],
    [{ fMax: 5000 }, /fMax must be above 0 and at most 4000, got 5000/],
    [{ fMin: 4000 }, /fMin must be from 0 to below fMax, 4000, got 4000/],
    [{ melScale: 'bark' as 'htk' }, /melScale must be 'slaney' or 'htk', got bark/],
    [{ nMfcc: 41 }, /nMfcc must be a whole number in 1..nMels, 40, got 41/],
    [{ nMels: 200 }, /band \d+, \d+ to \d+ Hz, covers none of the spectrum's bins, which are 31.3 Hz apart/],
  ])('refuses %o', (options, text) => {
    expect(() => new MelFrontEnd({ sampleRate: 8000, ...options })).toThrow(text);
  });

  it('refuses sounds that are too short', () => {
    expect(() => new MelFrontEnd({ sampleRate: 8000 }).compute([])).toThrow('0 samples are too few for nFft 256');
    const mirrored = new MelFrontEnd({ sampleRate: 8000, padMode: 'reflect' });
    expect(() => mirrored.compute(new Float32Array(128))).toThrow('128 samples are too few');
    expect(mirrored.compute(new Float32Array(129)).frames).toBe(2);
  });
});

const frames = (bands: number, ...values: number[]): Frames => ({
  frames: values.length / bands,
  bands,
  values: Float32Array.from(values),
});

describe('normalisation', () => {
  it('has mean 0 and deviation 1 over what the statistics are of', () => {
    const [a, b] = [frames(2, 1, 5, 3, 5), frames(2, 8, 5)];
    const statistics = bandStatistics([a, b]);
    expect([...statistics.mean]).toEqual([4, 5]);
    expect(statistics.std[0]).toBeCloseTo(Math.sqrt((9 + 1 + 16) / 3), 12);
    const all = [a, b].flatMap((x) => [...standardize(x, statistics).values]);
    const first = all.filter((_, i) => i % 2 === 0);
    expect(first.reduce((x, y) => x + y, 0)).toBeCloseTo(0, 6);
    expect(first.reduce((x, y) => x + y * y, 0) / 3).toBeCloseTo(1, 6);
    // a band that never varies
    expect(all.filter((_, i) => i % 2 === 1)).toEqual([0, 0, 0]);
  });

  it('takes from each band of a recording what is the same all along', () => {
    const { values } = centred(frames(2, 1, 5, 3, -5, 8, 3));
    expect([...values]).toEqual([-3, 4, -1, -6, 4, 2]);
  });

  it('refuses nothing, and recordings that differ in their bands', () => {
    expect(() => bandStatistics([])).toThrow('expected at least one frame');
    expect(() => bandStatistics([frames(1, 1), frames(2, 1, 2)])).toThrow('the same bands, got 1 and 2');
    expect(() => standardize(frames(1, 1), bandStatistics([frames(2, 1, 2)]))).toThrow(
      'of 2 bands, the recording has 1',
    );
  });
});

describe('spikes of change', () => {
  it('follow each band up and down by the threshold', () => {
    const { steps, inputs, values } = deltaSpikes(frames(2, 0, 5, 1, 5, 2.5, 4.4, 2.4, 3.9, -1, 4), { threshold: 1 });
    expect([steps, inputs]).toEqual([5, 4]);
    const rows = Array.from({ length: 5 }, (_, t) => [...values.subarray(4 * t, 4 * t + 4)].join(''));
    // the level of the first band: 0, 1, 2, 2, 1; of the second: 5, 5, 5, 4, 4
    expect(rows).toEqual(['0000', '1000', '1000', '0001', '0100']);
  });

  it('follow a leap over several steps, and come closer with steps between frames', () => {
    const leap = frames(1, 0, 4, 4);
    const on = (stepsPerFrame: number): number[] =>
      [...deltaSpikes(leap, { threshold: 1, stepsPerFrame }).values].filter((_, i) => i % 2 === 0);
    expect(on(1)).toEqual([0, 1, 1]);
    expect(on(4)).toEqual([0, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0]);
  });

  it('need a threshold above 0 and whole steps', () => {
    expect(() => deltaSpikes(frames(1, 0), { threshold: 0 })).toThrow('threshold must be a number above 0, got 0');
    expect(() => deltaSpikes(frames(1, 0), { threshold: 1, stepsPerFrame: 0 })).toThrow('stepsPerFrame');
  });
});
