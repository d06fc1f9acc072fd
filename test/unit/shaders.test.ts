import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const folder = new URL('../../shaders/', import.meta.url);
const shaders = readdirSync(folder).filter((name) => name.endsWith('.wgsl'));

// WGSL says that a variable without a value is 0 at every turn of a loop. Chrome 156 and Dawn were seen to make it 0 once: the gradient of a
// convolution of spikes was wrong by a third where a thread summed several rows.
it.each(shaders)('%s: every variable inside a block is given a value where it is declared', (name) => {
  const lines = readFileSync(new URL(name, folder), 'utf8').split('\n');
  expect(lines.filter((line) => /^ {4,}var \w+\s*:[^=]*;/.test(line))).toEqual([]);
});
