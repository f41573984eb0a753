// The two kinds of assets that the build embeds, both as text: WGSL, and WASM, which tests load as
// the bytes that it is.

declare module "*.wasm" {
  const binary: string | Uint8Array<ArrayBuffer>;
  export default binary;
}

declare module "*.wgsl" {
  const source: string;
  export default source;
}
