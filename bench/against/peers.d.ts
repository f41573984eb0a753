// The peers live in bench/peers, which the main install leaves out: to the type checker they are
// modules of unknown content.

declare module "@tensorflow/tfjs-core";
declare module "@tensorflow/tfjs-core/dist/register_all_gradients";
declare module "@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops";
declare module "@tensorflow/tfjs-backend-cpu";
declare module "@tensorflow/tfjs-backend-wasm";
declare module "@tensorflow/tfjs-backend-webgpu";
declare module "@jax-js/jax";
declare module "onnxruntime-web/wasm";
