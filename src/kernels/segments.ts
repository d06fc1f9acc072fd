/** A part of time whose trace lies in one buffer. */
export interface Segment {
  readonly t0: number;
  readonly t1: number;
}

/** Steps that a part of time may have: to lie in one buffer, and to be run again. */
export interface Longest {
  readonly bound: number;
  readonly run: number;
}

/** How the trace of a layer is kept for the backward pass. */
export interface Segments {
  readonly list: readonly Segment[];
  /** Whether a part is filled when the backward pass comes to it, from saved states and spikes; until then it takes no memory. */
  readonly replay: boolean;
}

/**
 * The one rule for what a layer keeps of its forward pass.
 *
 * As a rule everything, in one buffer; in several where one would be longer than the adapter binds. With low memory, states are kept
 * every C steps only and C steps at a time are run again: `planes` C + `states` T / C numbers per neuron instead of `planes` T,
 * least at C = sqrt(T states / planes) (checkpointing in one level: Chen et al. 2016, arXiv:1604.06174). C is sqrt(2 T) for every
 * layer, so that the layers of a net have the same parts and can be run again together: the numbers are 6 % above their least for
 * a neuron of as many states as planes. From 16 on it is whole words of 32 steps: a word of spikes along time that two parts share
 * is read by the weight gradients of both. Fewer than 16 steps are one part, and so are more where parts would take as much as they
 * save: what layers run again, one at a time, shares its memory.
 *
 * @param layer `planes` numbers traced per neuron and step, `states` kept where a part begins, `beside`: planes that would be kept
 *   over all time for the sake of running again
 * @param options `split`: whether the trace may be in parts, not where another operation reads it
 */
export function chooseSegments(
  { T, planes, states, beside = 0 }: { T: number; planes: number; states: number; beside?: number },
  longest: Longest,
  { low, split }: { low: boolean; split: boolean },
): Segments {
  const whole: Segments = { list: [{ t0: 0, t1: T }], replay: false };
  if (!split || planes === 0) return whole;
  if (low) {
    const C = Math.min(T, T < SHORT ? T : inWords(Math.sqrt(2 * T)), roundDown(longest.bound), roundDown(longest.run));
    // the states after the last step and its spikes lie beside those between parts, and stay with them
    const kept = planes * C + states * Math.ceil(T / C) + 1 + beside * T;
    if (kept < planes * T) return { list: cut(T, C), replay: true };
    if (beside === 0 && T <= Math.min(longest.bound, longest.run)) return { ...whole, replay: true };
  }
  return longest.bound >= T ? whole : { list: cut(T, roundDown(longest.bound)), replay: false };
}

/** Whether a layer's backward pass goes through time part by part. */
export const isParted = ({ list, replay }: Segments): boolean => replay || list.length > 1;

/** Whether a layer's backward pass goes through just these parts. */
export const sameParts = (s: Segments, parts: readonly Segment[]): boolean =>
  isParted(s) && s.list.length === parts.length && s.list[0]!.t1 === parts[0]!.t1;

/** Steps from which on there are several parts: where a few layers are best off with them, and many with one part. */
const SHORT = 16;

/** Near its least the sum is flat: a few steps more or less cost little. */
const inWords = (steps: number): number => (steps < 16 ? Math.round(steps) : 32 * Math.round(steps / 32));

/** To whole words, from one on: layers that may run nearly as many steps have the same parts. */
const roundDown = (steps: number): number =>
  steps < 32 ? Math.max(1, Math.floor(steps)) : 32 * Math.floor(steps / 32);

const cut = (T: number, C: number): Segment[] =>
  Array.from({ length: Math.ceil(T / C) }, (_, i) => ({ t0: i * C, t1: Math.min(T, (i + 1) * C) }));
