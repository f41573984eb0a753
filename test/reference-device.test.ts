// The reference device as a device: its accounts of memory, its errors, its end.

import { describe, expect, test } from "vitest";
import { DeviceError, MemoryError } from "../src/core/errors";
import { referenceDevice } from "../src/device/reference/device";

describe("the reference device", () => {
  test("counts what is alive and the peak, not the library's constants", () => {
    const device = referenceDevice();
    const a = device.allocate(10, "float32");
    const b = device.allocate(5, "bool");
    const constant = device.allocate(100, "float32", false);
    expect(device.memory()).toEqual({ tensors: 2, bytes: 60, peakBytes: 60 });
    device.release(a);
    expect(device.memory()).toEqual({ tensors: 1, bytes: 20, peakBytes: 60 });
    device.resetPeak();
    expect(device.memory()).toEqual({ tensors: 1, bytes: 20, peakBytes: 20 });
    device.release(b);
    device.release(constant);
    expect(device.memory()).toEqual({ tensors: 0, bytes: 0, peakBytes: 20 });
  });

  test("absurd sizes are refused and change nothing", () => {
    const device = referenceDevice();
    expect(() => device.allocate(2 ** 31 + 1, "float32")).toThrow(MemoryError);
    expect(() => device.allocate(2 ** 31 + 1, "float32")).toThrow(
      "allocate: too many elements: 2147483649 asked for, at most 2147483648 in one tensor. " +
        "Use smaller tensors.",
    );
    expect(device.memory()).toEqual({ tensors: 0, bytes: 0, peakBytes: 0 });
  });

  test("keeps float64 and reads copies", async () => {
    const device = referenceDevice();
    const a = device.allocate(1, "float32");
    device.write(a, [0.1]);
    const read = await device.read(a);
    expect(read[0]).toBe(0.1);
    read[0] = 3;
    expect((await device.read(a))[0]).toBe(0.1);
  });

  test("refuses memory of others, released memory and data of another length", async () => {
    const [device, other] = [referenceDevice(), referenceDevice()];
    const a = device.allocate(2, "float32");
    await expect(other.read(a)).rejects.toThrow("read: the memory is of another device.");
    expect(() => device.write(a, [1, 2, 3])).toThrow(
      "write: lengths differ: the block has 2 elements, the data 3. Give one number an element.",
    );
    device.release(a);
    expect(() => device.release(a)).toThrow(DeviceError);
    await expect(device.read(a)).rejects.toThrow("read: the memory was released.");
  });

  test("refuses calls that do not fit the signature or share memory", () => {
    const device = referenceDevice();
    const a = device.allocate(4, "float32");
    const b = device.allocate(4, "float32");
    expect(() => device.run("softmax", [a], [b], [2])).toThrow(
      "softmax: takes (x) -> (out) [m n], got 1 inputs, 1 outputs, 1 parameters.",
    );
    expect(() => device.run("softmax", [a], [a], [2, 2])).toThrow("softmax: an output shares");
    device.run("softmax", [a], [b], [2, 2]);
  });

  test("disposed, it is lost, refuses work and lets releases pass", async () => {
    const device = referenceDevice();
    const a = device.allocate(4, "float32");
    device.dispose();
    device.dispose();
    expect(await device.lost).toBe("reference: the device was disposed");
    expect(() => device.allocate(1, "float32")).toThrow(
      "allocate: the reference device was disposed. Call init() again.",
    );
    expect(() => device.write(a, [1, 2, 3, 4])).toThrow(DeviceError);
    expect(() => device.run("fill", [], [a], [4, 1])).toThrow(DeviceError);
    await expect(device.read(a)).rejects.toThrow(DeviceError);
    device.release(a);
    expect(device.memory().bytes).toBe(0);
  });
});
