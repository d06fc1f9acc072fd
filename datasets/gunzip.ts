/**
 * Unpacks gzip and reads the result as UTF-8 text. Works in browsers, workers and Node alike.
 *
 * @param bytes the gzip file
 * @param name what the error message calls the file
 * @throws Error when the bytes are damaged, cut short or no gzip, or the text is no valid UTF-8
 */
export async function gunzipText(bytes: Uint8Array, name: string): Promise<string> {
  // A copy, since a stream part has to lie in an ArrayBuffer that is not shared.
  const unpacked = new Blob([new Uint8Array(bytes)]).stream().pipeThrough(new DecompressionStream('gzip'));
  try {
    const raw = await new Response(unpacked).arrayBuffer();
    return new TextDecoder('utf-8', { fatal: true }).decode(raw);
  } catch (cause) {
    throw new Error(`${name}: expected a whole gzip file of UTF-8 text, got ${bytes.length} bytes that are not`, {
      cause,
    });
  }
}
