import { describe, expect, it } from 'vitest';
import { type Camera, readAedat } from '../../datasets/events/aedat.ts';
import { type BinOptions, binEvents } from '../../datasets/events/bins.ts';
import type { Events } from '../../datasets/events/events.ts';
import { loadNmnist, readNmnist } from '../../datasets/events/nmnist.ts';
import { memoryFiles } from '../../datasets/files.ts';

type Event = [x: number, y: number, polarity: number, time: number];

const listOf = (e: Events): Event[] =>
  Array.from({ length: e.count }, (_, i) => [e.x[i]!, e.y[i]!, e.polarity[i]!, e.time[i]!]);

const nmnist = (...events: Event[]): Uint8Array =>
  Uint8Array.from(events.flatMap(([x, y, p, t]) => [x, y, (p << 7) | (t >> 16), (t >> 8) & 255, t & 255]));

describe('N-MNIST', () => {
  const events: Event[] = [
    [0, 33, 1, 5],
    [33, 0, 0, 5],
    [17, 4, 1, 0x7fffff],
  ];

  it('recordings are read', () => {
    const got = readNmnist(nmnist(...events), 'a.bin');
    expect([got.width, got.height]).toEqual([34, 34]);
    expect(listOf(got)).toEqual(events);
  });

  it('marks that the clock ran over are no events', () => {
    const got = readNmnist(
      nmnist([1, 1, 0, 8000], [0, 240, 0, 0], [2, 2, 1, 100], [0, 240, 0, 0], [3, 3, 1, 1]),
      'a.bin',
    );
    expect(listOf(got)).toEqual([
      [1, 1, 0, 8000],
      [2, 2, 1, 8292],
      [3, 3, 1, 16385],
    ]);
  });

  it.each<[string, Uint8Array, string]>([
    [
      'cut short',
      nmnist(...events).subarray(0, 13),
      'a.bin: byte 10: expected an event, 5 bytes, but the file ends after 3',
    ],
    ['empty', new Uint8Array(0), 'a.bin: byte 0: the file is empty'],
    [
      'outside',
      nmnist([3, 3, 1, 1], [34, 3, 1, 2]),
      'a.bin: byte 5: the event is at column 34, row 3; expected 34 x 34',
    ],
    [
      'back in time',
      nmnist([3, 3, 1, 9], [3, 3, 1, 8]),
      'a.bin: byte 7: the event is at 8 us, before the one before it',
    ],
  ])('files that are %s are refused', (_, bytes, text) => {
    expect(() => readNmnist(bytes, 'a.bin')).toThrow(text);
  });

  it('loads the folders of both parts, the label from the folder', async () => {
    const bytes = nmnist(...events);
    const set = await loadNmnist(
      memoryFiles({ 'Train/3/00001.bin': bytes, 'Train/0/00002.bin': bytes, 'Test/7/1.bin': nmnist(events[0]!) }),
    );
    expect([set.train.paths, [...set.train.labels]]).toEqual([
      ['Train/0/00002.bin', 'Train/3/00001.bin'],
      [0, 3],
    ]);
    expect(listOf(await set.test.read(0))).toEqual([events[0]]);
    const all: number[] = [];
    for await (const { index, item } of set.train.all()) all.push(index * 10 + item.count);
    expect(all).toEqual([3, 13]);
    await expect(set.train.read(2)).rejects.toThrow('recording 2: expected a number in 0..1');
    await expect(loadNmnist(memoryFiles({ 'Train/3/1.bin': bytes }))).rejects.toThrow(
      'nmnist: test: expected its files or an archive of them (.zip, .tar, .tar.gz, .tgz); the folder has Train/',
    );
    await expect(loadNmnist(memoryFiles({ 'Train/1.bin': bytes, 'Test/7/1.bin': bytes }))).rejects.toThrow(
      'nmnist: Train/1.bin: expected it in the folder of its digit',
    );
  });
});

const text = (s: string): number[] => [...s].map((c) => c.charCodeAt(0));
const bytesOf = (little: boolean, ...words: number[]): number[] => {
  const view = new DataView(new ArrayBuffer(4 * words.length));
  words.forEach((word, i) => view.setInt32(4 * i, word, little));
  return [...new Uint8Array(view.buffer)];
};

