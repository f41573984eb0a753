// Seeds of the tasks that nobody trains on: far from any that a user types.

export const TEST_KEY = 2 ** 40;
export const VALID_KEY = 2 ** 41;
