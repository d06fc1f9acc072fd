import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { read, repository, start } from './tool.ts';

/** The blocks of TypeScript of a page of docs/, which are one script. */
export const scriptOf = (page: string): string =>
  [...page.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map((block) => block[1]!).join('\n');

/** The text of a page of docs/. */
export const pageOf = (name: string): string => read(repository, 'docs', `${name}.md`);

/** What the compiler says of a script, against the source. */
export async function typeErrors(script: string): Promise<string> {
  // within the repository, where its packages are found
  const folder = join(repository, 'node_modules/.cache/spiketape', `page-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'page.ts'), script);
  const include = ['page.ts', ...['wgsl', 'worker'].map((name) => join(repository, 'src', `${name}.d.ts`))];
  const extending = join(repository, 'tsconfig.core.json');
  // a page may show a value that nothing uses afterwards
  const config = { extends: extending, include, compilerOptions: { noUnusedLocals: false } };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  const { stdout, code } = await start(process.execPath, [tsc, '-p', folder], repository).finished;
  return code === 0 ? '' : stdout;
}
