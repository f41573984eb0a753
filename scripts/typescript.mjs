// Lets Node run TypeScript as it stands, in the one process that gets Ctrl-C: for `node --import`.
// Without tsconfig.json's paths, so that "hypergrad" is the built package, as it is for users.

import "./driver.mjs";
import { register } from "tsx/esm/api";

register({ tsconfig: false });
