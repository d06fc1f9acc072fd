export { type ArchiveOptions, archiveFiles, readUnpacked } from './archive.ts';
export { type DeltaOptions, deltaSpikes, type Spikes } from './audio/delta.ts';
export type { MelScale } from './audio/filterbank.ts';
export { type Fsdd, type FsddOptions, loadFsdd, type SpokenDigit } from './audio/fsdd.ts';
export { type Frames, MelFrontEnd, type MelOptions } from './audio/mel.ts';
export { type BandStatistics, bandStatistics, centred, standardize } from './audio/normalize.ts';
export {
  loadSpeechCommands,
  type SpeechCommands,
  type SpeechCommandsOptions,
  TEN_WORDS,
} from './audio/speech-commands.ts';
export { readWav, type Sound } from './audio/wav.ts';
export type { BabiSize } from './babi/find.ts';
export { type Babi, type BabiOptions, type BabiTask, loadBabi } from './babi/load.ts';
export { type BabiPart, questionOf, storyOf } from './babi/pack.ts';
export type { LoadedBatch } from './batch.ts';
export type { Decode, WorkerOptions } from './decoding.ts';
export { loadDigits } from './digits.ts';
export { type Digits, parseDigitsCsv } from './digits-csv.ts';
export {
  type BrowserDownloadOptions,
  browserDownload,
  type DownloadEntry,
  type DownloadedFile,
  downloaded,
  type Fetcher,
} from './download.ts';
export { downloads } from './downloads.ts';
export { type AedatOptions, type Camera, readAedat } from './events/aedat.ts';
export { type Binned, type BinOptions, binEvents } from './events/bins.ts';
export type { Events } from './events/events.ts';
export { loadNmnist, type Nmnist, readNmnist } from './events/nmnist.ts';
export {
  binTrain,
  type Heidelberg,
  type HeidelbergSet,
  loadHeidelberg,
  type SpikeTrains,
  type TrainBinOptions,
} from './events/shd.ts';
export {
  type ByteRange,
  directoryFiles,
  each,
  type Files,
  fileListFiles,
  memoryFiles,
  walk,
  within,
} from './files.ts';
export { gunzip, gunzipText } from './gunzip.ts';
export { type ImageLoaderOptions, imageLoader, permutation } from './image-loader.ts';
export type { LabelledImages } from './images.ts';
export { type LevelCrossingOptions, levelCrossing } from './level-crossing.ts';
export { type BatchesOptions, DataLoader, type DataLoaderOptions, epochOrder } from './loader.ts';
export { type GreyImages, loadMnist, type Mnist, type MnistOptions } from './mnist.ts';
export type { Recordings } from './recordings.ts';
export { BitRows, type Sample, type SampleForm } from './sample.ts';
export { serveSamples } from './serve.ts';
export { type SplitOptions, split } from './split.ts';
export { type CharacterText, charactersOf, loadText, type TextLoaderOptions, textLoader } from './text.ts';
export {
  loadUcr,
  type SeriesLoaderOptions,
  type SeriesPart,
  type SeriesSet,
  type SeriesStatistics,
  seriesLoader,
  seriesStatistics,
} from './ucr.ts';
export { parseTs, type TsFile } from './ucr-file.ts';
export { type StartedWorker, startWorker, type WorkerCode, type WorkerEvents } from './worker.ts';