describe('AEDAT 2.0', () => {
  const header = (chip: string): number[] =>
    text(`#!AER-DAT2.0\r\n# This is a raw AE data file - do not edit\r\n# AEChip: ${chip}\r\n`);
  const file = (chip: string, ...events: [address: number, time: number][]): Uint8Array =>
    Uint8Array.from([...header(chip), ...bytesOf(false, ...events.flat())]);
  const dvs128 = (x: number, y: number, darker: number): number => (y << 8) | (x << 1) | darker;
  const davis = (x: number, y: number, brighter: number): number => (y << 22) | (x << 12) | (brighter << 11);

  it('of the DVS128 is counted from below and from the right, and a low bit is brighter', () => {
    const got = readAedat(
      file('ch.unizh.ini.jaer.chip.retina.DVS128', [dvs128(0, 0, 0), 7], [dvs128(10, 127, 1), 9]),
      'a',
    );
    expect([got.width, got.height]).toEqual([128, 128]);
    expect(listOf(got)).toEqual([
      [127, 127, 1, 7],
      [117, 0, 0, 9],
    ]);
  });

  it('of a DAVIS holds frames, motion and triggers too, which are left out', () => {
    const bytes = file(
      'eu.seebetter.ini.chips.davis.DAVIS240C',
      [davis(239, 179, 1), 1],
      [0x80000000 | davis(3, 3, 0), 2],
      [1 << 10, 3],
      [davis(0, 0, 0), 4],
    );
    expect(listOf(readAedat(bytes, 'a'))).toEqual([
      [0, 0, 1, 1],
      [239, 179, 0, 4],
    ]);
  });

  it('goes on when the clock of 32 bits runs over', () => {
    const got = readAedat(file('DVS128', [0, 2 ** 31 - 1], [0, -(2 ** 31)], [0, -5], [0, 3]), 'a');
    expect([...got.time]).toEqual([2 ** 31 - 1, 2 ** 31, 2 ** 32 - 5, 2 ** 32 + 3]);
  });

  it('is refused when cut short, of an unknown camera, or of another one', () => {
    const whole = file('DVS128', [0, 1], [0, 2]);
    const start = whole.length - 16;
    expect(() => readAedat(whole.subarray(0, -3), 'a')).toThrow(
      `a: byte ${start + 8}: expected an event, 8 bytes, but the file ends after 5`,
    );
    const unknown = file('some.Camera', [0, 1]);
    expect(() => readAedat(unknown, 'a')).toThrow('a: byte 0: the header names no known camera');
    expect(readAedat(unknown, 'a', { camera: 'DVS128' }).count).toBe(1);
    expect(() => readAedat(unknown, 'a', { camera: 'DVS1' as Camera })).toThrow('camera must be DVS128, DAVIS128');
    expect(() => readAedat(file('DAVIS240C', [davis(240, 5, 0), 1]), 'a')).toThrow(
      'the event is at column 240, row 5; DAVIS240 has 240 x 180',
    );
  });
});

describe('AEDAT 3.1', () => {
  const header = '#!AER-DAT3.1\r\n#Format: RAW\r\n#Source 1: DVS128\r\n#Start-Time: 2016-01-01\r\n#!END-HEADER\r\n';
  const event = ([x, y, p, t]: Event, valid = 1): number[] => bytesOf(true, (x << 17) | (y << 2) | (p << 1) | valid, t);
  const packet = (events: number[][], { kind = 1, source = 1, overflow = 0, size = 8 } = {}): number[] => [
    ...bytesOf(true, (source << 16) | kind, size, 4, overflow, events.length, events.length, events.length),
    ...events.flat(),
  ];
  const file = (...packets: number[][]): Uint8Array => Uint8Array.from([...text(header), ...packets.flat()]);
  const events: Event[] = [
    [0, 127, 1, 3],
    [127, 0, 0, 4],
  ];

  it('is read packet by packet, other kinds and invalid events left out', () => {
    const other = packet([bytesOf(true, 1, 2)], { kind: 0 });
    const late = packet([event([5, 6, 1, 7]), event([9, 9, 1, 8], 0)], { overflow: 2 });
    const got = readAedat(file(other, packet(events.map((e) => event(e))), late), 'a');
    expect([got.width, got.height]).toEqual([128, 128]);
    expect(listOf(got)).toEqual([...events, [5, 6, 1, 2 * 2 ** 31 + 7]]);
  });

  it('may begin with the byte of a header line', () => {
    // an event packet of source 35 begins with 1, one of kind 35 with '#'
    const got = readAedat(file(packet([bytesOf(true, 1, 2)], { kind: 35 }), packet([event(events[0]!)])), 'a');
    expect(got.count).toBe(1);
  });

  it('is refused when it is cut short or cannot be', () => {
    const whole = file(packet(events.map((e) => event(e))));
    const start = header.length;
    for (let n = start + 1; n < whole.length; n++)
      expect(() => readAedat(whole.subarray(0, n), 'a'), `${n} bytes`).toThrow(`a: byte ${start}: `);
    const refused = (bytes: Uint8Array): string => {
      try {
        readAedat(bytes, 'a');
      } catch (error) {
        return (error as Error).message;
      }
      return 'nothing';
    };
    expect(refused(file(packet([event([128, 1, 0, 1])])))).toContain('is at column 128, row 1; DVS128 has 128 x 128');
    expect(refused(file(packet([], { size: 0 })))).toContain('0 events of 0 bytes');
    expect(refused(file(packet([event(events[0]!)]), packet([], { source: 2 })))).toContain('sources 1 and 2');
    expect(refused(Uint8Array.from(text(header.replace('RAW', 'PNGFrames'))))).toContain('the format is PNGFrames');
    expect(refused(Uint8Array.from(text('#!AER-DAT3.1\r\n')))).toContain("expected '#!END-HEADER'");
    expect(refused(Uint8Array.from(text('#!AER-DAT4.0\r\n')))).toContain(
      'got AEDAT 4.0; AEDAT 4 and others are not read',
    );
    expect(refused(Uint8Array.from(text('RIFF')))).toContain('got no such line');
  });
});

