// What `scripts/fuzz.mjs` runs in a process of its own: one campaign against one reader, or one mutant written to a file.
import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { campaign } from './campaign.ts';
import { judge } from './judge.ts';
import { memoryHeld } from './memory.ts';
import { mutantOf } from './mutant.ts';
import type { Target } from './target.ts';
import { targets } from './targets.ts';

const { values } = parseArgs({
  options: {
    reader: { type: 'string', default: '' },
    seed: { type: 'string', default: '1' },
    from: { type: 'string', default: '0' },
    files: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: 'Infinity' },
    /** Where the number of the mutant at work is written, for whoever watches. */
    state: { type: 'string', default: '' },
    keep: { type: 'string', default: '' },
    /** Writes this mutant to `keep` without reading it. */
    write: { type: 'string' },
    /** Reads this file and tells what becomes of it. */
    file: { type: 'string' },
    list: { type: 'boolean', default: false },
  },
});
/** Lines of what became of the mutants: the most frequent refusals. */
const SHOWN = 20;

const [seed, from, files] = [Number(values.seed), Number(values.from), Number(values.files)];

function keep(target: Target, index: number, bytes: Uint8Array): string {
  const file = path.join(values.keep, `${target.name}-${seed}-${index}.bin`);
  writeFileSync(file, bytes);
  return file;
}

async function main(): Promise<number> {
  if (values.list) {
    console.log([...targets.keys()].join('\n'));
    return 0;
  }
  const target = targets.get(values.reader);
  if (!target)
    throw new Error(`fuzz: there is no reader '${values.reader}'; there are ${[...targets.keys()].join(', ')}`);
  if (values.file !== undefined) {
    const bytes = new Uint8Array(readFileSync(values.file));
    console.log(JSON.stringify(await judge(target, bytes, 'file', 5), null, 2));
    return 0;
  }
  if (values.write !== undefined) {
    const { bytes } = await mutantOf(target, await target.seeds(), seed, Number(values.write));
    console.log(keep(target, Number(values.write), bytes));
    return 0;
  }
  return run(target);
}

async function run(target: Target): Promise<number> {
  const rejections: unknown[] = [];
  process.on('unhandledRejection', (error) => rejections.push(error));
  const unhandled = (index: number): void => {
    if (rejections.length > 0)
      throw new Error(`fuzz: ${target.name}: mutant ${index} or one of the 20 before it left a rejection unhandled`, {
        cause: rejections[0],
      });
  };
  const state = values.state ? openSync(values.state, 'w') : null;
  const word = new Uint8Array(8);
  let shown = performance.now();
  const tally = await campaign(target, {
    seed,
    from,
    files,
    seconds: Number(values.seconds),
    memory: memoryHeld,
    onBegin(index) {
      if (state === null) return;
      new DataView(word.buffer).setFloat64(0, index);
      writeSync(state, word, 0, 8, 0);
    },
    onEnd(done) {
      unhandled(from + done - 1);
      if (performance.now() - shown < 10_000) return;
      console.log(
        `  ${target.name}: ${from + done} of ${from + files}, ${((1000 * done) / (performance.now() - began)).toFixed(0)} files/s`,
      );
      shown = performance.now();
    },
  });
  if (state !== null) closeSync(state);
  unhandled(from + tally.files - 1);
  const { counts, failed, seconds, slowest, most } = tally;
  const classes = [...counts].sort((a, b) => b[1] - a[1]);
  for (const [what, count] of classes.slice(0, SHOWN)) console.log(`  ${String(count).padStart(7)}  ${what}`);
  if (classes.length > SHOWN) console.log(`           and ${classes.length - SHOWN} more ways`);
  for (const { index, mutant, what } of failed) {
    console.log(`FAILED ${target.name}: mutant ${index} (${mutant.how}, ${mutant.bytes.length} bytes): ${what}`);
    console.log(`  kept as ${keep(target, index, mutant.bytes)}`);
    console.log(`  npm run fuzz -- --reader ${target.name} --seed ${seed} --from ${index} --files 1`);
  }
  console.log(
    `${target.name}: ${tally.files} files in ${seconds.toFixed(1)} s (${(tally.files / seconds).toFixed(0)} files/s), ${failed.length} failed; slowest ${slowest.toFixed(0)} ms, most memory ${(most / 2 ** 20).toFixed(1)} MiB`,
  );
  process.send?.({ done: tally.files, failed: failed.length });
  return failed.length > 0 ? 1 : 0;
}

const began = performance.now();
process.exitCode = await main();
// workers of readers would keep it alive
process.exit();
