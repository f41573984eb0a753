// The worker of the fixtures' page: runs the program with the options that it is sent.

import { run } from "./app";

addEventListener("message", async ({ data }) => {
  try {
    postMessage(await run(data));
  } catch (error) {
    postMessage({ error: String(error) });
  }
});
