import { test } from "vitest";
import { findDevices } from "/work/main/test/devices";
import { batched } from "/work/main/test/suites/batched";
import { leakFree } from "/work/main/test/suites/suite";
import { table } from "/work/main/test/table";

test("all", async () => {
  const { present } = await findDevices((process.env.VMDEV ?? "reference").split(","));
  for (const { name, device } of present) {
    const checks: [string, () => Promise<void>][] = [];
    batched(
      device,
      leakFree(device, (n, c) => {
        checks.push([n, c]);
      }),
      table.filter((r) => r.name.startsWith(process.env.VMROW ?? "")),
    );
    let bad = 0;
    const t = Date.now();
    for (const [n, c] of checks) {
      try {
        await c();
      } catch (e: any) {
        bad++;
        if (bad <= 25)
          console.log(name, n, "::", e.message.slice(0, 300), process.env.VMST ? e.stack : "");
      }
    }
    console.log(name, checks.length, "bad", bad, Date.now() - t, "ms");
  }
}, 600000);
