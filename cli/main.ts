import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from './args.ts';
import { type Package, setPackage } from './package.ts';

/** A subcommand: one file in `cli/commands/`. */
export interface Command {
  /** One line for `spiketape --help`. */
  readonly summary: string;
  /** What `spiketape <name> --help` shows. */
  readonly usage: string;
  /** Runs with what came after the name; resolves to the exit code. A UsageError thrown here ends with code 2. */
  run(argv: readonly string[]): Promise<number>;
}

/** Loaded on demand: printing a shader must not load a browser driver. A new subcommand is one line here. */
const commands: Record<string, () => Promise<Command>> = {
  run: () => import('./commands/run.ts'),
  eval: () => import('./commands/eval.ts'),
  runs: () => import('./commands/runs.ts'),
  compare: () => import('./commands/compare.ts'),
  export: () => import('./commands/export.ts'),
  import: () => import('./commands/import.ts'),
  inspect: () => import('./commands/inspect.ts'),
  wgsl: () => import('./commands/wgsl.ts'),
};

/**
 * The command line tool.
 *
 * @param argv what came after `spiketape`
 * @param where the package's root folder and the file that started this process
 * @returns the exit code: 0 success, 1 failure, 2 wrong usage or a script that does not compile, 130 interrupted
 */
export async function main(argv: readonly string[], where: Package): Promise<number> {
  setPackage(where);
  const [name, ...rest] = argv;
  if (name === '__node') return (await import('./node-child.ts')).runChild();
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    const text = await help();
    (name === undefined ? process.stderr : process.stdout).write(text);
    return name === undefined ? 2 : 0;
  }
  if (name === '--version' || name === '-v') {
    const { version } = JSON.parse(readFileSync(join(where.root, 'package.json'), 'utf8')) as { version: string };
    process.stdout.write(`${version}\n`);
    return 0;
  }
  try {
    const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (!load) {
      const what = name.startsWith('-') ? 'option' : 'command';
      throw new UsageError(
        `unknown ${what} ${name}; commands are ${Object.keys(commands).join(', ')}, options --help, --version`,
      );
    }
    const command = await load();
    const own = rest.includes('--') ? rest.slice(0, rest.indexOf('--')) : rest;
    if (own.includes('--help') || own.includes('-h')) {
      process.stdout.write(`${command.usage.trim()}\n`);
      return 0;
    }
    return await command.run(rest);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`spiketape: ${error.message}\n`);
    return 2;
  }
}

async function help(): Promise<string> {
  const lines = [
    'spiketape trains spiking neural networks on any GPU.',
    '',
    'Usage: spiketape <command> [options]',
    '',
  ];
  for (const [name, load] of Object.entries(commands)) lines.push(`  ${name.padEnd(10)}${(await load()).summary}`);
  lines.push('', '  --help     this text, or after a command: its options', '  --version  the version', '');
  return lines.join('\n');
}
