import { onlyKnown } from '../options.ts';
import { powerSpectrum } from './fft.ts';
import { type Band, type MelScale, melFilterbank } from './filterbank.ts';

/** Features of a recording, one row a frame. */
export interface Frames {
  frames: number;
  bands: number;
  /** Shape [frames, bands]. */
  values: Float32Array<ArrayBuffer>;
}

/** Named as in librosa and torchaudio; lengths are in samples. */
export interface MelOptions {
  /** Samples a second. */
  sampleRate: number;
  /** Length of the window; 25 ms by default. Centred in nFft samples, the rest is 0. */
  winLength?: number;
  /** From frame to frame; 10 ms by default. */
  hopLength?: number;
  /** Samples in a transform, any number from winLength on; the next power of two by default. */
  nFft?: number;
  /**
   * Whether frame i is centred at sample i * hopLength, with padding at both ends, so that there are
   * 1 + floor(samples / hopLength) frames (default). Otherwise it starts there.
   */
  center?: boolean;
  /** What is before and after the samples: zeros, as librosa has it (default), or their mirror image, as torchaudio has it. */
  padMode?: 'constant' | 'reflect';
  /** 2 for power (default), 1 for magnitude. */
  power?: 1 | 2;
  /** Bands, 40 by default. */
  nMels?: number;
  /** Lowest and highest frequency in hertz: 0 and half the sampling rate by default. */
  fMin?: number;
  fMax?: number;
  /** 'slaney' as librosa has it (default), or 'htk', as torchaudio has it. */
  melScale?: MelScale;
  /** 'slaney' for triangles of the same area, as librosa has it (default), null for peaks of 1, as torchaudio has it. */
  norm?: 'slaney' | null;
  /** 'db' for 10 log10 (20 log10 of magnitudes; default), 'ln' for the natural logarithm, 'none'. */
  log?: 'db' | 'ln' | 'none';
  /** What is smaller counts as this before the logarithm; 1e-10 by default. */
  amin?: number;
  /** How far below a recording's largest value others may lie, in decibels; 80 by default, null for no limit. Only with 'db'. */
  topDb?: number | null;
  /** So many mel-frequency cepstral coefficients (Davis & Mermelstein 1980; DCT-II, orthonormal) instead of the bands. */
  nMfcc?: number;
}

/**
 * The front end of speech recognition: frames, Hann window, power spectrum, mel bands, logarithm, and MFCCs on request.
 * Agrees with librosa 0.11 (`feature.melspectrogram`, `power_to_db`, `feature.mfcc`).
 */
export class MelFrontEnd {
  readonly options: Readonly<Required<Omit<MelOptions, 'nMfcc'>>> & { readonly nMfcc: number | undefined };
  /** Values of a frame. */
  readonly bands: number;
  readonly #window: Float64Array;
  readonly #filters: Band[];
  readonly #spectrum: (frame: ArrayLike<number>, out: Float64Array) => void;

  /** @throws Error naming the option that cannot be */
  constructor(options: MelOptions) {
    const o = withDefaults(options);
    check(o);
    this.options = o;
    this.bands = o.nMfcc ?? o.nMels;
    this.#window = hann(o.winLength, o.nFft);
    this.#filters = melFilterbank(o);
    this.#spectrum = powerSpectrum(o.nFft);
  }

  /** How many frames so many samples make. */
  frames(samples: number): number {
    const { center, nFft, hopLength } = this.options;
    const whole = center ? samples + 2 * (nFft >> 1) : samples;
    return whole < nFft ? 0 : 1 + Math.floor((whole - nFft) / hopLength);
  }

  /** @throws Error when there are too few samples for a frame, or for the mirror image */
  compute(samples: ArrayLike<number>): Frames {
    const { options: o, bands } = this;
    const frames = this.frames(samples.length);
    const half = o.center ? o.nFft >> 1 : 0;
    if (samples.length === 0 || frames === 0 || (o.center && o.padMode === 'reflect' && samples.length <= half))
      throw new Error(`MelFrontEnd: ${samples.length} samples are too few for nFft ${o.nFft}`);
    const mel = new Float64Array(frames * o.nMels);
    const [frame, spectrum] = [new Float64Array(o.nFft), new Float64Array((o.nFft >> 1) + 1)];
    for (let t = 0; t < frames; t++) {
      for (let i = 0; i < o.nFft; i++) {
        let at = t * o.hopLength + i - half;
        if (o.padMode === 'reflect') at = at < 0 ? -at : at >= samples.length ? 2 * (samples.length - 1) - at : at;
        frame[i] = at < 0 || at >= samples.length ? 0 : samples[at]! * this.#window[i]!;
      }
      this.#spectrum(frame, spectrum);
      if (o.power === 1) for (let k = 0; k < spectrum.length; k++) spectrum[k] = Math.sqrt(spectrum[k]!);
      this.#filters.forEach(({ from, weights }, band) => {
        let sum = 0;
        for (let k = 0; k < weights.length; k++) sum += weights[k]! * spectrum[from + k]!;
        mel[t * o.nMels + band] = sum;
      });
    }
    compress(mel, o);
    return { frames, bands, values: o.nMfcc === undefined ? Float32Array.from(mel) : cepstra(mel, o.nMels, o.nMfcc) };
  }
}

