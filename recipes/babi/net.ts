import {
  AHP,
  Container,
  dense,
  type ForwardContext,
  type Layer,
  type LayerConfig,
  LIF,
  Linear,
  Readout,
  type Surrogate,
  slice,
  type Tensor,
  triangle,
} from 'spiketape';
import { structureOf } from './pairs.ts';
import { repeatSteps, sumsOfRows } from './rows.ts';

export interface RelationNetOptions {
  /** Words that there are, and answers. */
  readonly vocabulary: number;
  readonly answers: number;
  /** Words of the longest sentence or question, and sentences of the longest story. */
  readonly words: number;
  readonly sentences: number;
  /** AHP neurons of the sentence net and of the question net (200), how many of them are adaptive (half of them). */
  readonly neurons?: number;
  readonly adaptive?: number;
  /** Layers of the relation net g, which sees each pair, and of f, which sees their sum. */
  readonly g?: readonly number[];
  readonly f?: readonly number[];
  /** Time steps that a word is shown, and that the relays pass on (10 each). */
  readonly wordSteps?: number;
  readonly relaySteps?: number;
  /** Membrane time constants in steps: of the AHP neurons (20), and of g, f and readout (20). */
  readonly tau?: number;
  readonly tauRelation?: number;
  /** Time constant in steps of the slow current, and what a spike takes off it. */
  readonly tauAhp?: number;
  readonly beta?: number;
  /** Damping of the surrogate derivative (0.3). */
  readonly gamma?: number;
  /**
   * How large weights begin, so that all layers fire: what a word adds to a reading neuron in all its steps (3), and factors on
   * N(0, 1)/sqrt(inputs) for what arrives at the first layer of g, at the others, and at f, which sees a sum over pairs.
   */
  readonly gains?: { readonly words?: number; readonly pair?: number; readonly g?: number; readonly f?: number };
}

/**
 * The spiking relation network of Rao, Plank, Wild & Maass, Nature Machine Intelligence 2022, after Santoro et al. 2017:
 *
 *     s_i = sentence net (words of sentence i, its place)    one net of AHP neurons, the same for all sentences
 *     q   = question net (words of the question)             another
 *     y   = f(sum over i <= j of g(s_i, s_j, q))             small feed-forward nets of LIF neurons, and a readout
 *
 * A word is an input neuron that fires at each of its steps. Relays pass on the last steps of the nets that read, in which g and f then work.
 * Sentences stand at the end of their time, behind steps without a spike, in which nothing happens: so all end together. A
 * further input neuron for each place in the story fires all the while.
 *
 * The input is [1 + sentences, B, words] numbers of words + 1, the question first, then the sentences, 0 where there is no
 * word. All sentences of a batch are one larger batch; those that are absent are left out, and so are their pairs.
 */
export class RelationNet extends Container {
  readonly children: Readonly<Record<string, Layer>>;
  readonly config: LayerConfig;
  readonly inputs: number;
  readonly outputs: number;
  readonly #sizes: Required<
    Pick<RelationNetOptions, 'vocabulary' | 'words' | 'sentences' | 'wordSteps' | 'relaySteps'>
  >;
  readonly #relation: readonly string[];
  readonly #answer: readonly string[];

  constructor(options: RelationNetOptions) {
    super();
    const { vocabulary, answers, words, sentences, neurons = 200, adaptive = Math.round(neurons / 2) } = options;
    const { g = [256, 256], f = [256], wordSteps = 10, relaySteps = 10 } = options;
    const { tau = 20, tauRelation = 20, tauAhp = 700, beta = 0.0118, gamma = 0.3 } = options;
    if (g.length === 0 || g.some((n) => n % 4 !== 0))
      throw new Error(`RelationNet: g must have layers of multiples of 4 neurons, got [${g.join(', ')}]`);
    if (f.length === 0) throw new Error('RelationNet: f must have at least one layer');
    if (relaySteps > words * wordSteps)
      throw new Error(
        `RelationNet: relaySteps must be at most ${words} x ${wordSteps} (words x steps), got ${relaySteps}`,
      );
    const surrogate: Surrogate = triangle({ gamma });
    const reader = { recurrent: true, adaptive, tau, tauAhp, beta, surrogate } as const;
    const spiking = { tau: tauRelation, surrogate } as const;
    const { words: byWord = 3, pair: byPair = 2.5, g: within = 2, f: bySum = 0.15 } = options.gains ?? {};
    // of one-hot inputs one fires
    const read = (inputs: number) => ({ bias: false, weightGain: (byWord / wordSteps) * Math.sqrt(inputs) });
    // the three of a triple together are one matrix of 600 inputs
    const third = byPair * Math.sqrt(1 / 3);
    const first = g[0]!;
    const last = g.at(-1)!;
    const relation = g.map(
      (n, i) =>
        [`g${i}`, i === 0 ? new LIF(n, spiking) : new LIF(g[i - 1]!, n, { ...spiking, weightGain: within })] as const,
    );
    const answer = f.map((n, i) => {
      const weightGain = i === 0 ? bySum : within;
      return [`f${i}`, new LIF(i === 0 ? last : f[i - 1]!, n, { ...spiking, weightGain })] as const;
    });
    this.children = {
      words: new Linear(vocabulary + sentences, neurons, read(vocabulary + sentences)),
      sentence: new AHP(neurons, reader),
      asked: new Linear(vocabulary, neurons, read(vocabulary)),
      question: new AHP(neurons, reader),
      pair: new Linear(neurons, 2 * first, { bias: false, weightGain: third }),
      relevance: new Linear(neurons, first, { weightGain: third }),
      ...Object.fromEntries([...relation, ...answer]),
      // what it adds up over its steps begins small
      readout: new Readout(f.at(-1)!, answers, { tau: tauRelation, weightGain: 2 / relaySteps }),
    };
    this.#relation = relation.map(([name]) => name);
    this.#answer = [...answer.map(([name]) => name), 'readout'];
    this.#sizes = { vocabulary, words, sentences, wordSteps, relaySteps };
    this.label = 'RelationNet';
    this.inputs = words;
    this.outputs = answers;
    this.config = { kind: 'RelationNet', ...options };
  }

