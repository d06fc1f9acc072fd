import { parseFlags, UsageError } from '../args.ts';
import { displayProblem } from '../browser.ts';
import { execute, type Request } from '../execute.ts';
import { resumable } from '../resume.ts';
import { isFile, isFolder } from '../run-folder.ts';

export const summary = 'runs a script in Chrome or Node, with WebGPU';

export const usage = `
Usage: spiketape run script.ts [options] [-- the script's own arguments]
       spiketape run --resume [DIR] [options]

Bundles the script and runs it to the end of its module, top-level await included.

  --runtime chrome|node  where it runs; default chrome. node needs the package webgpu
  --headed               shows the browser
  --out DIR              where the script's files go; default runs/<time>/, made at the first one
  --data DIR             the folder that the script reads data from
  --resume [DIR]         goes on with the run in DIR, by default the newest in runs/, of the script if one is named: in its
                         folder, with its arguments, data and runtime
  --offline              downloads nothing: what the script wants from the net must be in the cache
  --no-record            leaves out run.json, which says what the run was
  --json                 prints one line of JSON for each event instead of text

Exit code: 0 the script finished, 1 an exception or a crash, 2 wrong usage or a script that does not compile,
130 interrupted (Ctrl-C; a second one, or ten seconds, ends a script that does not stop by itself).
`;

const OPTIONS = {
  runtime: { type: 'string', value: 'chrome|node' },
  headed: { type: 'boolean' },
  out: { type: 'string', value: 'DIR' },
  data: { type: 'string', value: 'DIR' },
  resume: { type: 'boolean', value: '[DIR]' },
  offline: { type: 'boolean' },
  'no-record': { type: 'boolean' },
  json: { type: 'boolean' },
} as const;

export function run(argv: readonly string[]): Promise<number> {
  return execute(parse(argv));
}

function parse(argv: readonly string[]): Request {
  const split = argv.indexOf('--');
  const { own, folder } = takeFolder(split < 0 ? argv : argv.slice(0, split));
  const args = split < 0 ? null : argv.slice(split + 1);
  const { values, positionals } = parseFlags(own, OPTIONS);
  const [script, ...more] = positionals;
  const resume = values.resume === true;
  if (script === undefined && !resume) throw new UsageError('run: a script is missing: spiketape run script.ts');
  if (more.length > 0) {
    throw new UsageError(
      `run: one script expected, got '${more[0]}' as well; the script's own arguments come after --`,
    );
  }
  if (script !== undefined && !isFile(script)) throw new UsageError(`run: there is no script ${script}`);
  const asked = runtimeOf(values.runtime);
  const given = { script, data: folderOf(values.data), runtime: asked, args };
  const out = (values.out as string | undefined) ?? null;
  if (out !== null && isFile(out)) throw new UsageError(`--out: ${out} is a file, not a folder`);
  if (resume && out !== null) throw new UsageError('--out: a run that is resumed goes on in its own folder');
  const record = values['no-record'] !== true;
  if (resume && !record) throw new UsageError('--no-record: a run that is resumed has its record already');
  const earlier = resume ? resumable(folder, given) : null;
  const runtime = earlier?.runtime ?? asked ?? 'chrome';
  const headed = values.headed === true;
  if (headed && runtime === 'node') throw new UsageError('--headed: there is no browser to show with --runtime node');
  const problem = headed ? displayProblem() : null;
  if (problem) throw new UsageError(problem);
  return {
    script: earlier?.script ?? script!,
    runtime,
    headed,
    json: values.json === true,
    out: earlier?.folder ?? out,
    data: earlier ? earlier.data : given.data,
    args: earlier?.args ?? args ?? [],
    offline: values.offline === true,
    record,
    earlier: earlier?.record ?? null,
    evaluate: null,
  };
}

/** `--resume DIR` with its folder taken out: what follows is the folder unless it is the script or another option. */
function takeFolder(argv: readonly string[]): { own: readonly string[]; folder: string | null } {
  const at = argv.findIndex((arg) => arg === '--resume' || arg.startsWith('--resume='));
  if (at < 0) return { own: argv, folder: null };
  const flag = argv[at] as string;
  const next = argv[at + 1];
  const inline = flag.startsWith('--resume=') ? flag.slice('--resume='.length) : undefined;
  if (inline === '') throw new UsageError('--resume=: needs a folder, and none came');
  const apart = inline === undefined && next !== undefined && !next.startsWith('-') && !isFile(next);
  const own = [...argv.slice(0, at), '--resume', ...argv.slice(at + (apart ? 2 : 1))];
  return { own, folder: inline ?? (apart ? (next as string) : null) };
}

/** @throws UsageError for another runtime than there is */
export function runtimeOf(value: string | boolean | undefined): 'chrome' | 'node' | null {
  if (value === undefined || value === 'chrome' || value === 'node') return value ?? null;
  throw new UsageError(`--runtime: expected chrome or node, got '${value}'`);
}

/** The data folder, or null. */
export function folderOf(value: string | boolean | undefined): string | null {
  const data = (value as string | undefined) ?? null;
  if (data !== null && !isFolder(data)) throw new UsageError(`--data: there is no folder ${data}`);
  return data;
}
