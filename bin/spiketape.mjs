#!/usr/bin/env node
// What npm installs as `spiketape`. In the package it starts the built tool; in the repository it builds the tool first,
// so that a developer never runs a stale one.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const bin = fileURLToPath(import.meta.url);
const root = dirname(dirname(bin));
const major = Number(process.versions.node.split('.')[0]);
if (major < 20) {
  console.error(`spiketape needs Node 20 or newer, and this is Node ${process.versions.node}.`);
  process.exit(1);
}

const source = join(root, 'cli', 'main.ts');
let built = join(root, 'dist', 'cli.js');
if (existsSync(source)) {
  const { buildTool } = await import('../scripts/build-tool.mjs');
  built = await buildTool(source, join(root, 'node_modules', '.cache', 'spiketape'));
}
const { main } = await import(pathToFileURL(built).href);
const code = await main(process.argv.slice(2), { root, bin });
// What is left open by then (a socket, a browser's pipe) is nobody's business any more.
await Promise.all([process.stdout, process.stderr].map((stream) => new Promise((done) => stream.write('', done))));
process.exit(code);
