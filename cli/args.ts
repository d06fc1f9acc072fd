import { type ParseArgsConfig, parseArgs } from 'node:util';

/** Wrong usage: shown without a stack, exit code 2. */
export class UsageError extends Error {
  override name = 'UsageError';
}

type Options = Record<string, { type: 'string' | 'boolean'; value?: string }>;

/** Values by option name; a string option that was not given is undefined. */
export interface Parsed {
  values: Record<string, string | boolean | undefined>;
  positionals: string[];
}

/**
 * Node's parser with errors that list what is known.
 *
 * @param options the known ones; `value` names an option's value in messages
 * @throws UsageError for an unknown option, or a value that is missing or not wanted
 */
export function parseFlags(argv: readonly string[], options: Options): Parsed {
  const known = Object.entries(options).map(([name, { type, value }]) =>
    type === 'string' ? `--${name} ${value ?? 'VALUE'}` : `--${name}`,
  );
  const config: ParseArgsConfig = { options: {}, args: [...argv], allowPositionals: true, strict: false, tokens: true };
  for (const [name, { type }] of Object.entries(options)) config.options = { ...config.options, [name]: { type } };
  const { tokens } = parseArgs({ ...config, tokens: true });
  const result: Parsed = { values: {}, positionals: [] };
  for (const token of tokens) {
    if (token.kind === 'positional') result.positionals.push(token.value);
    if (token.kind !== 'option') continue;
    const option = Object.hasOwn(options, token.name) ? options[token.name] : undefined;
    if (!option) throw new UsageError(`unknown option ${token.rawName}; known are ${known.join(', ')}`);
    const optionLike = token.inlineValue === false && token.value?.startsWith('--');
    if (option.type === 'string' && (token.value === undefined || token.value === '' || optionLike)) {
      throw new UsageError(`${token.rawName}: needs a value (${option.value ?? 'VALUE'}), and none came`);
    }
    if (option.type === 'boolean' && token.value !== undefined) {
      throw new UsageError(`${token.rawName}: takes no value, got '${token.value}'`);
    }
    result.values[token.name] = token.value ?? true;
  }
  return result;
}
