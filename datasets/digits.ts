import bytes from './digits.csv.gz';
import { type Digits, parseDigitsCsv } from './digits-csv.ts';
import { gunzipText } from './gunzip.ts';

/** The 1,797 embedded 8x8 digits. Needs no network and no file; where they come from is in datasets/README.md. */
export async function loadDigits(): Promise<Digits> {
  return parseDigitsCsv(await gunzipText(bytes, 'digits.csv.gz'));
}
