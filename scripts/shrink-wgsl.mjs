/**
 * WGSL without comments, indentation, empty lines and spaces around signs. The marks of regions, `// <name>` and `// </name>` alone on their
 * line, stay: the assembler finds regions by them. WGSL has no strings, so `//` starts a comment wherever it stands.
 * Block comments can nest and are rare: a file that has one stays as it is.
 * @param {string} wgsl
 * @returns {string}
 */
export function shrink(wgsl) {
  if (wgsl.includes('/*')) return wgsl;
  const lines = wgsl.split('\n').map((line) => {
    const text = line.trim();
    if (/^\/\/ <\/?[\w-]+>$/.test(text)) return text;
    const code = text.replace(/\s*\/\/.*$/, '');
    // a constant is found by its spaces; two minus signs must not meet
    return /^const /.test(code) ? code : code.replace(/ ?([=+*/<>(){},:;&|!?%]|(?<!- *)-(?! *-)) ?/g, '$1');
  });
  return `${lines.filter((line) => line !== '').join('\n')}\n`;
}
