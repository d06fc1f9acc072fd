import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { WgslReflect } from 'wgsl_reflect/wgsl_reflect.module.js';
import { violations } from '../../scripts/check-layers.mjs';
import { shrink } from '../../scripts/shrink-wgsl.mjs';

describe('the check that imports point one way', () => {
  const root = mkdtempSync(join(tmpdir(), 'spiketape-layers-'));
  const table = { device: [], layers: ['device'] };
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  it('accepts imports downwards, inside a room, and from the public surface', () => {
    write('src/device/a.ts', "import './b.ts';");
    write('src/device/b.ts', "import 'seedrandom';");
    write('src/layers/c.ts', "import { a } from '../device/a.ts';");
    write('src/index.ts', "export * from './layers/c.ts';");
    expect(violations(root, table)).toEqual([]);
  });

  it('names imports upwards, of types too, of unknown rooms, of the surface, of packages and of what lies outside', () => {
    write('src/device/up.ts', "import type { A } from '../layers/c.ts';");
    write('src/device/late.ts', "const a = await import('../layers/c.ts');");
    write('src/device/surface.ts', "export * from '../index.ts';");
    write('src/device/package.ts', "import fs from 'node:fs';");
    write('src/device/outside.ts', "import '../../cli/main.ts';");
    write('src/attic/old.ts', '');
    const found = violations(root, table).sort();
    expect(found).toHaveLength(6);
    expect(found[0]).toMatch(/attic\/old\.ts: the room attic is not in the table/);
    expect(found[1]).toMatch(/late\.ts: imports \.\.\/layers\/c\.ts: device may import only nothing/);
    expect(found[2]).toMatch(/outside\.ts: .* src\/ imports nothing outside itself/);
    expect(found[3]).toMatch(/package\.ts: imports node:fs: only seedrandom may be imported by the core/);
    expect(found[4]).toMatch(/surface\.ts: .* a room does not import the public surface/);
    expect(found[5]).toMatch(/up\.ts: imports \.\.\/layers\/c\.ts/);
  });

  it('keeps the benchmark to the public surface', () => {
    write('src/index.ts', '');
    write('bench/peers/ours.ts', "import 'spiketape'; import '../../src/layers/c.ts'; import './matrix.ts';");
    write('bench/plan.ts', "import { suggest } from '../src/neurons/nearest.ts';");
    expect(violations(root, table)).toEqual([
      'bench/peers/ours.ts: imports ../../src/layers/c.ts: the benchmark imports spiketape by its public entries',
    ]);
  });

  it('refuses a table with a cycle in it', () => {
    write('src/index.ts', '');
    expect(violations(root, { device: ['layers'], layers: ['device'] })).toEqual([
      'table: device may import layers, which stands above it',
    ]);
  });
});

describe('shaders in the bundle', () => {
  const folder = fileURLToPath(new URL('../../shaders', import.meta.url));
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.wgsl'));

  it('lose comments and indentation, and keep marks and constants', () => {
    const wgsl =
      '// Head.\nconst N: u32 = 3u; // how many\n\nfn f() {\n  // <step>\n  let a = 1; // b\n  // </step>\n}\n';
    expect(shrink(wgsl)).toBe('const N: u32 = 3u;\nfn f(){\n// <step>\nlet a=1;\n// </step>\n}\n');
    expect(shrink('fn f() {\n  let a = 1;\n  return a\n    + 1;\n}\nconst N: u32 = 3u;\n')).toBe(
      'fn f(){let a=1;return a\n+1;}\nconst N: u32 = 3u;\n',
    );
    expect(shrink('let a = b - -c + (d - 1) * -e;')).toBe('let a=b - -c+(d-1)*-e;\n');
    expect(shrink('/* a // b */\n  let a = 1;')).toBe('/* a // b */\n  let a = 1;');
  });

  it.each(names)('%s means the same when shrunk', (name) => {
    const text = readFileSync(join(folder, name), 'utf8');
    const marks = (wgsl: string): string[] => wgsl.match(/^ *\/\/ <\/?[\w-]+>$/gm)?.map((mark) => mark.trim()) ?? [];
    expect(marks(shrink(text))).toEqual(marks(text));
    const describeModule = (wgsl: string): unknown => {
      const { entry, functions, overrides, structs } = new WgslReflect(wgsl);
      const bindings = new WgslReflect(wgsl).getBindGroups().flatMap((group) => group.map((one) => one.name));
      return {
        bindings,
        entries: entry.compute.map((one) => one.name),
        functions: functions.map((one) => one.name),
        overrides: overrides.map((one) => one.name),
        structs: structs.map((one) => [one.name, one.size]),
      };
    };
    expect(describeModule(shrink(text))).toEqual(describeModule(text));
  });
});
