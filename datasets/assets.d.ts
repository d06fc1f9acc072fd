// The bundler turns these files into their bytes.
declare module '*.gz' {
  const bytes: Uint8Array;
  export default bytes;
}
