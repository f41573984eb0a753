import { test } from "vitest";
import { setDevice } from "../src/device/current";
import { wasmDevice } from "../src/device/wasm/device";
import { inner, unroll, type Task } from "../src/meta/index";
import { stream } from "../src/core/random";
import { add, matmul, mse, relu, stack } from "../src/ops/index";
import { compile } from "../src/program/compile";
import { tensor } from "../src/tensor/create";
import { dispose, scope } from "../src/tensor/scope";
import type { Tensor } from "../src/tensor/tensor";
type P = Tensor[]; type B = { x: Tensor; y: Tensor };
test("bench", async () => {
  const d = await wasmDevice(); setDevice(d);
  console.log(d.info);
  const r = stream(1);
  const sizes = [1, 40, 40, 1];
  const params: P = sizes.slice(1).flatMap((n, i) => [tensor(Array.from({ length: sizes[i] * n }, () => r.normal() * Math.sqrt(2 / sizes[i])), [sizes[i], n]), tensor(Array.from({ length: n }, () => 0.1 * r.normal()))]);
  const pts = () => ({ x: tensor(Array.from({ length: 10 }, () => 10 * r.uniform() - 5), [10, 1]), y: tensor(Array.from({ length: 10 }, () => r.normal()), [10, 1]) });
  const tasks: Task<B>[] = Array.from({ length: 25 }, () => ({ support: pts(), query: pts() }));
  const loss = (p: P, { x, y }: B) => { let h = x; for (let i = 0; i < 3; i++) { h = add(matmul(h, p[2 * i]), p[2 * i + 1]); if (i < 2) h = relu(h); } return mse(h, y); };
  const st = (w: "support" | "query") => ({ x: stack(tasks.map((t) => t[w].x)), y: stack(tasks.map((t) => t[w].y)) });
  const all: Task<B> = { support: st("support"), query: st("query") };
  for (const steps of [1, 5]) {
    const mk = (tasks?: "loop" | "batch") => unroll({ loss, inner: inner.sgd({ lr: 0.01 }), steps, order: 2, tasks });
    const run = (w: "loop" | "batch", t: Task<B>[] | Task<B>) => () => { scope(() => { mk(w).metaGrad({ params, meta: {} }, t); }); };
    const cl = compile((p: P, t: Task<B>) => mk("batch").metaGrad({ params: p, meta: {} }, t));
    const cn = compile((p: P, t: Task<B>[]) => mk("loop").metaGrad({ params: p, meta: {} }, t));
    const c1 = () => { scope(() => { cl(params, all); }); };
    const c2 = () => { scope(() => { cn(params, tasks); }); };
    const t0 = performance.now(); c1(); const first = performance.now() - t0;
    const t1 = performance.now(); if (steps === 1) c2(); const firstLoop = performance.now() - t1;
    const cands: Record<string, () => void> = { loop: run("loop", tasks), batch: run("batch", all), compiled: c1, ...(steps === 1 ? { compiledLoop: c2 } : {}) };
    const times: Record<string, number[]> = {};
    for (const k in cands) { times[k] = []; for (let i = 0; i < 15; i++) cands[k](); }
    for (let i = 0; i < 60; i++) for (const k in cands) { const t = performance.now(); cands[k](); times[k].push(performance.now() - t); }
    console.log("steps", steps, "first call ms", first.toFixed(1), firstLoop.toFixed(1));
    for (const k in times) { const a = times[k].sort((x, y) => x - y); console.log(k, "p10", a[6].toFixed(3), "median", a[30].toFixed(3)); }
    console.log(JSON.stringify({ ...cl.stats(), profile: undefined }));
    const prof = (cl.stats() as any).profile; if (prof) console.log(JSON.stringify(prof).slice(0, 3000));
    if (steps === 1) console.log("loop", JSON.stringify(cn.stats()).slice(0, 400));
  }
}, 600000);
