// The package's main file does not load in Node; this one does, and its types are those of the package.
declare module 'wgsl_reflect/wgsl_reflect.module.js' {
  export * from 'wgsl_reflect';
}
