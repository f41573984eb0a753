// All tasks by name. A task is one entry here and one file beside it.

import { cifar, flowers, mnist } from "./images";
import { speech } from "./speech";
import type { Task } from "./task";
import { imdb } from "./text-imdb";
import { news } from "./text-news";
import { trecRnn, trecTransformer } from "./text-trec";
import { titanic } from "./titanic";

export const tasks: readonly Task[] = [
  ...[mnist, cifar, flowers, titanic, speech],
  ...[trecRnn, trecTransformer, news, imdb],
];