type Options = MelFrontEnd['options'];

function withDefaults(options: MelOptions): Options {
  const { sampleRate } = options;
  const winLength = options.winLength ?? Math.round(sampleRate / 40);
  const usual: Options = {
    sampleRate,
    winLength,
    hopLength: Math.round(sampleRate / 100),
    nFft: 2 ** Math.ceil(Math.log2(winLength)),
    center: true,
    padMode: 'constant',
    power: 2,
    nMels: 40,
    fMin: 0,
    fMax: sampleRate / 2,
    melScale: 'slaney',
    norm: 'slaney',
    log: 'db',
    amin: 1e-10,
    topDb: 80,
    nMfcc: undefined,
  };
  onlyKnown('MelFrontEnd', options, Object.keys(usual));
  return { ...usual, ...Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) };
}

function check(o: Options): void {
  const refuse = (name: keyof MelOptions, expected: string): never => {
    throw new Error(`MelFrontEnd: ${name} must be ${expected}, got ${o[name]}`);
  };
  if (!(o.sampleRate > 0 && Number.isFinite(o.sampleRate))) refuse('sampleRate', 'above 0');
  for (const name of ['winLength', 'hopLength', 'nFft', 'nMels'] as const)
    if (!(Number.isInteger(o[name]) && o[name] > 0)) refuse(name, 'a whole number above 0');
  if (o.nFft < o.winLength) refuse('nFft', `at least winLength, ${o.winLength}`);
  if (!(o.fMax > 0 && o.fMax <= o.sampleRate / 2)) refuse('fMax', `above 0 and at most ${o.sampleRate / 2}`);
  if (!(o.fMin >= 0 && o.fMin < o.fMax)) refuse('fMin', `from 0 to below fMax, ${o.fMax}`);
  if (!(o.amin > 0)) refuse('amin', 'above 0');
  if (o.topDb !== null && !(o.topDb >= 0)) refuse('topDb', 'null or at least 0');
  const oneOf = (name: keyof MelOptions, ...known: unknown[]): void => {
    if (!known.includes(o[name])) refuse(name, known.map((x) => (typeof x === 'string' ? `'${x}'` : x)).join(' or '));
  };
  oneOf('power', 1, 2);
  oneOf('padMode', 'constant', 'reflect');
  oneOf('melScale', 'slaney', 'htk');
  oneOf('norm', 'slaney', null);
  oneOf('log', 'db', 'ln', 'none');
  if (o.nMfcc !== undefined && !(Number.isInteger(o.nMfcc) && o.nMfcc > 0 && o.nMfcc <= o.nMels))
    refuse('nMfcc', `a whole number in 1..nMels, ${o.nMels}`);
}

/** The periodic Hann window, in the middle of n numbers. */
function hann(length: number, n: number): Float64Array {
  const out = new Float64Array(n);
  const from = (n - length) >> 1;
  for (let i = 0; i < length; i++) out[from + i] = 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / length);
  return out;
}

/** The logarithm, in place. */
function compress(mel: Float64Array, { log, amin, topDb, power }: Options): void {
  if (log === 'none') return;
  const scale = log === 'ln' ? 1 : 20 / power / Math.LN10;
  let largest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < mel.length; i++) {
    mel[i] = scale * Math.log(Math.max(amin, mel[i]!));
    largest = Math.max(largest, mel[i]!);
  }
  if (log === 'ln' || topDb === null) return;
  for (let i = 0; i < mel.length; i++) mel[i] = Math.max(mel[i]!, largest - topDb);
}

/** The first coefficients of each row's DCT-II, orthonormal. */
function cepstra(mel: Float64Array, bands: number, coefficients: number): Float32Array<ArrayBuffer> {
  const basis = Float64Array.from({ length: coefficients * bands }, (_, i) => {
    const [k, n] = [Math.floor(i / bands), i % bands];
    return Math.sqrt((k === 0 ? 1 : 2) / bands) * Math.cos((Math.PI * k * (2 * n + 1)) / (2 * bands));
  });
  const out = new Float32Array((mel.length / bands) * coefficients);
  for (let i = 0; i < out.length; i++) {
    const [t, k] = [Math.floor(i / coefficients), i % coefficients];
    let sum = 0;
    for (let n = 0; n < bands; n++) sum += basis[k * bands + n]! * mel[t * bands + n]!;
    out[i] = sum;
  }
  return out;
}
