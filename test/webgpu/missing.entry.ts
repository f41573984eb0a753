// Asks for webgpu where the runtime has none, and hands back what it was told.

import { init } from "../../src/device/init";

export interface Missing {
  /** The error of asking by name. */
  readonly error: string;
  /** What auto took instead, and why. */
  readonly auto: string;
  readonly reason: string;
}

export default async function run(): Promise<Missing> {
  const error = await init({ device: "webgpu" }).then(
    () => "",
    (e: Error) => `${e.name}: ${e.message}`,
  );
  const auto = await init();
  return { error, auto: auto.name, reason: auto.info.reason };
}
