// Learns to learn sine curves by second-order MAML, with no permission at all: WebAssembly needs
// none. deno run examples/deno/sines.ts, after npm run build; with WebGPU: --unstable-webgpu.

import {
  compile,
  data,
  dispose,
  init,
  key,
  meta,
  mse,
  nn,
  optim,
  relu,
  type Tree,
} from "hypergrad";

const { info } = await init();
console.log(info.reason);

const net = nn.sequential(
  nn.linear(1, 40, { gain: 1 }),
  relu,
  nn.linear(40, 40),
  relu,
  nn.linear(40, 1),
);
const learner = meta.maml({
  loss: (params: Tree, { x, y }: data.Examples) => mse(net.apply(params as never, x), y),
  inner: meta.inner.sgd({ lr: 0.01 }),
  steps: 1,
  order: 2,
  outer: optim.adam({ lr: 2e-3 }),
});
const step = compile((state: Tree, tasks: Tree) => {
  const next = learner.step(state as never, tasks as never);
  return { state: next.state, value: next.value };
});

const draw = data.sinusoids({ key: 0 });
let state = learner.init(net.init(key(0)));
let sum = 0;
for (let i = 0; i < 600; i++) {
  const tasks = Array.from({ length: 10 }, (_, j) => data.taskTensors(draw(10 * i + j)));
  const next = step(state, tasks as never);
  dispose({ state, tasks } as never);
  state = next.state as typeof state;
  sum += await next.value.item();
  next.value.dispose();
  if (i % 200 === 199) {
    console.log(`steps ${i - 198} to ${i + 1}: loss ${(sum / 200).toFixed(3)}`);
    sum = 0;
  }
}
