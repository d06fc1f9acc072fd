import { onlyKnown } from '../options.ts';
import { type Events, emptyEvents, firstEvents } from './events.ts';

/** Pixels of the cameras that write these files. */
const CAMERAS = {
  DVS128: [128, 128],
  DAVIS128: [128, 128],
  DAVIS208: [208, 192],
  DAVIS240: [240, 180],
  DAVIS346: [346, 260],
  DAVIS640: [640, 480],
} as const;

export type Camera = keyof typeof CAMERAS;

export interface AedatOptions {
  /** What the file was recorded with, where its header does not say it. */
  camera?: Camera;
}

type Wrong = (offset: number, text: string) => Error;

/**
 * The polarity events of a recording in the form AEDAT 2.0 or 3.1 (RAW), with times in microseconds. All else in it
 * (frames, motion, triggers) is passed over, as are events marked invalid.
 *
 * @param bytes a whole file
 * @param name what error messages call it
 * @throws Error with name and byte offset when it is of another version, cut short or damaged, or the camera is not known
 */
export function readAedat(bytes: Uint8Array, name: string, options: AedatOptions = {}): Events {
  const wrong: Wrong = (offset, text) => new Error(`${name}: byte ${offset}: ${text}`);
  onlyKnown('readAedat', options, ['camera']);
  const { camera } = options;
  if (camera !== undefined && !Object.hasOwn(CAMERAS, camera))
    throw new Error(`readAedat: camera must be ${Object.keys(CAMERAS).join(', ')}, got ${camera}`);
  const { lines, end } = headerOf(bytes);
  const version = /^#!AER-DAT(\d+\.\d+)/.exec(lines[0] ?? '')?.[1];
  if (version === '2.0') return version2(bytes, end, camera ?? cameraOf(lines.join('\n'), wrong), wrong);
  if (version === '3.1') return version3(bytes, lines, end, camera, wrong);
  const got = version ? `AEDAT ${version}` : 'no such line';
  throw wrong(0, `expected '#!AER-DAT2.0' or '#!AER-DAT3.1', got ${got}; AEDAT 4 and others are not read`);
}

/** The lines that begin with '#', without their ends, and where the data begin. */
function headerOf(bytes: Uint8Array): { lines: string[]; end: number } {
  const lines: string[] = [];
  let end = 0;
  while (bytes[end] === 35) {
    const newline = bytes.indexOf(10, end);
    if (newline < 0) break;
    lines.push(new TextDecoder('latin1').decode(bytes.subarray(end, newline)).trimEnd());
    end = newline + 1;
    // data may begin with a '#' of their own
    if (lines.at(-1) === '#!END-HEADER') break;
  }
  return { lines, end };
}

function cameraOf(text: string, wrong: Wrong): Camera {
  const found = Object.keys(CAMERAS).find((camera) => text.toUpperCase().includes(camera));
  if (!found)
    throw wrong(0, `the header names no known camera; give the option camera: ${Object.keys(CAMERAS).join(', ')}`);
  return found as Camera;
}

