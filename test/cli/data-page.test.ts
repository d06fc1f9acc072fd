import { join } from 'node:path';
import { expect, it } from 'vitest';
import { pageOf, typeErrors } from './page.ts';
import { repository } from './tool.ts';

// docs/data.md: each block of code is checked as a reader's script would be.

it('type-checks', { timeout: 120_000 }, async () => {
  const imports: string[] = [];
  const blocks = [...pageOf('data').matchAll(/^```ts\n([\s\S]*?)^```$/gm)]
    .map((block) => block[1]!)
    .map((code, i) => {
      const rest = code.replace(/^import (\{[^}]*\}|\w+) from '([^']+)';\n/gm, (_, names: string, from: string) => {
        const kind = names.startsWith('{')
          ? `const ${names.replace(/type \w+,? ?/g, '')}`
          : `const { default: ${names} }`;
        imports.push(...[...names.matchAll(/type (\w+)/g)].map((m) => `import type { ${m[1]} } from '${from}';`));
        return `${kind} = await import('${from}');\n`;
      });
      return `export async function block${i}() {\n${rest}\n}`;
    });
  const references = ['src/worker.d.ts', 'datasets/assets.d.ts'].map(
    (path) => `/// <reference path="${join(repository, path)}" />`,
  );
  expect(await typeErrors([...references, ...new Set(imports), ...blocks].join('\n'))).toBe('');
});
