// What a second-order conv gradient costs beside what its count of flops predicts: the time of the
// program over that of one forward pass, over the same ratio of flops, interleaved in one process.
// Prints a table; the target is 1.5 at most.
// npm run bench:order -- [runs]

import type { Tensor } from "hypergrad";
import { compile, conv2d, dispose, grad, init, key, mul, normal, square, sum } from "hypergrad";

const runs = Number(process.argv[2] ?? 40);

/** Images, side, channels in and out, stride; kernels are 3 x 3, padding 1. */
const SHAPES = [
  [5, 16, 32, 32, 1],
  [5, 28, 32, 32, 1],
  [1, 84, 32, 32, 1],
  [5, 28, 1, 32, 1],
  [75, 28, 1, 32, 1],
  [5, 14, 32, 32, 2],
  [75, 14, 32, 32, 2],
  [5, 7, 64, 64, 1],
] as const;

await init({ device: "wasm" });
console.log(`3x3 conv, gradient of <gradient by w of sum y^2, v> by x and w; best of ${runs} runs`);
console.log("images side in out stride  forward ms  second ms   flops    time  time / flops");
for (const [n, side, c, oc, stride] of SHAPES) {
  const x = normal(key(0), [n, side, side, c]);
  const w = normal(key(1), [3, 3, c, oc]);
  const v = normal(key(2), [3, 3, c, oc]);
  const conv = (image: Tensor, kernel: Tensor) => conv2d(image, kernel, { stride, padding: 1 });
  const first = (image: Tensor) => grad((kernel: Tensor) => sum(square(conv(image, kernel))));
  const forward = compile(conv);
  const second = compile((image: Tensor, kernel: Tensor, along: Tensor) =>
    grad((at: { x: Tensor; w: Tensor }) => sum(mul(first(at.x)(at.w), along)))({
      x: image,
      w: kernel,
    }),
  );
  const calls = [() => dispose(forward(x, w)), () => dispose(second(x, w, v))];
  const best = calls.map(() => Number.POSITIVE_INFINITY);
  for (let run = -3; run < runs; run++) {
    for (const [i, call] of calls.entries()) {
      const start = performance.now();
      call();
      if (run >= 0) best[i] = Math.min(best[i], performance.now() - start);
    }
  }
  const flops = second.stats().flops / forward.stats().flops;
  const time = best[1] / best[0];
  const shape = [n, side, c, oc, stride].map((k) => String(k).padStart(5)).join("");
  const ms = best.map((t) => t.toFixed(3).padStart(11)).join("");
  const ratios = [flops, time].map((k) => `${k.toFixed(2)} x`.padStart(8)).join("");
  console.log(`${shape} ${ms}${ratios} ${(time / flops).toFixed(2).padStart(10)}`);
  for (const step of [forward, second]) step.dispose();
  dispose([x, w, v]);
}