  /** @param x [1 + sentences, B, words] numbers that came with `tape.input`: which sentences there are decides what is computed */
  forward(x: Tensor, context: ForwardContext = {}): Tensor {
    const { wordSteps, relaySteps, words, sentences } = this.#sizes;
    const { tape } = x;
    const [, B] = x.shape as [number, number, number];
    const numbers = tape.data.get(x.id);
    if (!(numbers instanceof Float32Array) || x.shape[0] !== 1 + sentences)
      throw new Error(`${this.label}: expects [${1 + sentences}, B, ${words}] numbers of words as they came, got ${x}`);
    const pitch = numbers.length / (x.shape[0]! * B);
    const row = (k: number, b: number): Float32Array => numbers.subarray((k * B + b) * pitch).subarray(0, words);
    const there = Array.from({ length: B }, (_, b) => {
      let k = 0;
      while (k < sentences && row(1 + k, b).some((w) => w > 0)) k++;
      return k;
    });
    const structure = structureOf(there, relaySteps);
    const { rows, pairRows } = structure;
    const told = structure.sentences.map(([k, b]) => [row(1 + k, b), k] as const);
    const asked = Array.from({ length: B }, (_, b) => [row(0, b), null] as const);
    const read = (texts: Shown[], n: number, [input, net]: [string, string]): Tensor => {
      const spikes = this.#spikesOf(tape, texts, n, this.children[input]!.inputs, input);
      const current = repeatSteps(this.run(input, spikes, context), wordSteps, `${this.children[input]!.label} steps`);
      const z = this.run(net, current, context);
      return slice(z, 0, words * wordSteps - relaySteps, words * wordSteps);
    };
    const s = this.run('pair', read(told, rows, ['words', 'sentence']), context);
    const q = this.run('relevance', read(asked, B, ['asked', 'question']), context);
    const width = q.shape[2]!;
    const current = sumsOfRows(
      { a: s, b: q, parts: 2 },
      { forward: structure.forward, a: structure.ofSentences, b: structure.ofSamples },
      [relaySteps, pairRows, width],
      `${this.label} pairs`,
    );
    const g = dense(this.#relation.reduce((y, name) => this.run(name, y, context), current));
    const sum = sumsOfRows(
      { a: g },
      { forward: structure.ofSamples, a: structure.sampleOf },
      [relaySteps, B, g.shape[2]!],
      `${this.label} sum over pairs`,
    );
    return this.#answer.reduce((y, name) => this.run(name, y, context), sum);
  }

  /** [words, n, inputs] a spike for each word, and for the sentence's place. */
  #spikesOf(tape: Tensor['tape'], texts: readonly Shown[], n: number, inputs: number, name: string): Tensor {
    const { words, vocabulary } = this.#sizes;
    const values = new Uint8Array(words * n * inputs);
    texts.forEach(([text, place], r) => {
      text.forEach((word, w) => {
        if (word === 0) return;
        const at = (w * n + r) * inputs;
        values[at + word - 1] = 1;
        if (place !== null) values[at + vocabulary + place] = 1;
      });
    });
    return tape.input(values, { shape: [words, n, inputs], form: 'bits', name });
  }
}

/** The words of a text, and its place in the story. */
type Shown = readonly [text: Float32Array, place: number | null];
