import { suggest } from './options.ts';

/** One file of the UCR/UEA archive's `.ts` form, read. */
export interface TsFile {
  readonly problem: string;
  /** What the header lists; of a file with target numbers none. */
  readonly classNames: readonly string[];
  /** Values of a step. */
  readonly dimensions: number;
  /** One [steps, dimensions] a case, step by step; a missing value is NaN. */
  readonly series: Float32Array<ArrayBuffer>[];
  /** [cases]; empty where there are no classes. */
  readonly labels: Uint32Array<ArrayBuffer>;
  /** [cases], of a regression problem. */
  readonly targets: Float32Array<ArrayBuffer> | undefined;
  /** Whether any value is missing. */
  readonly missing: boolean;
}

interface Header {
  problem: string;
  univariate: boolean | undefined;
  dimensions: number | undefined;
  equalLength: boolean | undefined;
  seriesLength: number | undefined;
  missing: boolean | undefined;
  classes: string[] | null;
  target: boolean;
}

const KEYS = [
  ...['problemname', 'timestamps', 'missing', 'univariate', 'dimension', 'dimensions'],
  ...['equallength', 'serieslength', 'classlabel', 'targetlabel', 'data'],
];

/**
 * Reads the `.ts` form: comments with #, keys with @, then a case a line, its dimensions separated by colons, values by
 * commas, the class or target last. Dimensions of a case have the same length.
 *
 * @throws with file and line, when a line cannot be read or is not what the header says
 */
export function parseTs(text: string, file: string): TsFile {
  const lines = text.split(/\r?\n/);
  const header: Header = {
    problem: '',
    univariate: undefined,
    dimensions: undefined,
    equalLength: undefined,
    seriesLength: undefined,
    missing: undefined,
    classes: null,
    target: false,
  };
  let at = 0;
  for (; ; at++) {
    const line = lines[at]?.trim();
    if (line === undefined)
      throw new Error(`${file}: cut short, or no .ts file: ${lines.length} lines and no @data among them`);
    if (line === '' || line.startsWith('#')) continue;
    if (!line.startsWith('@'))
      throw new Error(
        `${file}: line ${at + 1}: expected a key such as @problemName before @data, got '${start(line)}'`,
      );
    if (readKey(line, header, `${file}: line ${at + 1}`)) break;
  }
  if (!header.classes && !header.target) throw new Error(`${file}: neither @classLabel true nor @targetLabel true`);
  const cases = new Cases(header);
  for (at++; at < lines.length; at++) {
    const line = (lines[at] as string).trim();
    if (line === '' || line.startsWith('#')) continue;
    cases.add(line, `${file}: line ${at + 1}`);
  }
  if (cases.series.length === 0) throw new Error(`${file}: no cases after @data`);
  const { series, answers, dimensions, missing } = cases;
  return {
    problem: header.problem,
    classNames: header.classes ?? [],
    dimensions: dimensions as number,
    series,
    labels: header.classes ? Uint32Array.from(answers) : new Uint32Array(0),
    targets: header.classes ? undefined : Float32Array.from(answers),
    missing,
  };
}

/** Takes one key; true at @data. */
function readKey(line: string, header: Header, where: string): boolean {
  const [word = '', ...rest] = line.slice(1).split(/\s+/);
  const key = word.toLowerCase();
  const [value = ''] = rest;
  const flag = (): boolean => {
    if (!/^(true|false)$/i.test(value)) throw new Error(`${where}: @${word} expected true or false, got '${value}'`);
    return value.toLowerCase() === 'true';
  };
  const whole = (): number => {
    if (!/^[1-9]\d*$/.test(value))
      throw new Error(`${where}: @${word} expected a whole number above 0, got '${value}'`);
    return Number(value);
  };
  switch (key) {
    case 'data':
      return true;
    case 'problemname':
      header.problem = rest.join(' ');
      break;
    case 'timestamps':
      if (flag()) throw new Error(`${where}: values with time stamps are not read`);
      break;
    case 'missing':
      header.missing = flag();
      break;
    case 'univariate':
      header.univariate = flag();
      break;
    case 'dimension':
    case 'dimensions':
      header.dimensions = whole();
      break;
    case 'equallength':
      header.equalLength = flag();
      break;
    case 'serieslength':
      header.seriesLength = whole();
      break;
    case 'targetlabel':
      header.target = flag();
      break;
    case 'classlabel':
      if (flag()) header.classes = rest.slice(1).filter((name) => name !== '');
      if (header.classes?.length === 0) throw new Error(`${where}: @classLabel true expected the classes after it`);
      break;
    default:
      throw new Error(`${where}: there is no key @${word}${suggest(key, KEYS)}`);
  }
  return false;
}

class Cases {
  readonly series: Float32Array<ArrayBuffer>[] = [];
  /** Numbers of classes, or targets. */
  readonly answers: number[] = [];
  dimensions: number | undefined;
  missing = false;
  #length: number | undefined;

  constructor(readonly header: Header) {
    this.dimensions = header.dimensions ?? (header.univariate ? 1 : undefined);
    this.#length = header.equalLength ? header.seriesLength : undefined;
  }

  add(line: string, where: string): void {
    const parts = line.split(':');
    const answer = (parts.pop() as string).trim();
    if (parts.length === 0) throw new Error(`${where}: expected dimensions and a class separated by ':', got none`);
    this.dimensions ??= parts.length;
    if (parts.length !== this.dimensions)
      throw new Error(
        `${where}: expected ${this.dimensions} dimension${this.dimensions > 1 ? 's' : ''} and a class, got ${parts.length}`,
      );
    this.answers.push(this.#answer(answer, where));
    const values = parts.map((part, d) => this.#values(part, `${where}, dimension ${d + 1}`));
    const steps = (values[0] as number[]).length;
    const other = values.findIndex((v) => v.length !== steps);
    if (other >= 0)
      throw new Error(`${where}: dimension ${other + 1} has ${values[other]?.length} values, dimension 1 has ${steps}`);
    if (this.header.equalLength) this.#length ??= steps;
    if (this.#length !== undefined && steps !== this.#length)
      throw new Error(`${where}: expected ${this.#length} values, since @equalLength is true, got ${steps}`);
    const D = this.dimensions;
    this.series.push(Float32Array.from({ length: steps * D }, (_, k) => values[k % D]?.[Math.floor(k / D)] as number));
  }

  #values(part: string, where: string): number[] {
    return part.split(',').map((raw, i) => {
      const text = raw.trim();
      if (text === '?' || /^nan$/i.test(text)) {
        if (this.header.missing === false)
          throw new Error(`${where}, value ${i + 1}: is missing, and the header says @missing false`);
        this.missing = true;
        return Number.NaN;
      }
      const value = Number(text);
      if (text === '' || !Number.isFinite(value))
        throw new Error(`${where}, value ${i + 1}: expected a number or ?, got '${start(text)}'`);
      return value;
    });
  }

  #answer(text: string, where: string): number {
    const { classes } = this.header;
    if (!classes) {
      if (text === '' || !Number.isFinite(Number(text)))
        throw new Error(`${where}: expected a number as the target, got '${start(text)}'`);
      return Number(text);
    }
    const label = classes.indexOf(text);
    if (label < 0) throw new Error(`${where}: there is no class '${start(text)}'${suggest(start(text), classes)}`);
    return label;
  }
}

const start = (text: string): string => (text.length > 24 ? `${text.slice(0, 24)}...` : text);
