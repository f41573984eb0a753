// Node's own modules, where there is Node (Deno has them too), by names that no bundler sees.

/** Whether this runtime has Node's modules. */
export const inNode = (): boolean =>
  typeof process === "object" && process.versions?.node !== undefined;

/** A module of Node's, such as `builtin<typeof import("node:os")>("node:os")`. */
export function builtin<T>(name: string): Promise<T> {
  return import(/* @vite-ignore */ /* webpackIgnore: true */ name);
}
