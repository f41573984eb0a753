// All tasks by name. A task is one entry here and one file beside it.

import { cifar, flowers, mnist } from "./images";
import type { Task } from "./task";

export const tasks: readonly Task[] = [mnist, cifar, flowers];
