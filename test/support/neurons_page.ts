import { readFileSync } from 'node:fs';
import {
  AdLIF,
  AHP,
  ALIF,
  Alpha,
  BRF,
  CubaLIF,
  GLIF,
  IF,
  LIF,
  type Neurons,
  PLIF,
  Readout,
  RF,
  SEAdLIF,
  savedBytes,
} from '../../src/index.ts';
import type { ParameterSpec } from '../../src/neurons/definition.ts';
import { presets, type Semantics, values } from '../../src/neurons/semantics.ts';
import { surrogate, surrogateNames } from '../../src/neurons/surrogates.ts';

// The tables of docs/neurons.md, from the code and its docstrings.

interface Entry {
  /** Of a layer of one neuron with these options. */
  readonly make: (options: object) => Neurons;
  /** Where the equations are. */
  readonly file: string;
  /** Options that exchange parameters or add some. */
  readonly variants?: readonly object[];
}

const value = { resetTo: 0 };

/** Every layer of neurons, in the order of the page. */
export const entries: Readonly<Record<string, Entry>> = {
  IF: { make: (o) => new IF(1, o), file: 'if', variants: [value] },
  LIF: { make: (o) => new LIF(1, o), file: 'lif', variants: [{ learn: ['beta'] }, value] },
  CubaLIF: { make: (o) => new CubaLIF(1, o), file: 'cuba_lif', variants: [{ learn: ['beta', 'alpha'] }, value] },
  Alpha: { make: (o) => new Alpha(1, o), file: 'alpha', variants: [{ learn: ['alpha', 'beta'] }] },
  Readout: { make: (o) => new Readout(1, o), file: 'li', variants: [{ learn: ['beta'] }] },
  ALIF: { make: (o) => new ALIF(1, o), file: 'alif' },
  AHP: { make: (o) => new AHP(1, o), file: 'ahp' },
  AdLIF: { make: (o) => new AdLIF(1, o), file: 'adlif' },
  SEAdLIF: { make: (o) => new SEAdLIF(1, o), file: 'se_adlif' },
  PLIF: { make: (o) => new PLIF(1, o), file: 'plif', variants: [value] },
  GLIF: { make: (o) => new GLIF(1, { steps: 1, ...o }), file: 'glif' },
  RF: { make: (o) => new RF(1, o), file: 'rf' },
  BRF: { make: (o) => new BRF(1, o), file: 'brf' },
};

const source = (file: string): string => readFileSync(new URL(`../../src/neurons/${file}.ts`, import.meta.url), 'utf8');

/** The lines of a docstring that stands before something that matches. */
function docstring(text: string, before: string): string[] {
  const found = new RegExp(`/\\*\\*((?:(?!\\*/)[\\s\\S])*)\\*/\\s*${before}`).exec(text);
  if (!found) throw new Error(`no docstring before ${before}`);
  return found[1]!
    .trim()
    .split('\n')
    .map((line) => line.replace(/^ *\* ?/, '').trimEnd());
}

/** Paragraphs as single lines, and blocks of equations as they are. */
function paragraphs(lines: readonly string[]): string[] {
  const parts = lines.join('\n').split(/\n\n/);
  return parts.map((p) => (p.startsWith('    ') ? p : p.replaceAll('\n', ' ')));
}

/** What a neuron's docstring says, by sentences. */
const said = ({ file }: Entry): string[] => paragraphs(docstring(source(file), 'export function \\w+\\(options'));

