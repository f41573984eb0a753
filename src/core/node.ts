// Modules that are there or not at run time, by names that no bundler sees: Node's own, where there
// is Node (Deno has them too), and packages that may be installed.

/** Whether this runtime has Node's modules. */
export const inNode = (): boolean =>
  typeof process === "object" && process.versions?.node !== undefined;

/** A module, such as `load<typeof import("node:os")>("node:os")`. */
export function load<T>(name: string): Promise<T> {
  return import(/* @vite-ignore */ /* webpackIgnore: true */ name);
}
