import { onlyKnown } from '../options.ts';
import type { Events } from './events.ts';

export interface BinOptions {
  /** Time steps. */
  steps: number;
  /** Length of a step in microseconds; by default the events' own time is shared out evenly. */
  stepLength?: number;
  /** Where the first step begins, in the events' microseconds; at the first event by default. */
  start?: number;
  /** 'bits' (default): 1 where there was any event; 'counts': how many, 255 at most. */
  values?: 'bits' | 'counts';
  /** 'both' (default): a plane for darker and one for brighter; 'merged': one plane for both. */
  polarity?: 'both' | 'merged';
  /** The part of the picture that is taken; all of it by default. */
  crop?: { x: number; y: number; width: number; height: number };
  /** So many pixels by as many become one; what is left over at the right and below is dropped. Default 1. */
  downsample?: number;
}

/** Events as a `Dataset` takes them: of the form 'bits', or 'bytes' for counts. */
export interface Binned {
  steps: number;
  /** Planes x height x width. */
  inputs: number;
  /** What a plane is: [planes, height, width], as `Conv2d` takes it. */
  shape: [planes: number, height: number, width: number];
  /** Shape [steps, planes, height, width]. */
  values: Uint8Array<ArrayBuffer>;
  /** Events that lay before the first step or after the last. */
  outside: number;
}

/**
 * Events to time steps. An event at time t falls into the step floor((t - start) / stepLength).
 *
 * @throws Error naming the option that cannot be
 */
export function binEvents(events: Events, options: BinOptions): Binned {
  onlyKnown('binEvents', options, ['steps', 'stepLength', 'start', 'values', 'polarity', 'crop', 'downsample']);
  const { steps, values = 'bits', polarity = 'both', downsample: k = 1 } = options;
  const crop = options.crop ?? { x: 0, y: 0, width: events.width, height: events.height };
  check(events, options, crop, k);
  const [start, length] = timing(events, options);
  const [width, height] = [Math.floor(crop.width / k), Math.floor(crop.height / k)];
  const planes = polarity === 'both' ? 2 : 1;
  const inputs = planes * height * width;
  const out = new Uint8Array(steps * inputs);
  const most = values === 'bits' ? 1 : 255;
  let outside = 0;
  for (let i = 0; i < events.count; i++) {
    const step = Math.floor((events.time[i]! - start) / length);
    if (step < 0 || step >= steps) {
      outside++;
      continue;
    }
    const [x, y] = [Math.floor((events.x[i]! - crop.x) / k), Math.floor((events.y[i]! - crop.y) / k)];
    if (x < 0 || x >= width || y < 0 || y >= height) continue;
    const plane = polarity === 'both' ? events.polarity[i]! : 0;
    const at = step * inputs + (plane * height + y) * width + x;
    out[at] = Math.min(most, out[at]! + 1);
  }
  return { steps, inputs, shape: [planes, height, width], values: out, outside };
}

/** Start and length of the steps in microseconds. */
function timing({ time }: Events, { steps, start, stepLength }: BinOptions): [start: number, length: number] {
  let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const t of time) {
    first = Math.min(first, t);
    last = Math.max(last, t);
  }
  const from = start ?? (time.length > 0 ? first : 0);
  // one microsecond more, so that the last event is in the last step
  return [from, stepLength ?? Math.max(1, last + 1 - from) / steps];
}

function check(events: Events, o: BinOptions, crop: NonNullable<BinOptions['crop']>, k: number): void {
  const refuse = (name: string, got: unknown, expected: string): never => {
    throw new Error(`binEvents: ${name} must be ${expected}, got ${got}`);
  };
  if (!(Number.isInteger(o.steps) && o.steps > 0)) refuse('steps', o.steps, 'a whole number above 0');
  if (o.stepLength !== undefined && !(o.stepLength > 0 && Number.isFinite(o.stepLength)))
    refuse('stepLength', o.stepLength, 'a number of microseconds above 0');
  if (o.start !== undefined && !Number.isFinite(o.start)) refuse('start', o.start, 'a number of microseconds');
  if (!['bits', 'counts', undefined].includes(o.values)) refuse('values', o.values, "'bits' or 'counts'");
  if (!['both', 'merged', undefined].includes(o.polarity)) refuse('polarity', o.polarity, "'both' or 'merged'");
  const { x, y, width, height } = crop;
  if (!Object.values(crop).every(Number.isInteger) || x < 0 || y < 0 || width < 1 || height < 1)
    refuse('crop', JSON.stringify(crop), 'whole pixels');
  if (x + width > events.width || y + height > events.height)
    refuse('crop', JSON.stringify(crop), `inside ${events.width} x ${events.height} pixels`);
  if (!(Number.isInteger(k) && k >= 1 && k <= Math.min(width, height)))
    refuse('downsample', k, `a whole number in 1..${Math.min(width, height)}`);
}
