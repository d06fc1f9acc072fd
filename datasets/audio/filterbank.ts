/** How hertz become mel: by the formula of the HTK toolkit, or linear below 1 kHz as in Slaney's Auditory Toolbox. */
export type MelScale = 'htk' | 'slaney';

interface Scale {
  mel(hz: number): number;
  hz(mel: number): number;
}

/** Slaney (1998): 200/3 Hz a mel up to 1 kHz, 15 mel; above it 27 mel are a factor of 6.4. */
const SLANEY = { width: 200 / 3, from: 1000, at: 15, step: Math.log(6.4) / 27 };

const SCALES: Readonly<Record<MelScale, Scale>> = {
  htk: { mel: (hz) => 2595 * Math.log10(1 + hz / 700), hz: (mel) => 700 * (10 ** (mel / 2595) - 1) },
  slaney: {
    mel: (hz) => (hz < SLANEY.from ? hz / SLANEY.width : SLANEY.at + Math.log(hz / SLANEY.from) / SLANEY.step),
    hz: (mel) => (mel < SLANEY.at ? mel * SLANEY.width : SLANEY.from * Math.exp((mel - SLANEY.at) * SLANEY.step)),
  },
};

/** A band: weights of the bins `from`, `from` + 1, ... of a spectrum. */
export interface Band {
  from: number;
  weights: Float64Array;
}

export interface FilterbankOptions {
  sampleRate: number;
  nFft: number;
  nMels: number;
  fMin: number;
  fMax: number;
  melScale: MelScale;
  /** 'slaney' divides each triangle by half its width in hertz, so that all have the same area; null leaves peaks of 1. */
  norm: 'slaney' | null;
}

/**
 * Triangles that are evenly spaced in mel, each from the peak of the one below to the peak of the one above.
 *
 * @throws Error when a triangle is so narrow that no bin of the spectrum lies in it
 */
export function melFilterbank(options: FilterbankOptions): Band[] {
  const { sampleRate, nFft, nMels, fMin, fMax, melScale, norm } = options;
  const { mel, hz } = SCALES[melScale];
  const [low, high] = [mel(fMin), mel(fMax)];
  const corner = (i: number): number => hz(low + ((high - low) * i) / (nMels + 1));
  return Array.from({ length: nMels }, (_, band) => {
    const [left, peak, right] = [corner(band), corner(band + 1), corner(band + 2)];
    const scale = norm === 'slaney' ? 2 / (right - left) : 1;
    const all = Float64Array.from({ length: (nFft >> 1) + 1 }, (_, bin) => {
      const f = (bin * sampleRate) / nFft;
      return scale * Math.max(0, Math.min((f - left) / (peak - left), (right - f) / (right - peak)));
    });
    const from = all.findIndex((w) => w > 0);
    if (from < 0)
      throw new Error(
        `melFilterbank: band ${band}, ${left.toFixed(0)} to ${right.toFixed(0)} Hz, covers none of the spectrum's bins, ` +
          `which are ${(sampleRate / nFft).toFixed(1)} Hz apart; expected fewer than nMels ${nMels}, or more than nFft ${nFft}`,
      );
    return { from, weights: all.slice(from, all.findLastIndex((w) => w > 0) + 1) };
  });
}