/** Options with their defaults, as the docstring has them. */
export function claimedDefaults(entry: Entry): Record<string, string | number | boolean> {
  const sentence = /Defaults: ([^;]*?)\.(?: |$)(?!\d)/.exec(said(entry).join(' '))![1]!;
  const pairs = [...sentence.matchAll(/(\w+) ('[^']*'|true|false|[\d.]+)/g)];
  return Object.fromEntries(pairs.map(([, name, text]) => [name!, JSON.parse(text!.replaceAll("'", '"'))]));
}

const code = (text: string): string => `\`${text}\``;
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows]
    .map((row) => `| ${row.map((c) => c.replaceAll('|', '\\|')).join(' | ')} |`)
    .join('\n');

const number = (x: number): string =>
  Math.abs(x) >= 1e6 || (x !== 0 && Math.abs(x) < 1e-3) ? x.toExponential() : String(Number(x.toPrecision(4)));

function parameters({ make, variants = [] }: Entry): string {
  const all: Record<string, ParameterSpec> = {};
  for (const options of [{}, ...variants]) {
    for (const [name, spec] of Object.entries(make(options).definition.params)) all[name] ??= spec;
  }
  const rows = Object.entries(all).map(([name, { default: x, unit, min, max, meaning }]) => {
    // a decay may come close to 1, as close as float32 does
    const range = `${number(min)} .. ${max < 1 && max > 0.999999 ? 'below 1' : number(max)}`;
    if (unit === 'logit') return [code(name), number(1 / (1 + Math.exp(-x))), '0 .. 1', '', meaning];
    return [code(name), number(x), range, unit, meaning];
  });
  return table(['parameter', 'default', 'range', 'unit', 'meaning'], rows);
}

function saved(layer: Neurons): string {
  const { planes, bytes } = savedBytes(layer);
  const names = planes.map((p) => (p.startsWith('inner') ? 'a value between' : p));
  return `${bytes} bytes (${[...names, ...(layer.definition.z ? ['the spikes'] : [])].join(', ') || 'nothing'})`;
}

function section(name: string): string {
  const entry = entries[name]!;
  const told = said(entry).map((p) =>
    p.startsWith('    ')
      ? p
      : p
          .split(/(?<=[.)]) (?=[A-Z])/)
          .filter((s) => !/^(Parameters?|States?)\b/.test(s))
          .join(' '),
  );
  const { definition } = entry.make({});
  const facts = `States: ${definition.states.map(code).join(', ')}. Saved for the backward pass, a neuron and step: ${saved(entry.make({ learn: false }))}; with all parameters learned ${saved(entry.make({ learn: true }))}.`;
  return [`### ${name}`, ...told.filter(Boolean), parameters(entry), facts].join('\n\n');
}

function surrogates(): string {
  const text = source('surrogates');
  const functions: Record<string, string> = { atan: 'atanSurrogate' };
  const rows = surrogateNames.map((name) => {
    const f = functions[name] ?? name.replace(/_(\w)/g, (_, c: string) => c.toUpperCase());
    const constants = Object.entries(surrogate(name).constants).map(([c, x]) => `${code(c)} ${x}`);
    return [
      code(name),
      code(f),
      paragraphs(docstring(text, `export function ${f}\\(`)).join(' '),
      constants.join(', '),
    ];
  });
  return table(['name', 'function', 'derivative', 'constants'], rows);
}

const options = Object.keys(values) as (keyof Semantics)[];
const written = (x: unknown): string => code(typeof x === 'string' ? `'${x}'` : String(x));

function semantics(): string {
  const text = source('semantics');
  const rows = options.map((name) => [
    code(name),
    values[name].map(written).join(' '),
    paragraphs(docstring(text, `${name}:`)).join(' '),
  ]);
  return table(['option', 'values', 'meaning'], rows);
}

function frameworks(): string {
  const names = Object.keys(presets) as (keyof typeof presets)[];
  const has = (name: string, framework: string): boolean => {
    try {
      entries[name]!.make({ semantics: framework });
      return true;
    } catch {
      return false;
    }
  };
  return table(
    ['', ...names.map(code)],
    [
      [
        'neurons',
        ...names.map((f) =>
          Object.keys(entries)
            .filter((n) => has(n, f))
            .join(', '),
        ),
      ],
      ...options.map((o) => [code(o), ...names.map((f) => written(presets[f][o]))]),
    ],
  );
}

/** The page with its tables as the code has them: each stands between two comments. */
export function withTables(page: string): string {
  const made: Record<string, () => string> = {
    neurons: () => Object.keys(entries).map(section).join('\n\n'),
    surrogates,
    semantics,
    frameworks,
  };
  return page.replace(
    /(<!-- from the code: (\w+) -->\n)[\s\S]*?(<!-- end -->)/g,
    (_, begin, name: string, end) => `${begin}\n${made[name]!()}\n\n${end}`,
  );
}
