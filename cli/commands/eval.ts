import { join } from 'node:path';
import { parseFlags, UsageError } from '../args.ts';
import { execute } from '../execute.ts';
import { dataOf, named, scriptOf } from '../resume.ts';
import { recordOf } from '../run-folder.ts';
import { folderOf, runtimeOf } from './run.ts';

export const summary = 'scores what a run has saved';

export const usage = `
Usage: spiketape eval RUN [options]

Runs the script of the run in the folder RUN again, with the arguments and the data that it had, and asks it to score the
saved model instead of training one (\`host.task\` is 'eval').

  --part test|validation  which part of the data; default test
  --data DIR              the data, where it lies elsewhere now
  --runtime chrome|node   where it runs; default where the run did
  --out DIR               where the script's files go; default RUN/eval/PART
  --offline               downloads nothing
  --json                  prints one line of JSON for each event instead of text
`;

const OPTIONS = {
  part: { type: 'string', value: 'test|validation' },
  data: { type: 'string', value: 'DIR' },
  runtime: { type: 'string', value: 'chrome|node' },
  out: { type: 'string', value: 'DIR' },
  offline: { type: 'boolean' },
  json: { type: 'boolean' },
} as const;

export async function run(argv: readonly string[]): Promise<number> {
  if (argv.includes('--')) {
    throw new UsageError("eval: the script's arguments are those of the run; none are taken here");
  }
  const { values, positionals } = parseFlags(argv, OPTIONS);
  const [folder, ...more] = positionals;
  if (folder === undefined || more.length > 0) {
    throw new UsageError(`eval: expected the folder of one run, got ${positionals.length}: spiketape eval runs/<time>`);
  }
  const part = values.part ?? 'test';
  if (part !== 'test' && part !== 'validation') {
    throw new UsageError(`--part: expected test or validation, got '${part}'`);
  }
  const given = folderOf(values.data);
  const record = named('eval', () => recordOf(folder));
  if (record.task === 'eval')
    throw new UsageError(`eval: ${folder} is an evaluation itself; name the run that it is of`);
  return execute({
    script: named('eval', () => scriptOf(folder, record)),
    runtime: runtimeOf(values.runtime) ?? record.runtime,
    headed: false,
    json: values.json === true,
    out: (values.out as string | undefined) ?? join(folder, 'eval', part),
    data: given ?? dataOf(folder, record, null),
    args: record.args,
    offline: values.offline === true,
    record: true,
    earlier: null,
    evaluate: { run: folder, part },
  });
}
