// Group: faults as a user of the library meets them: init() on this runtime's own WebGPU, tensors
// of devices that were lost, absurd sizes, and that init() works again after each.

import { DeviceError, MemoryError } from "../../src/core/errors";
import { device } from "../../src/device/current";
import { init } from "../../src/device/init";
import type { WebGPUDevice } from "../../src/device/webgpu/device";
import { grad } from "../../src/grad/index";
import { add, matmul, square, sum } from "../../src/ops/index";
import { compile } from "../../src/program/compile";
import { tensor } from "../../src/tensor/create";
import { zeros } from "../../src/tensor/fill";
import { scope } from "../../src/tensor/scope";
import type { Tensor } from "../../src/tensor/tensor";
import { errorOf, type Story, same, storyGroup } from "./group";

const initWebGPU = async () => (await init({ device: "webgpu" })) as WebGPUDevice;

/** Each call must throw or reject with a DeviceError that says how to go on. */
async function refused(calls: Readonly<Record<string, () => unknown>>): Promise<void> {
  for (const [name, call] of Object.entries(calls)) {
    const e = await errorOf(call);
    same([e instanceof DeviceError, e.message.endsWith(" Call init() again.")], [true, true], name);
  }
}

const stories: Record<string, Story> = {
  "a lost device: every call says so, init() works again, host copies upload": async () => {
    const first = await initWebGPU();
    const [a, b] = [tensor([1, 2, 3]), tensor([4, 5, 6])];
    const step = compile((x: Tensor) => square(x));
    step(a).dispose();
    const copy = await a.data();
    const reading = errorOf(() => b.data());
    first.gpu.destroy();
    same((await reading) instanceof DeviceError, true, "a reading under way");
    same((await first.lost).startsWith("the webgpu device was lost: "), true, "lost");
    await refused({
      data: () => a.data(),
      add: () => add(a, b),
      grad: () => grad((x: Tensor) => sum(square(x)))(a),
      compiled: () => step(a),
      tensor: () => tensor([1]),
      scope: () => scope(() => add(a, b)),
      "after the others": () => b.item().catch(() => a.data()),
    });
    for (const t of [a, b]) t.dispose(); // says nothing: their memory is gone
    step.dispose();

    const second = await initWebGPU();
    same([second === first, device() === second], [false, true], "devices");
    const again = tensor(copy, [3]);
    const doubled = add(again, again);
    same(Array.from(await doubled.data()), [2, 4, 6], "after init()");
    for (const t of [again, doubled]) t.dispose();
    same(second.memory().tensors, 0, "tensors of the new device");
    second.dispose();
  },

  "a tensor of a lost device among those of the next one is refused": async () => {
    const first = await initWebGPU();
    const old = tensor([1, 2]);
    first.gpu.destroy();
    await first.lost;
    const second = await initWebGPU();
    const fresh = tensor([3, 4]);
    for (const mix of [() => add(old, fresh), () => add(fresh, old)]) {
      same((await errorOf(mix)) instanceof DeviceError, true, "a mix");
    }
    same(Array.from(await fresh.data()), [3, 4], "the device goes on");
    fresh.dispose();
    second.dispose();
  },

  "init twice: both devices work, each with its own tensors": async () => {
    const first = await initWebGPU();
    const a = tensor([1, 2]);
    const second = await initWebGPU();
    const b = tensor([10, 20]);
    const [aa, bb] = [add(a, a), add(b, b)];
    same(
      [Array.from(await aa.data()), Array.from(await bb.data())],
      [
        [2, 4],
        [20, 40],
      ],
      "sums",
    );
    same((await errorOf(() => add(a, b))) instanceof DeviceError, true, "a mix");
    first.dispose();
    same(Array.from(await b.data()), [10, 20], "the second after the first is gone");
    for (const t of [a, b, aa, bb]) t.dispose();
    second.dispose();
  },

  "init twice at once": async () => {
    const both = await Promise.all([initWebGPU(), initWebGPU()]);
    same(both[0] === both[1], false, "one device");
    const x = tensor([7]);
    same(await x.item(), 7, "value");
    x.dispose();
    for (const made of both) made.dispose();
  },

  "absurd sizes are refused before anything changes": async (shared) => {
    const x = tensor([1, 2]);
    const before = shared.memory();
    const { maxBufferSize, maxStorageBufferBindingSize } = shared.gpu.limits;
    const most = Math.min(maxBufferSize, maxStorageBufferBindingSize) / 4;
    // 4.9e9 elements, which no tensor has; and just more than this adapter binds.
    for (const n of [70_000, Math.ceil(Math.sqrt(most)) + 1]) {
      const e = await errorOf(() => scope(() => matmul(zeros([n, 1]), zeros([1, n]))));
      same(e instanceof MemoryError, true, `kind of ${e}`);
    }
    same(
      [shared.memory().tensors, shared.memory().bytes],
      [before.tensors, before.bytes],
      "memory",
    );
    same(Array.from(await x.data()), [1, 2], "the device goes on");
    x.dispose();
  },

  "memory that runs out: an error, and init() works again": async () => {
    const own = await initWebGPU();
    const kept: Tensor[] = [];
    const create = own.gpu.createBuffer.bind(own.gpu);
    let left = 8;
    // A driver that has room for eight more: what it refuses is an out-of-memory error.
    own.gpu.createBuffer = (descriptor) => {
      const full = descriptor.size >= 1 << 20 && --left < 0;
      return create(full ? { ...descriptor, size: 2 ** 52 } : descriptor);
    };
    const fill = async () => {
      for (let i = 0; i < 20; i++) kept.push(tensor(new Float32Array(1 << 18)));
      await kept[0].data();
    };
    const e = await errorOf(fill);
    if (!(e instanceof MemoryError) && !(e instanceof DeviceError)) throw e;
    if (!e.message.endsWith(" init() again.")) throw e;
    for (const t of kept) t.dispose();
    const next = await initWebGPU();
    const y = tensor([5]);
    same(await y.item(), 5, "after init()");
    y.dispose();
    next.dispose();
  },

  "no adapter: webgpu by name is refused, auto takes wasm and says why": async () => {
    const gpu = { requestAdapter: async () => null } as unknown as GPU;
    const before = device();
    const e = await errorOf(() => init({ device: "webgpu", gpu }));
    same([e instanceof DeviceError, device() === before], [true, true], `${e}`);
    same(
      e.message,
      "init: no WebGPU adapter here (requestAdapter() gave null). " +
        'Use init({ device: "wasm" }).',
      "text",
    );
    const wasm = await init({ gpu });
    same([wasm.name, wasm.info.reason.includes("no WebGPU adapter")], ["wasm", true], "auto");
    wasm.dispose();
  },

  "an adapter that gives no device is refused with its reason": async () => {
    const gpu = {
      requestAdapter: async () => ({
        info: { vendor: "", architecture: "", device: "", description: "worn out" },
        ...{ limits: {}, features: new Set() },
        requestDevice: () => Promise.reject(new Error("no device left")),
      }),
    } as unknown as GPU;
    const e = await errorOf(() => init({ device: "webgpu", gpu }));
    same(
      e.message,
      "init: the WebGPU adapter gave no device: worn out: no device left. " +
        'Use init({ device: "wasm" }).',
      "text",
    );
  },

  "a software adapter is taken only by name": async () => {
    const auto = await init();
    const named = await initWebGPU();
    const software = named.choosing.software;
    same([auto.name, named.name], [software ? "wasm" : "webgpu", "webgpu"], "devices");
    if (software) same(auto.info.reason.includes("computes on the CPU"), true, auto.info.reason);
    auto.dispose();
    named.dispose();
  },
};

export const recoveryGroup = storyGroup("recovery", stories);
