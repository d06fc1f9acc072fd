import type { DownloadEntry } from './download.ts';

/**
 * Files as their publishers offer them. A data set without a published SHA-256 is not in this table; it is read from a
 * folder.
 */
export const downloads = {
  /**
   * LeCun, Cortes & Burges. Their own server no longer gives the files away; this is TensorFlow's mirror. The sums are those of
   * TensorFlow Datasets.
   */
  mnist: entries('https://storage.googleapis.com/cvdf-datasets/mnist/', [
    ['train-images-idx3-ubyte.gz', 9912422, '440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609'],
    ['train-labels-idx1-ubyte.gz', 28881, '3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c'],
    ['t10k-images-idx3-ubyte.gz', 1648877, '8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6'],
    ['t10k-labels-idx1-ubyte.gz', 4542, 'f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6'],
  ]),
  /** Xiao, Rasul & Vollgraf 2017: the publisher's repository. */
  'fashion-mnist': entries('https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/', [
    ['train-images-idx3-ubyte.gz', 26421880, '3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84'],
    ['train-labels-idx1-ubyte.gz', undefined, 'a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845'],
    ['t10k-images-idx3-ubyte.gz', 4422102, '346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073'],
    ['t10k-labels-idx1-ubyte.gz', 5148, '67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5'],
  ]),
  /** The part of Shakespeare's works that char-rnn (Karpathy 2015) made known: its repository. */
  text: [
    {
      url: 'https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt',
      name: 'tinyshakespeare.txt',
      bytes: 1115394,
      sha256: '86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed',
    },
  ],
  /** Warden 2018, first version; the sum is torchaudio's. */
  'speech-commands-v0.01': entries('https://storage.googleapis.com/download.tensorflow.org/data/', [
    ['speech_commands_v0.01.tar.gz', undefined, '743935421bb51cccdb6bdd152e04c5c70274e935c82119ad7faeec31780d811d'],
  ]),
  /** Warden 2018, second version; the sum is torchaudio's. */
  'speech-commands-v0.02': entries('https://storage.googleapis.com/download.tensorflow.org/data/', [
    ['speech_commands_v0.02.tar.gz', 2428923189, 'af14739ee7dc311471de98f5f9d2c9191b18aedfe957f4a6ff791c709868ff58'],
  ]),
} as const satisfies Record<string, readonly DownloadEntry[]>;

function entries(
  folder: string,
  files: readonly (readonly [name: string, bytes: number | undefined, sha256: string])[],
): readonly DownloadEntry[] {
  return files.map(([name, bytes, sha256]) => ({
    url: `${folder}${name}`,
    name,
    sha256,
    ...(bytes === undefined ? {} : { bytes }),
  }));
}
