/** A module, bundled with all that it imports, as text: for a blob or a data URL from which a worker is started. */
declare module 'worker:*' {
  const text: string;
  export default text;
}
