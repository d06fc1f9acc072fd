import { readUnpacked } from './archive.ts';
import type { Files } from './files.ts';
import { utf8 } from './gunzip.ts';
import { DataLoader } from './loader.ts';
import { onlyKnown } from './options.ts';
import { BitRows, type Sample } from './sample.ts';

/** A text as places in a vocabulary of characters. */
export interface CharacterText {
  /** Its file. */
  readonly name: string;
  readonly text: string;
  /** The characters (Unicode code points) that occur, sorted. */
  readonly vocabulary: readonly string[];
  /** [characters] */
  readonly codes: Uint32Array<ArrayBuffer>;
}

/**
 * A text file, `.txt` or `.txt.gz`.
 *
 * @param name the file; by default the only one there is
 * @throws when there is none, or several and no name, or it is empty or no UTF-8
 */
export async function loadText(files: Files, { name }: { readonly name?: string } = {}): Promise<CharacterText> {
  const texts = (await files.list()).filter((n) => /\.txt(\.gz)?$/i.test(n));
  if (name === undefined && texts.length !== 1)
    throw new Error(
      `loadText: expected one .txt or .txt.gz file, or its name; the folder has ${texts.slice(0, 12).join(', ') || 'none'}`,
    );
  const file = name ?? (texts[0] as string);
  const text = utf8(await readUnpacked(files, file), file).replace(/^\ufeff/, '');
  if (text === '') throw new Error(`${file}: expected a text, got an empty file`);
  return { name: file, text, ...charactersOf(text) };
}

/**
 * A text's vocabulary, and its characters as places in it.
 *
 * @param vocabulary of another text, for which the net was made
 * @throws when the text has a character that a given vocabulary has not, with its place
 */
export function charactersOf(
  text: string,
  vocabulary: readonly string[] = [...new Set(text)].sort(),
): Pick<CharacterText, 'vocabulary' | 'codes'> {
  const places = new Map(vocabulary.map((character, code) => [character, code]));
  const codes = Uint32Array.from(text, (character, i) => {
    const code = places.get(character);
    if (code === undefined) throw new Error(`charactersOf: ${describe(character)} at ${i} is not in the vocabulary`);
    return code;
  });
  return { vocabulary, codes };
}

const describe = (character: string): string =>
  `${JSON.stringify(character)} (U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')})`;

export interface TextLoaderOptions {
  /** Characters of a window. */
  readonly steps: number;
  /** Size of the vocabulary. */
  readonly symbols: number;
  /** Characters from one window's beginning to the next (default: steps, so that windows lie side by side). */
  readonly stride?: number;
  /** 'one-hot' (default): a spike of the character's input; 'index': its number, one input, for an embedding. */
  readonly form?: 'one-hot' | 'index';
  /** What is to be told: the character after each step (default), or only that after the last. */
  readonly predict?: 'each' | 'last';
}

/**
 * Windows of a text, for telling the next character.
 *
 * @param codes [characters], as `loadText` gives them, or a part of them
 */
export function textLoader(codes: ArrayLike<number>, options: TextLoaderOptions): DataLoader {
  onlyKnown('textLoader', options, ['steps', 'symbols', 'stride', 'form', 'predict']);
  const { steps, symbols, stride = steps, form = 'one-hot', predict = 'each' } = options;
  for (const [name, n] of Object.entries({ steps, symbols, stride })) {
    if (!(Number.isInteger(n) && n > 0))
      throw new Error(`textLoader: ${name} must be a whole number above 0, got ${n}`);
  }
  if (form !== 'one-hot' && form !== 'index')
    throw new Error(`textLoader: form must be 'one-hot' or 'index', got '${form}'`);
  if (predict !== 'each' && predict !== 'last')
    throw new Error(`textLoader: predict must be 'each' or 'last', got '${predict}'`);
  if (codes.length <= steps)
    throw new Error(`textLoader: windows of ${steps} need more than ${steps} characters, got ${codes.length}`);
  for (let i = 0; i < codes.length; i++) {
    if (!((codes[i] as number) < symbols))
      throw new Error(`textLoader: codes[${i}] is ${codes[i]}, expected a number below symbols = ${symbols}`);
  }
  const decode = (i: number): Sample => {
    const from = i * stride;
    const window = Uint32Array.from({ length: steps + 1 }, (_, t) => codes[from + t] as number);
    const next = window.subarray(1);
    const answer = predict === 'each' ? { labels: next } : { label: next[steps - 1] as number };
    if (form === 'index') return { values: Float32Array.from(window.subarray(0, steps)), ...answer };
    const bits = new BitRows(steps, symbols);
    for (let t = 0; t < steps; t++) bits.set(t, window[t] as number);
    return { values: bits.words, ...answer };
  };
  const count = Math.floor((codes.length - 1 - steps) / stride) + 1;
  const inputs = form === 'index' ? 1 : symbols;
  return new DataLoader({ count, steps, inputs, form: form === 'index' ? 'f32' : 'bits', decode });
}
