// The two kinds of assets that the build embeds: WASM as bytes, WGSL as text.

declare module "*.wasm" {
  const bytes: Uint8Array<ArrayBuffer>;
  export default bytes;
}

declare module "*.wgsl" {
  const source: string;
  export default source;
}
