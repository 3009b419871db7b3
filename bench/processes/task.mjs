/** The task of this process, sent by the benchmark that started it. */
export function receiveTask() {
  return new Promise((resolve) => process.once('message', resolve))
}

/** Resolves when the benchmark needs this process no more. */
export function dismissed() {
  return new Promise((resolve) => process.once('disconnect', resolve))
}
