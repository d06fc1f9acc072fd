/** A part of time whose trace lies in one buffer. */
export interface Segment {
  readonly t0: number;
  readonly t1: number;
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
 * is read by the weight gradients of both. Fewer than 8 steps are one part, and so are more where parts would take as much as they
 * save: what layers run again, one at a time, shares its memory.
 *
 * @param layer `planes` numbers traced per neuron and step, `states` kept where a part begins, `planeBytes` of one plane's step,
 *   `beside`: planes that would be kept over all time for the sake of running again
 * @param options `split`: whether the trace may be in parts, not where another operation reads it; `most` steps that one dispatch
 *   may run again
 */
export function chooseSegments(
  layer: { T: number; planes: number; states: number; planeBytes: number; beside?: number },
  limit: number,
  { low, split, most = Number.POSITIVE_INFINITY }: { low: boolean; split: boolean; most?: number },
): Segments {
  const { T, planes, states, planeBytes, beside = 0 } = layer;
  const whole: Segments = { list: [{ t0: 0, t1: T }], replay: false };
  if (!split || planes === 0) return whole;
  const fitting = Math.max(1, Math.floor(limit / (planes * planeBytes)));
  if (low) {
    const least = T < SHORT ? T : inWords(Math.sqrt(2 * T));
    const C = Math.min(T, least, Math.max(1, roundDown(fitting)), Math.max(2, roundDown(most)));
    // the states after the last step and its spikes lie beside those between parts, and stay with them
    const kept = planes * C + states * Math.ceil(T / C) + 1 + beside * T;
    if (kept < planes * T) return { list: cut(T, C), replay: true };
    if (beside === 0 && T <= Math.min(fitting, most)) return { ...whole, replay: true };
  }
  if (fitting >= T) return whole;
  // whole words of spikes along time, where that is possible
  return { list: cut(T, roundDown(fitting)), replay: false };
}

/** Whether the backward pass goes through time part by part. */
export const inParts = ({ list, replay }: Segments): boolean => replay || list.length > 1;

/** Whether it goes through these parts. */
export const hasParts = (s: Segments, parts: readonly Segment[]): boolean =>
  inParts(s) && s.list.length === parts.length && s.list[0]!.t1 === parts[0]!.t1;

/** Steps from which on there are several parts. */
const SHORT = 8;

/** Near its least the sum is flat: a few steps more or less cost little. */
const inWords = (steps: number): number => (steps < 16 ? Math.round(steps) : 32 * Math.round(steps / 32));

/** To whole words, from one on: layers that may run nearly as many steps have the same parts. */
const roundDown = (steps: number): number => (steps < 32 ? Math.floor(steps) : 32 * Math.floor(steps / 32));

const cut = (T: number, C: number): Segment[] =>
  Array.from({ length: Math.ceil(T / C) }, (_, i) => ({ t0: i * C, t1: Math.min(T, (i + 1) * C) }));
