// The part of `npm run bench:peers -- --runtime chromium` that runs in the page. Its lines are the
// page's console; rows are handed over one contest at a time, so that none is lost with the page.

import type { Result } from "../results";
import { type SessionOptions, session } from "./session";

declare const keepRows: (rows: readonly Result[]) => Promise<void>;

export default (options: SessionOptions) =>
  session(options, {
    more: {},
    say: (text) => console.log(text),
    keep: (rows) => void keepRows(rows),
    show: () => {},
    stopped: () => false,
  });
