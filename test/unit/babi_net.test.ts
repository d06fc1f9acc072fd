import { describe, expect, it } from 'vitest';
import type { BabiPart } from '../../datasets/index.ts';
import { RelationNet, type RelationNetOptions } from '../../recipes/babi/net.ts';
import { roundedUp, structureOf } from '../../recipes/babi/pairs.ts';
import { listsOf, repeatSteps, sumsOfRows, turned } from '../../recipes/babi/rows.ts';
import { StorySource, sizesOf } from '../../recipes/babi/source.ts';
import {
  concatenateFeatures,
  Engine,
  gatherAlong,
  type Layer,
  Linear,
  Sequential,
  type Tape,
  type Tensor,
} from '../../src/index.ts';
import { crossEntropy } from '../../src/loss/cross_entropy.ts';
import { ReferenceDevice } from '../../src/reference/device.ts';
import { finiteDifferences } from '../support/finite_differences.ts';
import { Random } from '../support/random.ts';

// The spiking relation network on the float64 reference.

const WORDS = 4;
const SENTENCES = 5;
const VOCABULARY = 6;
const ANSWERS = 3;

const relationNet = (options: Partial<RelationNetOptions> = {}): Sequential =>
  new Sequential(
    new RelationNet({
      ...{ vocabulary: VOCABULARY, answers: ANSWERS, words: WORDS, sentences: SENTENCES, neurons: 7 },
      ...{ g: [8, 5, 4].map((n) => 4 * Math.ceil(n / 4)), f: [6], wordSteps: 3, relaySteps: 4 },
      ...{ tau: 6, tauRelation: 5, tauAhp: 20, beta: 0.2, gamma: 0.8 },
      gains: { words: 3, pair: 2.5, g: 2.5, f: 1 },
      ...options,
    }),
  );

/** A story of so many sentences: [1 + SENTENCES][WORDS], texts of one to WORDS words at the ends of their rows. */
function story(sentences: number, seed: string): number[][] {
  const random = new Random(seed);
  const text = (): number[] => {
    const words = 1 + Math.floor(random.uniform() * WORDS);
    const word = (_: unknown, i: number): number =>
      i < WORDS - words ? 0 : 1 + Math.floor(random.uniform() * VOCABULARY);
    return Array.from({ length: WORDS }, word);
  };
  return Array.from({ length: 1 + SENTENCES }, (_, k) => (k <= sentences ? text() : new Array<number>(WORDS).fill(0)));
}

/** Stories side by side, [1 + SENTENCES, B, WORDS]. */
const batched = (stories: readonly number[][][]): Float32Array =>
  Float32Array.from(stories[0]!.flatMap((_, k) => stories.flatMap((s) => s[k]!)));

const inputOf = (tape: Tape, stories: readonly number[][][]): Tensor =>
  tape.input(batched(stories), { shape: [1 + SENTENCES, stories.length, WORDS] });

const four = [3, 1, 5, 2].map((n, i) => story(n, `story ${i}`));

