/** A recording of an event camera: each event a pixel that became brighter or darker. */
export interface Events {
  count: number;
  /** Pixels in a row, and rows. */
  width: number;
  height: number;
  /** Column and row of each event, from 0, from the upper left corner; shape [count]. */
  x: Uint16Array;
  y: Uint16Array;
  /** 1 for brighter, 0 for darker; shape [count]. */
  polarity: Uint8Array;
  /** Microseconds, as recorded; shape [count]. */
  time: Float64Array;
}

/** Room for so many events, all 0. */
export function emptyEvents(count: number, width: number, height: number): Events {
  return {
    count,
    width,
    height,
    x: new Uint16Array(count),
    y: new Uint16Array(count),
    polarity: new Uint8Array(count),
    time: new Float64Array(count),
  };
}

/** The first `count` of the events, where fewer were found than there was room for. */
export function firstEvents(events: Events, count: number): Events {
  if (count === events.count) return events;
  const { x, y, polarity, time } = events;
  return {
    ...events,
    count,
    x: x.slice(0, count),
    y: y.slice(0, count),
    polarity: polarity.slice(0, count),
    time: time.slice(0, count),
  };
}
