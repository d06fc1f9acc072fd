// One set-up at a time: a file that holds the process id of the one at work.
import fs from 'node:fs';

/** Runs `work` while holding `file`; waits for a live holder, takes over from a dead one. */
export async function withLock(file, work) {
  let told = false;
  while (!take(file)) {
    if (!told) console.error('Another set-up of this folder is at work; waiting for it ...');
    told = true;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const release = () => {
    if (holder(file) === process.pid) fs.rmSync(file, { force: true });
  };
  process.on('exit', release);
  try {
    return await work();
  } finally {
    release();
    process.off('exit', release);
  }
}

function take(file) {
  try {
    fs.writeFileSync(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  const owner = holder(file);
  if (owner === null || isAlive(owner)) return false;
  // Several may see the same dead holder: a rename succeeds for one of them, and the file is then created anew.
  const stale = `${file}.${process.pid}`;
  try {
    fs.renameSync(file, stale);
    // Somebody was faster and this is the new holder's file: give it back.
    if (holder(stale) !== owner) fs.linkSync(stale, file);
    fs.rmSync(stale, { force: true });
  } catch {
    // Gone already: the next attempt finds out.
  }
  return false;
}

/** Process id in the file; null when it is gone; 0 while it is still empty for longer than writing it takes. */
function holder(file) {
  try {
    const id = Number(fs.readFileSync(file, 'utf8'));
    if (id > 0) return id;
    return Date.now() - fs.statSync(file).mtimeMs > 5000 ? 0 : null;
  } catch {
    return null;
  }
}

function isAlive(id) {
  if (id === 0) return false;
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