describe('events to time steps', () => {
  const made = (...events: Event[]): Events => ({
    count: events.length,
    width: 4,
    height: 3,
    x: Uint16Array.from(events, (e) => e[0]),
    y: Uint16Array.from(events, (e) => e[1]),
    polarity: Uint8Array.from(events, (e) => e[2]),
    time: Float64Array.from(events, (e) => e[3]),
  });
  const events = made([0, 0, 0, 100], [3, 2, 1, 100], [3, 2, 1, 149], [1, 0, 1, 150], [2, 2, 0, 199]);
  /** What is not 0: [step, plane, row, column, value]. */
  const found = (options: BinOptions): number[][] => {
    const { steps, shape, inputs, values } = binEvents(events, options);
    const [planes, height, width] = shape;
    expect(inputs).toBe(planes * height * width);
    expect(values).toHaveLength(steps * inputs);
    return [...values.keys()]
      .filter((i) => values[i])
      .map((i) => {
        const [column, row] = [i % width, Math.floor(i / width) % height];
        return [Math.floor(i / inputs), Math.floor(i / width / height) % planes, row, column, values[i]!];
      });
  };

  it('share their time out evenly, a plane for each polarity', () => {
    expect(found({ steps: 2 })).toEqual([
      [0, 0, 0, 0, 1],
      [0, 1, 2, 3, 1],
      [1, 0, 2, 2, 1],
      [1, 1, 0, 1, 1],
    ]);
  });

  it('are counted, merged, cropped and joined', () => {
    expect(found({ steps: 1, values: 'counts', polarity: 'merged' })).toEqual([
      [0, 0, 0, 0, 1],
      [0, 0, 0, 1, 1],
      [0, 0, 2, 2, 1],
      [0, 0, 2, 3, 2],
    ]);
    expect(found({ steps: 1, polarity: 'merged', crop: { x: 1, y: 0, width: 3, height: 3 } })).toEqual([
      [0, 0, 0, 0, 1],
      [0, 0, 2, 1, 1],
      [0, 0, 2, 2, 1],
    ]);
    // the third row is left over
    expect(found({ steps: 1, polarity: 'merged', values: 'counts', downsample: 2 })).toEqual([[0, 0, 0, 0, 2]]);
    const many = made(...Array.from({ length: 300 }, (): Event => [1, 1, 1, 5]));
    expect(Math.max(...binEvents(many, { steps: 1, values: 'counts' }).values)).toBe(255);
  });

  it('before the start or after the last step are told', () => {
    const { values, outside } = binEvents(events, { steps: 1, start: 110, stepLength: 50 });
    expect(outside).toBe(3);
    expect(values.filter((x) => x > 0)).toHaveLength(2);
    expect(binEvents(made(), { steps: 3 }).values.every((x) => x === 0)).toBe(true);
  });

  it.each<[Partial<BinOptions>, string]>([
    [{ steps: 0 }, 'steps must be a whole number above 0, got 0'],
    [{ stepLength: -1 }, 'stepLength must be a number of microseconds above 0, got -1'],
    [{ start: Number.NaN }, 'start must be a number of microseconds, got NaN'],
    [{ values: 'bit' as 'bits' }, "values must be 'bits' or 'counts', got bit"],
    [{ polarity: 'on' as 'both' }, "polarity must be 'both' or 'merged', got on"],
    [{ crop: { x: 1, y: 0, width: 4, height: 1 } }, 'inside 4 x 3 pixels, got {"x":1,"y":0,"width":4,"height":1}'],
    [{ crop: { x: 0.5, y: 0, width: 1, height: 1 } }, 'crop must be whole pixels'],
    [{ downsample: 4 }, 'downsample must be a whole number in 1..3, got 4'],
  ])('refuse %o', (options, message) => {
    expect(() => binEvents(events, { steps: 2, ...options })).toThrow(message);
  });
});
