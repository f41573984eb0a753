// Every suite of the webgpu device in one module, so that a runtime makes one device and compiles
// each shader once. Sends what comes of each check home at once.

import { setDevice } from "../../src/device/current";
import { webgpuDevice } from "../../src/device/webgpu/device";
import { type Fixture, parse } from "../fixtures/fixture";
import type { Told } from "./group";
import { groups } from "./groups";
import type { Home } from "./runners";

/** A message home. */
export interface Message {
  readonly group: string;
  readonly told: readonly Told[];
}

/** What is known at the end. */
export interface Summary {
  readonly adapter: string;
  /** How long each group took. */
  readonly seconds: Readonly<Record<string, number>>;
}

export default async function run({ base }: Home): Promise<Summary> {
  const device = await webgpuDevice();
  const post = (message: Message) =>
    fetch(`${base}told`, { method: "POST", body: JSON.stringify(message) });
  const fixture = async (name: string): Promise<Fixture | null> => {
    const response = await fetch(`${base}fixtures/${name}.json`);
    const text = await response.text();
    return response.ok ? parse(text) : null;
  };
  const titles: string[] = await (await fetch(`${base}groups.json`)).json();
  const seconds: Record<string, number> = {};
  for (const group of groups.filter(({ title }) => titles.includes(title))) {
    const start = performance.now();
    setDevice(device);
    await group.run({
      ...{ device, fixture },
      tell: async (told) => void (await post({ group: group.title, told })),
    });
    seconds[group.title] = (performance.now() - start) / 1000;
  }
  device.dispose();
  return { adapter: device.info.adapter ?? "", seconds };
}
