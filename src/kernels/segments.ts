/** A part of time whose trace lies in one buffer. */
export interface Segment {
  readonly t0: number;
  readonly t1: number;
}

/** How the trace of a layer is kept for the backward pass. */
export interface Segments {
  readonly list: readonly Segment[];
  /** Whether all parts share one buffer, each filled again, from saved states and spikes, when the backward pass comes to it. */
  readonly replay: boolean;
}

/**
 * The one rule for what a layer keeps of its forward pass.
 *
 * As a rule everything, in one buffer; in several where one would be longer than the adapter binds. With low memory, states are kept
 * every C steps only and C steps at a time are run again: `planes` C + `states` T / C numbers per neuron instead of `planes` T,
 * least at C = sqrt(T states / planes) (checkpointing in one level: Chen et al. 2016, arXiv:1604.06174), from 16 on in whole words
 * of 32 steps: a word of spikes along time that two parts share is read by the weight gradients of both.
 *
 * @param layer `planes` numbers traced per neuron and step, `states` kept where a part begins, `planeBytes` of one plane's step
 * @param options `split`: whether the trace may be in parts, not where another operation reads it; `most` steps that one dispatch
 *   may run again
 */
export function chooseSegments(
  layer: { T: number; planes: number; states: number; planeBytes: number },
  limit: number,
  { low, split, most = Number.POSITIVE_INFINITY }: { low: boolean; split: boolean; most?: number },
): Segments {
  const { T, planes, states, planeBytes } = layer;
  const whole: Segments = { list: [{ t0: 0, t1: T }], replay: false };
  if (!split || planes === 0) return whole;
  const fitting = Math.max(1, Math.floor(limit / (planes * planeBytes)));
  if (low) {
    const least = inWords(Math.sqrt((T * states) / planes));
    const C = Math.min(T, fitting, Math.max(2, Math.min(least, Math.floor(most))));
    const kept = planes * C + states * (Math.ceil(T / C) - 1);
    if (kept < planes * T) return { list: cut(T, C), replay: true };
  }
  if (fitting >= T) return whole;
  // whole words of spikes along time, where that is possible
  return { list: cut(T, fitting >= 32 ? 32 * Math.floor(fitting / 32) : fitting), replay: false };
}

/** Near its least the sum is flat: a few steps more or less cost little. */
const inWords = (steps: number): number => (steps < 16 ? Math.round(steps) : 32 * Math.round(steps / 32));

const cut = (T: number, C: number): Segment[] =>
  Array.from({ length: Math.ceil(T / C) }, (_, i) => ({ t0: i * C, t1: Math.min(T, (i + 1) * C) }));
