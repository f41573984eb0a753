// Group: another engine's float64 values on the webgpu device, eager and compiled. Nothing is told
// of a file that is not there.

import { compiled, eager } from "../fixtures/checks";
import { models } from "../fixtures/models";
import { type Group, textOf } from "./group";

export const fixtureGroup: Group = {
  title: "fixtures",
  names: Object.keys(models).flatMap((name) => [`${name}, eager`, `${name}, compiled`]),
  async run({ device, tell, fixture }) {
    for (const [name, model] of Object.entries(models)) {
      const file = await fixture(name);
      if (file === null) continue;
      for (const [kind, check] of Object.entries({ eager, compiled })) {
        const text = await textOf(() => check(device, file, model));
        await tell([{ name: `${name}, ${kind}`, text }]);
      }
    }
  },
};