describe('sums of rows', () => {
  it('add what the lists say, and their gradients are those of the sums', async () => {
    const random = new Random('rows');
    const [aRows, bRows, rows, N, parts] = [3, 2, 4, 4, 2];
    const from = [[0, 3, 6], [5], [], [5, 7, 5]];
    const forward = listsOf(rows, 12, (r, add) => from[r]!.forEach(add));
    const lists = { forward, a: turned(forward, rows, 0, 6, 9), b: turned(forward, rows, 6, 2, 7) };
    const a = random.normals(aRows * parts * N);
    const b = random.normals(bRows * N);
    const weights = [new Linear(parts * N, parts * N, { bias: false }), new Linear(N, N, { bias: false })];
    const engine = new Engine(new ReferenceDevice());
    const net = new Sequential(new Sequential(weights[0]!), new Sequential(weights[0]!));
    engine.bind(net);
    const tape = engine.tape();
    const spec = { requiresGrad: true } as const;
    const x = tape.input(a, { shape: [1, aRows, parts * N], name: 'a', ...spec }).keepGradient();
    const y = tape.input(b, { shape: [1, bRows, N], name: 'b', ...spec }).keepGradient();
    const sum = sumsOfRows({ a: x, b: y, parts }, lists, [1, rows, N], 'sum').keep();
    sum.keepGradient();
    crossEntropy(sum, [0, 1, 2, 3]).loss.backward();
    await tape.run();
    const [result, g] = [await sum.read(), await sum.readGradient()];
    const row = (r: number, n: number): number => (r < 6 ? a[r * N + n]! : b[(r - 6) * N + n]!);
    const back = new Float64Array(8 * N);
    from.forEach((list, r) => {
      for (let n = 0; n < N; n++) {
        expect(result[r * N + n]).toBeCloseTo(
          list.reduce((s, k) => s + row(k, n), 0),
          5,
        );
        for (const k of list) back[k * N + n]! += g[r * N + n]!;
      }
    });
    expect(Math.hypot(...g)).toBeGreaterThan(0.1);
    const got = [...(await x.readGradient()), ...(await y.readGradient())];
    got.forEach((d, i) => expect(d).toBeCloseTo(back[i]!, 6));
  });

  it('repeat steps', async () => {
    const engine = new Engine(new ReferenceDevice());
    const tape = engine.tape({ training: false });
    const x = tape.input([1, 2, 3, 4], { shape: [2, 2, 1] });
    const y = repeatSteps(x, 3, 'repeat').keep();
    await tape.run();
    expect([...(await y.read())]).toEqual([1, 2, 1, 2, 1, 2, 3, 4, 3, 4, 3, 4]);
  });
});

describe('the structure of a batch', () => {
  it('has every pair of each story once, at most a quarter more rows, and few sizes', () => {
    const { sentences, pairs, rows, pairRows, forward } = structureOf([3, 1, 20], 2);
    expect(sentences.length).toBe(24);
    expect(pairs).toBe(6 + 1 + 210);
    const triples = new Set<string>();
    for (let p = 0; p < pairs; p++) {
      const [i, j, q] = forward.slice(2 * pairRows + 1 + 3 * p, 2 * pairRows + 4 + 3 * p) as unknown as number[];
      const [first, second, sample] = [i! / 2, (j! - 1) / 2, q! - 4 * rows];
      expect(sentences[first]![1]).toBe(sample);
      expect(sentences[second]![1]).toBe(sample);
      expect(sentences[first]![0]).toBeLessThanOrEqual(sentences[second]![0]);
      triples.add(`${first} ${second}`);
    }
    expect(triples.size).toBe(pairs);
    // empty rows, and the second step
    expect(forward[pairs]).toBe(3 * pairs);
    expect(forward[pairRows]).toBe(3 * pairs);
    expect(forward[2 * pairRows]).toBe(6 * pairs);
    const sizes = new Set<number>();
    for (let n = 1; n <= 6720; n++) {
      expect(roundedUp(n)).toBeGreaterThanOrEqual(n);
      if (n > 16) expect(roundedUp(n)).toBeLessThanOrEqual(1.25 * n);
      sizes.add(roundedUp(n));
    }
    expect(sizes.size).toBeLessThan(45);
  });
});

