// The device on which new tensors are made. Ops run on the device of their inputs.

import { DeviceError } from "../core/errors";
import type { Device } from "./device";

let current: Device | null = null;

/** The device that the last `init` made. Throws a DeviceError before the first. */
export function device(): Device {
  if (current === null) {
    throw new DeviceError("device: none chosen yet. Call `await init()` once at the start.");
  }
  return current;
}

export function setDevice(next: Device): void {
  current = next;
}
