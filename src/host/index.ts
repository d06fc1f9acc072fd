/** The entry `spiketape/host`: what a script needs of the place it runs in. */
export { connectHost, type HostConnection } from './connect.ts';
export { hasHost, host } from './current.ts';
export { type OptionSpec, options, type ParsedOptions, UsageError } from './options.ts';
export type {
  ByteRange,
  ConsoleLevel,
  Download,
  DownloadOptions,
  Files,
  Host,
  HostConfig,
  HostMessage,
  Progress,
  SaveContent,
  SentProgress,
  Store,
} from './types.ts';
