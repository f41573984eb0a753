// npm run pack:gpu: one archive that runs the self-test and the bench on another machine, without a
// network: the built library, the bench in one file, this Node and the `webgpu` package.

import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundle } from "../bench/runtimes.ts";

/** Most bytes of the archive. */
const MOST = 60 * 2 ** 20;
const NAME = "hypergrad-gpu";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = join(root, "build", NAME);
const archive = `${folder}.tar.gz`;

const SELF_TEST = `// Runs every WebGPU kernel against the reference, each way it may be chosen.
import { create, globals } from "webgpu";
import { init } from "./dist/index.js";

Object.assign(globalThis, globals);
const gpu = create([]);
try {
  const device = await init({ device: "webgpu", gpu, selfTest: true });
  console.log(\`self-test: every kernel is right; \${device.info.reason}\`);
  process.exit(0);
} catch (error) {
  console.error(\`self-test: \${error.message}\`);
  process.exit(1);
}
`;

const RUN = `#!/bin/sh
# The self-test, then the bench on the GPU here; figures go to results.json beside this file.
# Options of the bench may follow: ./run.sh --quick, ./run.sh --only 'matmul', ./run.sh --help
cd "$(dirname "$0")" || exit 1
export XDG_RUNTIME_DIR="\${XDG_RUNTIME_DIR:-/tmp}"
# The Vulkan loader of the packing machine, where there is none.
if ! { ldconfig -p || /sbin/ldconfig -p; } 2>/dev/null | grep -q libvulkan.so.1; then
  export LD_LIBRARY_PATH="$PWD/lib\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
fi
./node selftest.mjs
wrong=$?
./node bench.mjs --device webgpu --json results.json "$@" || wrong=1
exit $wrong
`;

const README = `# hypergrad on this machine's GPU

\`./run.sh\` runs the self-test of every kernel and the bench, and writes results.json, without a
network or an installation. It needs a Vulkan driver. If none is found, name its file:

    VK_DRIVER_FILES=/usr/share/vulkan/icd.d/nvidia_icd.json ./run.sh

lib/libvulkan.so.1, used where there is none, is the Vulkan loader (Apache License 2.0).

\`./run.sh --quick\` takes two minutes; \`./run.sh --help\` lists the options.
`;

/** The Vulkan loader here, or null. */
function vulkanLoader() {
  const { stdout } = spawnSync("sh", ["-c", "ldconfig -p || /sbin/ldconfig -p"]);
  const found = /libvulkan\.so\.1 \(.*x86-64.*\) => (\S+)/.exec(String(stdout));
  return found === null ? null : found[1];
}

rmSync(folder, { recursive: true, force: true });
mkdirSync(join(folder, "lib"), { recursive: true });
const put = (from, to) => cpSync(from, join(folder, to), { recursive: true, dereference: true });

put(process.execPath, "node");
put(join(root, "dist", "index.js"), "dist/index.js");
put(join(root, "LICENSE"), "LICENSE");
const loader = vulkanLoader();
if (loader !== null) put(loader, "lib/libvulkan.so.1");

const dawn = dirname(createRequire(import.meta.url).resolve("webgpu"));
const native = join("dist", `${process.platform}-${process.arch}`);
if (!existsSync(join(dawn, native))) {
  throw new Error(`pack: the webgpu package has no ${native}: pack on a machine it is made for`);
}
for (const part of ["package.json", "index.js", "LICENSE.md", native]) {
  put(join(dawn, part), join("node_modules", "webgpu", part));
}

const bench = await bundle("main.ts", "script");
put(bench, "bench.mjs");
rmSync(dirname(bench), { recursive: true });
for (const [name, text, mode] of [
  ["selftest.mjs", SELF_TEST, 0o644],
  ["run.sh", RUN, 0o755],
  ["README.md", README, 0o644],
  ["package.json", '{ "type": "module", "private": true }\n', 0o644],
]) {
  writeFileSync(join(folder, name), text, { mode });
}

const { status, stderr } = spawnSync("tar", ["-C", folder, "-czf", archive, "."], {
  encoding: "utf8",
  env: { ...process.env, GZIP: "-9" },
});
if (status !== 0) throw new Error(`pack: tar: ${stderr}`);
rmSync(folder, { recursive: true });
const { size } = statSync(archive);
const mebibytes = (size / 2 ** 20).toFixed(1);
if (size > MOST) throw new Error(`pack: ${archive} has ${mebibytes} MiB, at most ${MOST >> 20}`);
console.log(
  `build/${NAME}.tar.gz: ${mebibytes} MiB; to run it: tar xzf ${NAME}.tar.gz && ./run.sh`,
);
