/** The least a pool can be over raw workers: round robin, one map of pending calls. `post(worker, message)` sends. */
export class RawPool {
  #workers;
  #pending = new Map();
  #next = 0;
  #post;

  constructor(workers, post) {
    this.#workers = workers;
    this.#post = post;
    for (const worker of workers) {
      worker.on("message", ({ id, result }) => {
        const settle = this.#pending.get(id);
        this.#pending.delete(id);
        settle(result);
      });
    }
  }

  run(task, value, { isChunk = false, transfer = [] } = {}) {
    const id = this.#next++;
    const { promise, settle } = deferred();
    this.#pending.set(id, settle);
    this.#post(this.#workers[id % this.#workers.length], { id, task, value, isChunk }, transfer);
    return promise;
  }

  async mapByHand(task, values, chunkSize) {
    const chunks = [];
    for (let start = 0; start < values.length; start += chunkSize) chunks.push(values.slice(start, start + chunkSize));
    return (await Promise.all(chunks.map((chunk) => this.run(task, chunk, { isChunk: true })))).flat();
  }
}

function deferred() {
  let settle;
  const promise = new Promise((resolve) => (settle = resolve));
  return { promise, settle };
}
