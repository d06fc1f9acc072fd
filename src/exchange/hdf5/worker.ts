// first, since it changes what the library finds when it starts
import './before.ts';

import * as hdf5 from 'h5wasm';
import { limitMemory, memory } from './before.ts';
import { type Answer, NODE_THREADS, type Task } from './messages.ts';
import { isFatal, LibraryError, readTree, spoken } from './read_tree.ts';
import type { Hdf5Group } from './tree.ts';
import { writeTree } from './write_tree.ts';

/** What workers of a page and of Node have in common. */
interface Port {
  postMessage(message: Answer, transfer: readonly ArrayBuffer[]): void;
  addEventListener?(type: 'message', listener: (event: MessageEvent) => void): void;
  on?(type: 'message', listener: (task: Task) => void): void;
}

/** What the library has at its start and needs for its own tables; see `readHdf5` for what is added to it. */
const OWN_MEMORY = 64 << 20;
/** A worker whose library took more is replaced. */
const LARGE = 256 << 20;
/** Errors of the library after which it has kept too much of the files that it gave up. */
const MOST_ERRORS = 64;

const inPage = 'WorkerGlobalScope' in globalThis;
const port = (inPage ? globalThis : (await import(NODE_THREADS)).parentPort) as unknown as Port;
const library = await hdf5.ready;
const { FS } = library;
library.activate_throwing_error_handler();

let [files, errors, kept] = [0, 0, 0];

function read({ bytes, most, attributes }: Extract<Task, { kind: 'read' }>): Hdf5Group {
  limitMemory(OWN_MEMORY + 4 * most);
  const place = `/${files++}.h5`;
  FS.writeFile(place, bytes, { canOwn: true } as object);
  try {
    let file: bigint;
    try {
      file = library.open(place, library.H5F_ACC_RDONLY, false, -1, -1);
    } catch (cause) {
      throw new LibraryError(`the file cannot be opened: ${spoken(cause)}`, isFatal(cause));
    }
    const root = readTree(library, file, most, attributes);
    library.close_file(file);
    return root;
  } catch (error) {
    errors++;
    kept += bytes.length;
    throw error;
  } finally {
    FS.unlink(place);
  }
}

function write({ root, gzip }: Extract<Task, { kind: 'write' }>): Uint8Array {
  limitMemory(Number.POSITIVE_INFINITY);
  const place = `/${files++}.h5`;
  try {
    // its root keeps order too
    const file = new hdf5.File(place, 'w', { track_order: true });
    writeTree(file, root, gzip);
    file.flush();
    file.close();
    const bytes = FS.readFile(place) as Uint8Array;
    FS.unlink(place);
    return bytes;
  } catch (error) {
    throw new LibraryError(`the file cannot be written: ${spoken(error)}`, true);
  }
}

function answer(task: Task): Answer {
  const worn = (): boolean => errors >= MOST_ERRORS || kept > LARGE || memory() > LARGE;
  try {
    if (task.kind === 'read') return { kind: 'root', root: read(task), worn: worn() };
    return { kind: 'file', bytes: write(task), worn: worn() };
  } catch (error) {
    // what the file's content is refused for is said by our own rules; all else may have left the library damaged
    const fatal = error instanceof LibraryError ? error.fatal : isFatal(error);
    return { kind: 'failed', message: spoken(error), worn: fatal || worn() };
  }
}

function buffersOf(said: Answer): ArrayBuffer[] {
  if (said.kind === 'file') return [said.bytes.buffer as ArrayBuffer];
  const found = new Set<ArrayBuffer>();
  const of = (group: Hdf5Group): void => {
    for (const node of group.children.values()) {
      if (node.kind === 'group') of(node);
      else if (ArrayBuffer.isView(node.data)) found.add(node.data.buffer as ArrayBuffer);
    }
  };
  if (said.kind === 'root') of(said.root);
  return [...found];
}

const listen = (task: Task): void => {
  const said = answer(task);
  port.postMessage(said, buffersOf(said));
};
if (inPage) port.addEventListener?.('message', ({ data }) => listen(data));
else port.on?.('message', listen);
port.postMessage({ kind: 'ready' }, []);
