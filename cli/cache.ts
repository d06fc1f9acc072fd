import { homedir } from 'node:os';
import { join } from 'node:path';

/** The user's folder for what can be had again: downloads, measurements. SPIKETAPE_CACHE names another one. */
export function cacheFolder({ env = process.env, platform = process.platform, home = homedir() } = {}): string {
  if (env.SPIKETAPE_CACHE) return env.SPIKETAPE_CACHE;
  if (env.XDG_CACHE_HOME) return join(env.XDG_CACHE_HOME, 'spiketape');
  if (platform === 'win32') return join(env.LOCALAPPDATA ?? home, 'spiketape');
  if (platform === 'darwin') return join(home, 'Library', 'Caches', 'spiketape');
  return join(home, '.cache', 'spiketape');
}