describe('the relation network', () => {
  it('answers each question of a batch as if it were alone: absent sentences and pairs count nothing', async () => {
    const net = relationNet().initialize(5);
    const engine = new Engine(new ReferenceDevice());
    engine.bind(net);
    const answers = async (stories: readonly number[][][]) => {
      const tape = engine.tape({ training: false });
      const y = net.forward(inputOf(tape, stories)).keep();
      const sums = tape.tensors.find((t) => t.name === '0 RelationNet sum over pairs')!.keep();
      const g = tape.cells.filter((run) => /\.g\d/.test(run.label)).map((run) => run.z!.keep());
      await tape.run();
      const spikes = await Promise.all(g.map(async (z) => (await z.read()).reduce((a, b) => a + b, 0)));
      return { y: await y.read(), sums: await sums.read(), spikes: spikes.reduce((a, b) => a + b, 0) };
    };
    const together = await answers(four);
    expect(together.spikes).toBeGreaterThan(100);
    expect(new Set(together.y).size).toBeGreaterThan(30);
    let spikes = 0;
    for (const [b, s] of four.entries()) {
      const alone = await answers([s]);
      spikes += alone.spikes;
      for (let t = 0; t < 4; t++)
        for (let n = 0; n < ANSWERS; n++)
          expect(together.y[(t * 4 + b) * ANSWERS + n]).toBeCloseTo(alone.y[t * ANSWERS + n]!, 5);
    }
    expect(together.spikes).toBe(spikes);
    // the places of sentences matter, and those of one story to its own sum alone
    const changed = structuredClone(four);
    [changed[2]![1], changed[2]![4]] = [changed[2]![4]!, changed[2]![1]!];
    const { sums } = await answers(changed);
    const differs = (b: number): boolean => sums.some((x, i) => Math.floor(i / 4) % 4 === b && x !== together.sums[i]);
    expect([0, 1, 2, 3].map(differs)).toEqual([false, false, true, false]);
  });

  it('is shown each word as a spike, and with it the place of its sentence', async () => {
    const net = relationNet().initialize(5);
    const engine = new Engine(new ReferenceDevice());
    engine.bind(net);
    const tape = engine.tape({ training: false });
    net.forward(inputOf(tape, four));
    const x = tape.nodes.find((n) => n.label === '0.words Linear')!.inputs[0]!.keep();
    await tape.run();
    const { sentences } = structureOf([3, 1, 5, 2], 4);
    const [, rows, inputs] = x.shape as [number, number, number];
    const spikes: string[] = [];
    (await x.read()).forEach((z, i) => {
      const [w, r, n] = [Math.floor(i / rows / inputs), Math.floor(i / inputs) % rows, i % inputs];
      if (z) spikes.push(`${w} ${r} ${n}`);
    });
    const expected = sentences.flatMap(([k, b], r) =>
      four[b]![1 + k]!.flatMap((word, w) => (word ? [`${w} ${r} ${word - 1}`, `${w} ${r} ${VOCABULARY + k}`] : [])),
    );
    expect(spikes.sort()).toEqual(expected.sort());
  });

  it('sees a pair as one list of inputs: both sentences, then the question', async () => {
    const net = relationNet().initialize(5);
    const [relation] = net.layers as [Layer];
    const { pair, relevance } = relation.children as Record<string, Linear>;
    const N = 7;
    const G = 8;
    // [G, 3 N] of the parts
    const whole = new Linear(3 * N, G);
    for (let n = 0; n < G; n++)
      for (let k = 0; k < N; k++) {
        whole.params.weight!.data[n * 3 * N + k] = pair!.params.weight!.data[n * N + k]!;
        whole.params.weight!.data[n * 3 * N + N + k] = pair!.params.weight!.data[(G + n) * N + k]!;
        whole.params.weight!.data[n * 3 * N + 2 * N + k] = relevance!.params.weight!.data[n * N + k]!;
      }
    relevance!.params.bias!.data.forEach((_, n) => {
      relevance!.params.bias!.data[n] = whole.params.bias!.data[n] = 0.1 * n;
    });
    const engine = new Engine(new ReferenceDevice());
    const both = new Sequential(new Sequential(new Linear(4, 3 * N), whole), new Linear(G, WORDS), ...net.layers);
    engine.bind(both);
    const tape = engine.tape({ training: false });
    net.forward(inputOf(tape, four));
    const named = (label: string): Tensor => tape.tensors.find((t) => t.name === label)!;
    const current = named('0 RelationNet pairs').keep();
    const node = (label: string): Tensor => tape.nodes.find((n) => n.label === label)!.inputs[0]!;
    const [s, q] = [node('0.pair Linear'), node('0.relevance Linear')];
    const { forward, pairs, pairRows, rows } = structureOf([3, 1, 5, 2], 4);
    const triple = (p: number): [number, number, number] => {
      const at = 4 * pairRows + 1 + 3 * p;
      return [forward[at]! / 2, (forward[at + 1]! - 1) / 2, forward[at + 2]! - 8 * rows];
    };
    const all = Array.from({ length: pairs }, (_, p) => triple(p));
    const list = (x: Tensor, k: 0 | 1 | 2): Tensor =>
      gatherAlong(
        x,
        1,
        all.map((t) => t[k]),
      );
    const expected = whole.forward(concatenateFeatures([list(s, 0), list(s, 1), list(q, 2)])).keep();
    await tape.run();
    const [got, want] = [await current.read(), await expected.read()];
    expect(Math.hypot(...want)).toBeGreaterThan(10);
    for (let t = 0; t < 4; t++)
      for (let p = 0; p < pairs; p++)
        for (let n = 0; n < G; n++)
          expect(got[(t * pairRows + p) * G + n]).toBeCloseTo(want[(t * pairs + p) * G + n]!, 4);
  });

  it('has the gradients of its loss, through all replicas', async () => {
    const net = relationNet().initialize(5);
    const agreements = await finiteDifferences({
      module: net,
      record(tape) {
        const y = net.forward(inputOf(tape, four));
        return { loss: crossEntropy(y, [0, 2, 1, 1], { at: 'mean' }).loss, inputs: [], values: [y] };
      },
    });
    expect(agreements.map((a) => a.name)).toContain('0.sentence.recurrent.weight');
    for (const { name, error, size } of agreements) {
      expect(size, name).toBeGreaterThan(1e-5);
      expect(error, name).toBeLessThan(1e-5);
    }
  });

  it('keeps to one form of a step while the structure hardly changes', async () => {
    const net = relationNet().initialize(5);
    const engine = new Engine(new ReferenceDevice());
    engine.bind(net);
    const forms = new Set<object>();
    for (const sizes of [
      [5, 3, 3, 2],
      [2, 3, 4, 4],
      [4, 4, 1, 4],
    ]) {
      const tape = engine.tape({ training: false });
      net.forward(
        inputOf(
          tape,
          sizes.map((n) => story(n, String(n))),
        ),
      );
      await tape.run();
      forms.add(tape.form);
    }
    expect(forms.size).toBe(1);
  });

  it('refuses sizes and inputs that it cannot have', () => {
    expect(() => relationNet({ g: [6] })).toThrow('g must have layers of multiples of 4 neurons, got [6]');
    expect(() => relationNet({ f: [] })).toThrow('f must have at least one layer');
    expect(() => relationNet({ relaySteps: 13 })).toThrow('relaySteps must be at most 4 x 3');
    const net = relationNet();
    const engine = new Engine(new ReferenceDevice());
    engine.bind(net);
    const x = engine.tape().input(new Float32Array(8), { shape: [1, 2, WORDS] });
    expect(() => net.forward(x)).toThrow('0 RelationNet: expects [6, B, 4] numbers of words as they came');
  });
});

describe('questions as the net takes them', () => {
  it('are the question, then the latest sentence first, words at the end', () => {
    const part: BabiPart = {
      count: 2,
      tasks: Uint8Array.of(1, 1),
      labels: Uint32Array.of(2, 1),
      stories: Uint32Array.of(0, 0),
      words: Uint16Array.of(1, 2, 3, 4, 5, 6, 1),
      begins: Uint32Array.of(0, 2, 3, 6, 7),
      question: Uint32Array.of(2, 3),
      from: Uint32Array.of(0, 0),
      to: Uint32Array.of(2, 1),
    };
    const sizes = sizesOf([part]);
    expect(sizes).toEqual({ words: 3, sentences: 2 });
    const source = new StorySource(part, [1, 0], sizes);
    const batch = source.batch([1, 0]);
    expect(batch.shape).toEqual([3, 2, 3]);
    expect([...batch.labels]).toEqual([2, 1]);
    expect([...batch.values]).toEqual([5, 6, 7, 0, 0, 2, 0, 0, 4, 0, 2, 3, 0, 2, 3, 0, 0, 0]);
  });
});
