// The part of `npm run bench:peers -- --runtime chromium` that runs in the page. Its lines are the
// page's console; what the default export resolves to is what is kept.

import { type SessionOptions, session } from "./session";

export default (options: SessionOptions) =>
  session(options, {
    more: {},
    say: (text) => console.log(text),
    show: () => {},
    stopped: () => false,
  });
