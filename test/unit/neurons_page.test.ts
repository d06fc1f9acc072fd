import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Neurons } from '../../src/layers/neurons.ts';
import { type Semantics, values } from '../../src/neurons/semantics.ts';
import { claimedDefaults, entries, withTables } from '../support/neurons_page.ts';

// docs/neurons.md has its tables from the code; `npx vitest run test/unit/neurons_page.test.ts -u` writes them anew.

it('the page says what the code does', async () => {
  const page = readFileSync(new URL('../../docs/neurons.md', import.meta.url), 'utf8');
  await expect(withTables(page)).toMatchFileSnapshot('../../docs/neurons.md');
});

describe.each(Object.entries(entries))('%s', (_, entry) => {
  const keyOf = (options: object): string => (entry.make(options) as Neurons).definition.key;
  const claimed = claimedDefaults(entry);

  it('has the defaults that its docstring claims, all of them', () => {
    expect(keyOf(claimed)).toBe(keyOf({}));
    const taken = Object.keys(values).filter((name) => {
      try {
        entry.make({ [name]: values[name as keyof Semantics][0] });
        return true;
      } catch (error) {
        return !(error as Error).message.includes('there is no option');
      }
    });
    expect(Object.keys(claimed)).toEqual(expect.arrayContaining(taken));
  });

  it('has no option without effect', () => {
    for (const name of Object.keys(claimed).filter((n) => n in values)) {
      const others = values[name as keyof Semantics].filter((v) => v !== claimed[name]);
      const keys = others.flatMap((v) => {
        try {
          return [keyOf({ [name]: v })];
        } catch {
          // two options that do not go together
          return [];
        }
      });
      expect(keys.length, name).toBeGreaterThan(0);
      for (const key of keys) expect(key, name).not.toBe(keyOf({}));
    }
  });
});