/** A big-endian address and a time, 4 bytes each. jAER counts rows from below and columns from the right. */
function version2(bytes: Uint8Array, start: number, camera: Camera, wrong: Wrong): Events {
  const rest = (bytes.length - start) % 8;
  if (rest !== 0) throw wrong(bytes.length - rest, `expected an event, 8 bytes, but the file ends after ${rest}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [width, height] = CAMERAS[camera];
  const events = emptyEvents((bytes.length - start) / 8, width, height);
  let [found, passed, last] = [0, 0, 0];
  for (let at = start; at < bytes.length; at += 8) {
    const [address, stamp] = [view.getUint32(at), view.getInt32(at + 4)];
    // the clock of 32 bits has run over
    if (last - stamp > 2 ** 31) passed += 2 ** 32;
    last = stamp;
    const event = camera === 'DVS128' ? dvs128(address) : davis(address);
    if (!event) continue;
    const [x, y] = [width - 1 - event.x, height - 1 - event.y];
    if (x < 0 || y < 0)
      throw wrong(at, `the event is at column ${event.x}, row ${event.y}; ${camera} has ${width} x ${height}`);
    events.x[found] = x;
    events.y[found] = y;
    events.polarity[found] = event.polarity;
    events.time[found] = passed + stamp;
    found++;
  }
  return firstEvents(events, found);
}

type Address = { x: number; y: number; polarity: number } | null;

/** Bit 15 marks a trigger; the lowest bit is 0 for brighter. */
const dvs128 = (address: number): Address =>
  address & 0x8000 ? null : { x: (address >> 1) & 127, y: (address >> 8) & 127, polarity: 1 - (address & 1) };

/** Bit 31 marks frames and motion, bit 10 a trigger; bit 11 is 1 for brighter. */
const davis = (address: number): Address =>
  address & 0x80000400 ? null : { x: (address >> 12) & 1023, y: (address >> 22) & 511, polarity: (address >> 11) & 1 };

const PACKET = 28;
const POLARITY = 1;

/** Little-endian packets of events of one kind, after a header of 28 bytes; rows are counted from above. */
function version3(bytes: Uint8Array, lines: string[], start: number, given: Camera | undefined, wrong: Wrong): Events {
  if (lines.at(-1) !== '#!END-HEADER') throw wrong(start, `expected '#!END-HEADER', but the header ends`);
  const format = lines
    .find((line) => line.startsWith('#Format:'))
    ?.slice(8)
    .trim();
  if (format !== undefined && format !== 'RAW') throw wrong(0, `the format is ${format}, expected RAW`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const packets: { at: number; count: number; size: number; past: number }[] = [];
  let source: number | undefined;
  for (let at = start; at < bytes.length; ) {
    if (at + PACKET > bytes.length)
      throw wrong(at, `expected a packet's header, ${PACKET} bytes, but the file ends after ${bytes.length - at}`);
    const [kind, from, size] = [view.getInt16(at, true), view.getInt16(at + 2, true), view.getInt32(at + 4, true)];
    const [overflow, count] = [view.getInt32(at + 12, true), view.getInt32(at + 20, true)];
    if (size <= 0 || count < 0 || overflow < 0)
      throw wrong(
        at,
        `the packet has ${count} events of ${size} bytes and ${overflow} clock overflows, which cannot be`,
      );
    const next = at + PACKET + size * count;
    if (next > bytes.length)
      throw wrong(
        at,
        `the packet has ${count} events of ${size} bytes, but the file ends after ${bytes.length - at - PACKET}`,
      );
    if (kind === POLARITY) {
      if (size !== 8) throw wrong(at + 4, `a polarity event has ${size} bytes, expected 8`);
      if (source !== undefined && source !== from)
        throw wrong(at + 2, `the events are of sources ${source} and ${from}, expected one camera`);
      source = from;
      packets.push({ at: at + PACKET, count, size, past: overflow * 2 ** 31 });
    }
    at = next;
  }
  const described = lines.find((line) => line.startsWith(`#Source ${source ?? ''}`)) ?? '';
  const camera = given ?? cameraOf(described, wrong);
  const [width, height] = CAMERAS[camera];
  const events = emptyEvents(
    packets.reduce((sum, { count }) => sum + count, 0),
    width,
    height,
  );
  let found = 0;
  for (const packet of packets) {
    for (let i = 0; i < packet.count; i++) {
      const at = packet.at + i * packet.size;
      const data = view.getUint32(at, true);
      if (!(data & 1)) continue;
      const [x, y] = [data >>> 17, (data >>> 2) & 0x7fff];
      if (x >= width || y >= height)
        throw wrong(at, `the event is at column ${x}, row ${y}; ${camera} has ${width} x ${height}`);
      events.x[found] = x;
      events.y[found] = y;
      events.polarity[found] = (data >> 1) & 1;
      events.time[found] = packet.past + view.getInt32(at + 4, true);
      found++;
    }
  }
  return firstEvents(events, found);
}
