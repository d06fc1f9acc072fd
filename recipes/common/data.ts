import { downloaded, downloads, type Files } from 'spiketape/datasets';
import { host } from 'spiketape/host';

/** A folder of `--data DIR`; where that has none, the publisher's files from the net, with checksum and cache. */
export async function dataFiles(folder: 'mnist' | 'text'): Promise<Files> {
  if (await host.hasData(folder)) return host.files(folder);
  console.log(`${folder}: not in the data folder, so from the net (--data DIR with DIR/${folder}/ goes without)`);
  return downloaded(downloads[folder], host.download);
}
